// Protects what an operator reads when a catalog refuses: what ails it is told apart by status, type and words, whichever
// form an answer has, and the advice fits what was asked and whose catalog it is.
import { expect, it } from 'vitest'
import { diagnosisOf } from '../../../src/iceberg/rest/advice.ts'
import { errorWords } from '../../../src/iceberg/rest/answers.ts'
import type { Asked } from '../../../src/iceberg/rest/asked.ts'
import type { HttpAnswer } from '../../../src/iceberg/rest/http.ts'

const answer = (status: number, body: object, errorType?: string): HttpAnswer => ({
  status,
  json: JSON.parse(JSON.stringify(body)),
  text: JSON.stringify(body),
  ...(errorType !== undefined && { errorType }),
})
const model = (status: number, type: string, message?: string) =>
  answer(status, { error: { code: status, type, message } })
const lakeFormation =
  'Insufficient Lake Formation permission(s): Required Create Database on Catalog'
const invalid = model(400, 'invalid_metadata', 'The specified metadata is not valid')

it.each<[string, Asked, HttpAnswer, service: string | undefined, words: RegExp, advice: RegExp]>([
  [
    "Lake Formation's 400",
    'createNamespace',
    model(400, 'AccessDeniedException', lakeFormation),
    'glue',
    /^Lake Formation denies it$/,
    /CREATE_DATABASE on the catalog/,
  ],
  [
    'a denial without words',
    'loadTable',
    model(403, 'AccessDeniedException'),
    'glue',
    /lack a permission/,
    /glue:GetTable and lakeformation:GetDataAccess; .*Lake Formation/,
  ],
  [
    'a denial in plain text',
    'updateTable',
    { status: 403, json: undefined, text: 'Forbidden' },
    undefined,
    /lack a permission/,
    /^give its user or token there the right$/,
  ],
  [
    "R2's 401",
    'updateTable',
    { status: 401, json: undefined, text: 'Unauthorized' },
    undefined,
    /refuses its credentials/,
    /OTLP2PARQUET_ICEBERG_TOKEN/,
  ],
  [
    'a 401 of AWS',
    'updateTable',
    { status: 401, json: undefined, text: 'Unauthorized' },
    'glue',
    /refuses its credentials/,
    /keys or the role/,
  ],
  [
    'too many new tables',
    'createTable',
    model(429, 'TooManyRequestsException', 'Too many requests'),
    undefined,
    /asked too often/,
    /^wait/,
  ],
  [
    "a namespace of R2's own",
    'createNamespace',
    model(400, 'ReservedNamespace', 'Namespace is reserved for internal use.'),
    undefined,
    /reserved/,
    /OTLP2PARQUET_ICEBERG_NAMESPACE/,
  ],
  [
    'files where a table is to be',
    'createTable',
    model(400, 'InvalidLocation', 'Unexpected files in location, locations have to be empty'),
    undefined,
    /there are files/,
    /OTLP2PARQUET_ICEBERG_TABLE_LOGS/,
  ],
  [
    'a property of a new table that R2 forbids',
    'createTable',
    model(409, 'FailedToSetProperties', "unsupported property: 'write.data.path'"),
    undefined,
    /forbids a table property/,
    /make the table yourself/,
  ],
  [
    'a database that Glue does not know',
    'updateTable',
    model(404, 'EntityNotFoundException', 'Database otel not found.'),
    'glue',
    /no such namespace/,
    /init/,
  ],
  [
    "Glue's quota",
    'createTable',
    answer(400, { message: 'Number of tables' }, 'ResourceNumberLimitExceededException'),
    'glue',
    /quota/,
    /Service Quotas/,
  ],
  [
    'a service quota',
    'createNamespace',
    answer(402, { message: 'no more' }, 'ServiceQuotaExceededException:http://internal/coral/'),
    's3tables',
    /quota/,
    /Service Quotas/,
  ],
  [
    'keys that AWS does not know',
    'getConfig',
    answer(403, { message: 'The security token is invalid.' }, 'UnrecognizedClientException'),
    's3tables',
    /refuses its credentials/,
    /keys or the role/,
  ],
  [
    'metadata that Glue refuses by its size',
    'loadTable',
    model(
      400,
      'BadRequestException',
      'Table metadata file s3://a/b.metadata.json exceeds the maximum allowed size.',
    ),
    'glue',
    /too large/,
    /snapshots/,
  ],
  [
    'too many commits, in words that speak of a limit for metadata',
    'updateTable',
    model(400, 'ThrottlingException', 'Table metadata updates exceed the maximum rate, slow down.'),
    's3tables',
    /^(?!.*too large)/,
    /commit more seldom/,
  ],
  [
    "a warehouse's name at Glue",
    'getConfig',
    model(400, 'InvalidInputException', 'Invalid catalog'),
    'glue',
    /invalid/,
    /ACCOUNT:s3tablescatalog\/BUCKET/,
  ],
  [
    "a warehouse's name elsewhere",
    'getConfig',
    model(400, 'BadRequestException', 'Unable to find warehouse a'),
    undefined,
    /invalid/,
    /OTLP2PARQUET_ICEBERG_WAREHOUSE is what the catalog calls it/,
  ],
  [
    'a namespace that a catalog dislikes',
    'createNamespace',
    model(400, 'BadRequestException', 'Invalid namespace'),
    undefined,
    /invalid/,
    /another namespace/,
  ],
  [
    'a page of whoever else listens there',
    'getConfig',
    { status: 200, json: undefined, text: '<html>' },
    undefined,
    /^the catalog answers something else$/,
    /OTLP2PARQUET_ICEBERG_REST_URI.*proxy/,
  ],
])('%s', (_, asked, given, service, words, advice) => {
  const told = diagnosisOf({ asked }, given, service)
  expect(told.words).toMatch(words)
  expect(told.advice).toMatch(advice)
})

it.each<[string, Asked, number | undefined, string | undefined, boolean]>([
  ['near 50 MB at S3 Tables', 'updateTable', 46e6, 's3tables', true],
  ['far from it', 'updateTable', 40e6, 's3tables', false],
  ['near 20 MB at Glue', 'updateTable', 19e6, 'glue', true],
  ['of unknown size', 'updateTable', undefined, 's3tables', false],
  ['elsewhere', 'updateTable', 99e6, undefined, false],
  ['and another deed', 'createTable', 46e6, 's3tables', false],
])('metadata that is called invalid, %s', (_, asked, metadataSize, service, isTooLarge) => {
  const { words } = diagnosisOf({ asked, metadataSize }, invalid, service)
  expect(words).toBe(
    isTooLarge ? "the table's metadata is too large" : 'the catalog calls the request invalid',
  )
})

it('gives none where nothing is known', () => {
  const told = diagnosisOf({ asked: 'loadTable' }, answer(418, { message: 'a teapot' }), 's3tables')
  expect(told).toEqual({ words: 'the catalog answers 418' })
})

it.each<[Asked, HttpAnswer]>([
  ['updateTable', invalid],
  ['loadTable', model(400, 'bad_request', 'The quota of patience is exceeded')],
  ['createTable', model(400, 'bad_request', 'The specified metadata location is not valid.')],
  ['updateTable', model(409, 'FailedToSetProperties', "unsupported property: 'write.data.path'")],
])('does not take one trouble for another: %s', (asked, given) => {
  expect(diagnosisOf({ asked }, given, 's3tables').advice).toBeUndefined()
})

it.each([
  ['tags', '<h1>Not <b class="a">here</b></h1> <br/>', 'Not here'],
  ['a style and a script', '<STYLE>b{}</style>Not <script>if (a<b) c()</script>here', 'Not here'],
  ['a style that was cut off', 'Not here<style>b{}', 'Not here'],
  ['what is no tag', 'a < b', 'a < b'],
])("a page's words are without %s", (_, text, message) => {
  expect(errorWords({ status: 500, json: undefined, text }).message).toBe(message)
})

// Were the end of each looked for through all that follows, this would take minutes.
it.each(['<', '<style '])(
  'a page of nothing but %j is read at once',
  { timeout: 10_000 },
  (tag) => {
    const text = tag.repeat(100_000)
    for (let i = 0; i < 20; i++) errorWords({ status: 500, json: undefined, text })
  },
)
