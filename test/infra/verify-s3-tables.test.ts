// Protects what infra/verify-live.sh asks S3 Tables by itself: signed as AWS's own signer signs, paths with `%` too; it sees what
// it is to see, and what is wrong is no success.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { questions } from '../../infra/verify/s3-tables.ts'
import { type Hosts, playHosts } from '../iceberg/rest/aws/hosts.ts'
import { createTableObjects } from '../iceberg/rest/aws/objects.ts'
import {
  type AwsService,
  createService,
  credentials,
  errorAnswer,
  s3TablesIn,
} from '../iceberg/rest/aws/service.ts'
import { FakeTables } from '../iceberg/rest/fake-tables.ts'

const region = 'eu-central-1'
const s3tables = s3TablesIn(region, 'verify-tables')
const trial = { arn: s3tables.warehouse, namespace: 'otel', credentials }
const ask = (name: string) => questions[name]?.(trial)

let service: AwsService
let hosts: Hosts
beforeEach(async () => {
  const tables = new FakeTables({ locationOf: () => 's3://trial--table-s3' })
  service = createService(s3tables, tables)
  tables.createNamespace('{"namespace":["otel"]}')
  const schema = {
    type: 'struct',
    fields: [{ id: 1, name: 'body', required: false, type: 'string' }],
  }
  const creation = {
    name: 'logs',
    schema,
    'partition-spec': { fields: [] },
    'write-order': { 'order-id': 0, fields: [] },
    properties: {},
  }
  tables.createTable('otel', JSON.stringify(creation))
  const objects = createTableObjects()
  hosts = await playHosts((request) =>
    request.host.includes('--table-s3.') ? objects(request) : service.answer(request),
  )
})
afterEach(() => hosts.close())

test('the configuration, whose prefix is the encoded ARN', async () => {
  expect(await ask('config')).toContain(`"prefix":"${encodeURIComponent(trial.arn)}"`)
})

test('a commit on a parent that is not there is a conflict, and changes nothing', async () => {
  const before = service.tables.tables.get('otel/logs')
  expect(await ask('stale')).toBe('409')
  expect(service.tables.tables.get('otel/logs')).toBe(before)
})

test('a column is added, once', async () => {
  expect(await ask('column')).toBe('added')
  const { schemas } = service.tables.tables.get('otel/logs') ?? { schemas: [] }
  expect(schemas.at(-1)?.fields.map(({ name }) => name)).toEqual(['body', 'verify'])
})

test('a column that is refused is told with what AWS says', async () => {
  const answer = errorAnswer(400, 'invalid_metadata', 'The specified metadata is not valid')
  service.refuse({ on: /^POST .*\/tables\/logs$/, answer })
  expect(await ask('column')).toMatch(/^400 .*metadata is not valid/)
})

test('an object that is not there', async () => {
  expect(await ask('missing')).toBe('GET 404, HEAD 404')
})

test('who is not let in is told so', async () => {
  const refused = questions.stale?.({
    ...trial,
    credentials: { ...credentials, secretAccessKey: 'wrong' },
  })
  expect(await refused).toBe('403')
})
