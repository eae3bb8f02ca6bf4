// Protects whoever operates it on AWS: each way in which S3 Tables or Glue refuse gives a line of its own in the log, for init
// and for a request alike, with the table, AWS's own words and what to do; and infra/aws.md shows that very line.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { HttpAnswer } from '../../runtimes/lambda/http-answer.ts'
import { startHandler } from '../../runtimes/lambda/start.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { type Hosts, playHosts, type WireAnswer } from '../iceberg/rest/aws/hosts.ts'
import { createTableObjects } from '../iceberg/rest/aws/objects.ts'
import {
  type AwsService,
  account,
  createService,
  credentials,
  errorAnswer,
  frontAnswer,
  glueIn,
  type Refusal,
  type ServiceKind,
  s3TablesIn,
} from '../iceberg/rest/aws/service.ts'
import { FakeTables } from '../iceberg/rest/fake-tables.ts'
import { threeLogs as request } from './function-url-event.ts'

const region = 'eu-central-1'
const s3tables = s3TablesIn(region, 'otlp2parquet-tables')
const glue = glueIn(region, 'otlp2parquet-tables')
const wasm = compileParquetWasm()
/** The log lines that the page shows. */
const shown = readFileSync(join(import.meta.dirname, '../../infra/aws.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{"level"'))

let hosts: Hosts
/** Who answers at the catalog's host now. */
let service: AwsService
beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', credentials.sessionToken ?? '')
  const objects = createTableObjects()
  hosts = await playHosts((request) =>
    request.host.includes('--table-s3.') ? objects(request) : service.answer(request),
  )
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await hosts.close()
})
afterEach(() => {
  hosts.exchanges.length = 0
})

type Line = Readonly<Record<string, unknown>>

/** A function in front of a catalog that refuses, and what of its log an operator would look at. */
const start = async (kind: ServiceKind, refusals: readonly Refusal[], logLevel = 'info') => {
  const bucket = `${crypto.randomUUID()}--table-s3`
  service = createService(kind, new FakeTables({ locationOf: (key) => `s3://${bucket}/${key}` }))
  for (const refusal of refusals) service.refuse(refusal)
  const lines: Line[] = []
  const env = {
    AWS_REGION: region,
    OTLP2PARQUET_AUTH: 'none',
    OTLP2PARQUET_LOG_LEVEL: logLevel,
    OTLP2PARQUET_ICEBERG_REST_URI: `https://${hostOf(kind)}/iceberg`,
    OTLP2PARQUET_ICEBERG_WAREHOUSE: kind.warehouse,
  }
  const write = (line: string): void => {
    const { time: _, ...rest } = JSON.parse(line)
    if (rest.level !== undefined) lines.push(rest)
  }
  const handler = await startHandler({ env, version: '0', wasm, write })
  const started = lines.splice(0)
  const invoke = (event: unknown) =>
    handler(event, { awsRequestId: '…', getRemainingTimeInMillis: () => 60_000 })
  return { started, lines, invoke }
}

const role = `arn:aws:sts::${account}:assumed-role/otlp2parquet-IntakeRole/otlp2parquet-intake`
const denied = (action: string, resource: string) =>
  `User: ${role} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
const denial = 'AccessDeniedException'
const hostOf = ({ signingName }: ServiceKind) => `${signingName}.${region}.amazonaws.com`
const root = (kind: ServiceKind) => `/iceberg/v1/${kind.prefix}/namespaces`
const tableOf = (kind: ServiceKind) => ({
  namespace: 'otel',
  table: 'logs',
  host: hostOf(kind),
  path: `${root(kind)}/otel/tables/logs`,
})

const madeIn = (kind: ServiceKind) => ({
  namespace: 'otel',
  table: 'logs',
  host: hostOf(kind),
  path: `${root(kind)}/otel/tables`,
})

/** What AWS says, and the line about it without its level and the invocation's id. */
interface Case {
  readonly kind?: ServiceKind
  readonly on: RegExp
  readonly answer: WireAnswer
  readonly line: Line & { readonly message: string }
}

type Words = readonly [status: number, type: string, reason: string]

/** The operation itself refuses, or what stands before it at AWS. */
const caseOf = (
  on: RegExp,
  answerOf: (...words: Words) => WireAnswer,
  words: Words,
  line: Line & { readonly message: string; readonly advice: string },
): Case => {
  const [status, type, reason] = words
  return { on, answer: answerOf(...words), line: { ...line, status, type, reason } }
}

const loads = /^GET .*\/tables\/logs\?/
const makesTable = /^POST .*\/namespaces\/otel\/tables$/
const makesNamespace = /^POST .*\/namespaces$/

const uninitialised = caseOf(
  loads,
  errorAnswer,
  [400, 'bad_request', 'The specified metadata location is not valid.'],
  {
    message: 'cannot load a table: the table was never initialised',
    ...tableOf(s3tables),
    advice:
      'it was made without a schema and holds nothing: delete it (aws s3tables delete-table), and it is made again by init or the next request',
  },
)
const noPermission = caseOf(
  loads,
  frontAnswer,
  [
    403,
    denial,
    denied('s3tables:GetTableMetadataLocation', `${s3tables.warehouse}/table/5f1d2c3b`),
  ],
  {
    message: 'cannot load a table: its credentials lack a permission',
    ...tableOf(s3tables),
    advice:
      "allow its role s3tables:GetTableMetadataLocation and s3tables:GetTableData; where it has that, look for an explicit deny, a bucket policy, the key's policy and Lake Formation",
  },
)
const lakeFormation: Case = {
  kind: glue,
  ...caseOf(
    loads,
    errorAnswer,
    [403, denial, 'Insufficient Lake Formation permission(s): Required Describe on logs'],
    {
      message: 'cannot load a table: Lake Formation denies it',
      ...tableOf(glue),
      advice:
        'grant its role DESCRIBE and SELECT on the table in Lake Formation, besides what IAM allows',
    },
  ),
}
const noNamespace = caseOf(
  makesNamespace,
  frontAnswer,
  [403, denial, denied('s3tables:CreateNamespace', s3tables.warehouse)],
  {
    message: 'cannot make a namespace: its credentials lack a permission',
    namespace: 'otel',
    host: hostOf(s3tables),
    path: root(s3tables),
    advice:
      'the namespace is not there: make it, or allow its role s3tables:CreateNamespace until all is made (infra/: CreateTables=true, then init)',
  },
)
const noTable = caseOf(
  makesTable,
  frontAnswer,
  [403, denial, denied('s3tables:CreateTable', s3tables.warehouse)],
  {
    message: 'cannot make a table: its credentials lack a permission',
    ...madeIn(s3tables),
    advice:
      'the table is not there: make it, or allow its role s3tables:CreateTable and s3tables:PutTableData until all is made (infra/: CreateTables=true, then init)',
  },
)
/** Nobody wrote down AWS's words for it; these are like those of its other services. */
const quota = caseOf(
  makesTable,
  errorAnswer,
  [400, 'bad_request', 'You have exceeded the maximum number of tables: 10000'],
  {
    message: 'cannot make a table: a quota is used up',
    ...madeIn(s3tables),
    advice:
      'have AWS raise it (Service Quotas; a table bucket holds 10,000 namespaces and 10,000 tables), or delete what nobody needs',
  },
)
const tooMany = caseOf(loads, frontAnswer, [429, 'TooManyRequestsException', 'Rate exceeded'], {
  message: 'cannot load a table: the catalog is asked too often',
  ...tableOf(s3tables),
  attempt: 6,
  advice: 'send more records in each request, or commit more seldom (OTLP2PARQUET_COMMIT=deferred)',
})
const noBucket = caseOf(
  /^GET .*\/config/,
  errorAnswer,
  [404, 'not_found', 'The specified bucket does not exist.'],
  {
    message: 'cannot read the configuration of the catalog: there is no such table bucket',
    host: hostOf(s3tables),
    path: '/iceberg/v1/config',
    advice:
      'look whether OTLP2PARQUET_ICEBERG_WAREHOUSE has its name, and the region and account it is in',
  },
)
const noName = caseOf(
  /^GET .*\/config/,
  errorAnswer,
  [400, 'bad_request', 'The specified table bucket ARN is not valid.'],
  {
    message: 'cannot read the configuration of the catalog: the catalog calls the request invalid',
    host: hostOf(s3tables),
    path: '/iceberg/v1/config',
    advice:
      'look whether OTLP2PARQUET_ICEBERG_WAREHOUSE is the ARN of the table bucket, letter for letter',
  },
)
const noNamespaceName = caseOf(
  makesNamespace,
  errorAnswer,
  [400, 'bad_request', 'The specified namespace name is not valid.'],
  {
    message: 'cannot make a namespace: the catalog calls the request invalid',
    namespace: 'otel',
    host: hostOf(s3tables),
    path: root(s3tables),
    advice: 'take another namespace (OTLP2PARQUET_ICEBERG_NAMESPACE): its name may not be',
  },
)

const cases: readonly [what: string, refused: Case][] = [
  ['a table that was never initialised', uninitialised],
  ['a missing permission', noPermission],
  ["Lake Formation's denial", lakeFormation],
  ['a namespace that is missing', noNamespace],
  ['a table that is missing', noTable],
  ['a quota', quota],
  ['too many calls', tooMany],
  ['a table bucket that is missing', noBucket],
  ["a table bucket's name that is none", noName],
  ['a namespace that nobody may make', noNamespaceName],
]

/** As it stands in the log: what the page shows. */
const written = ({ message, ...facts }: Case['line']): string => {
  const { namespace, table, status, type, reason, host, path, attempt, advice } = facts
  const ordered = { namespace, table, status, type, reason, host, path, attempt, advice }
  return JSON.stringify({ level: 'error', message, ...ordered, awsRequestId: '…' })
}

describe.each(cases)('%s', (_, { kind = s3tables, on, answer, line }) => {
  const logged = { level: 'error', ...line, awsRequestId: '…' }
  const cause = `${line.message}: ${line.status} ${line.type} ${line.reason}`

  test('is the log line of an init', async () => {
    const { lines, invoke } = await start(kind, [{ on, answer }])
    await expect(invoke({ otlp2parquet: 'init' })).rejects.toThrow(line.message)
    const failed = { level: 'error', message: 'an invocation failed', error: cause }
    expect(lines).toEqual([logged, { ...failed, awsRequestId: '…' }])
    expect(JSON.stringify(lines[0])).toBe(written(line))
  })

  test('is the log line of a request, which is to be sent again', async () => {
    const { lines, invoke } = await start(kind, [{ on, answer }])
    const { statusCode, body } = (await invoke(request)) as HttpAnswer
    expect(statusCode).toBe(503)
    expect(Buffer.from(body, 'base64').toString()).toContain(line.message)
    const failed = { level: 'error', message: 'a request could not be stored', signal: 'logs' }
    expect(lines).toEqual([
      logged,
      { ...failed, kind: 'unavailable', error: cause, awsRequestId: '…' },
    ])
  })

  test('is shown in infra/aws.md', () => {
    expect(shown).toContain(written(line))
  })
})

test('what refuses the configuration is told by the start already, which goes on', async () => {
  const { on, answer, line } = noBucket
  const { started } = await start(s3tables, [{ on, answer }])
  expect(started).toEqual([{ level: 'error', ...line }])
})

describe('a commit', () => {
  const commits = /^POST .*\/tables\/logs$/
  /** What a request gives where the first commits are refused so, and the lines about it. */
  const commit = async (answer: WireAnswer, times = 1) => {
    const { lines, invoke } = await start(s3tables, [{ on: commits, answer, times }], 'debug')
    const { statusCode } = (await invoke(request)) as HttpAnswer
    const told = lines.filter(({ message }) => message !== 'request')
    return { statusCode, told }
  }
  const retried = (level: string, kind: string, reason: string, more = {}) => ({
    level,
    message: `a commit has to be looked at or tried again: ${kind}`,
    ...{ table: 'logs', reason, tries: 0, ...more, awsRequestId: '…' },
  })

  test('of which somebody else was faster is made again', async () => {
    const words = 'Provided version token does not match the table version token.'
    const { statusCode, told } = await commit(errorAnswer(409, 'conflict', words))
    expect(told).toEqual([retried('debug', 'conflict', `409 conflict ${words}`)])
    expect(statusCode).toBe(200)
  })

  test('for which there are too many calls is made again, and the log says what helps', async () => {
    const answer = frontAnswer(429, 'TooManyRequestsException', 'Rate exceeded')
    const { statusCode, told } = await commit(answer)
    const { advice } = tooMany.line
    const line = retried('warn', 'throttled', '429 TooManyRequestsException Rate exceeded', {
      advice,
    })
    expect(told).toEqual([line])
    expect(statusCode).toBe(200)
    expect(shown).toContain(JSON.stringify(line))
  })

  const refused: readonly [what: string, refused: Case][] = [
    [
      'whose metadata would be too large',
      caseOf(
        commits,
        errorAnswer,
        [400, 'bad_request', 'The table metadata exceeds the maximum allowed size of 50 MB'],
        {
          message: "cannot change a table: the table's metadata is too large",
          ...tableOf(s3tables),
          advice:
            'keep its snapshots for a shorter time (infra/: deploy.sh --snapshot-hours 6), and commit more seldom (OTLP2PARQUET_COMMIT=deferred)',
        },
      ),
    ],
    [
      'whose namespace is gone',
      caseOf(commits, errorAnswer, [404, 'not_found', 'The specified namespace does not exist.'], {
        message: 'cannot change a table: there is no such namespace any more',
        ...tableOf(s3tables),
        advice: 'have it made with its tables: by init, or by a start of the program',
      }),
    ],
    [
      'whose table is gone',
      caseOf(commits, errorAnswer, [404, 'not_found', 'The specified table does not exist.'], {
        message: 'cannot change a table: there is no such table any more',
        ...tableOf(s3tables),
        advice: 'make it again, or restart the program to have it made',
      }),
    ],
    [
      'without the permission',
      caseOf(commits, frontAnswer, [403, denial, 'User is not authorized'], {
        message: 'cannot change a table: its credentials lack a permission',
        ...tableOf(s3tables),
        advice:
          "allow its role s3tables:UpdateTableMetadataLocation, s3tables:PutTableData and s3tables:GetTableData; where it has that, look for an explicit deny, a bucket policy, the key's policy and Lake Formation",
      }),
    ],
  ]
  test.each(refused)(
    '%s is refused in a line of its own, and is to be sent again',
    async (_, { answer, line }) => {
      const { statusCode, told } = await commit(answer, 9)
      expect(statusCode).toBe(503)
      const said = { level: 'error', ...line, awsRequestId: '…' }
      const again = expect.objectContaining({
        level: 'warn',
        message: 'a request is made into files again',
      })
      expect(told).toEqual([
        said,
        // Another table may have its name by then.
        ...(answer.status === 404 ? [again, said] : []),
        expect.objectContaining({ level: 'error', message: 'a request could not be stored' }),
      ])
    },
  )

  test('that is too large is shown in infra/aws.md', () => {
    const [[, tooLarge] = []] = refused
    expect(shown).toContain(tooLarge && written(tooLarge.line))
  })
})
