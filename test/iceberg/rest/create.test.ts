// Protects making tables: namespaces on demand, never a staged table, and whatever fails on the way is asked for again.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog.ts'
import { append, creation } from '../../contracts/commits.ts'
import { type FakeServer, type Fault, startFakeServer } from './fake-server.ts'
import { openCatalog } from './open.ts'

const logs = { namespace: ['otel'], name: 'logs' }
const body = (type: string) => JSON.stringify({ error: { message: 'no', type } })

let server: FakeServer
let catalog: Catalog
const start = async (config: object = {}): Promise<void> => {
  server = await startFakeServer({ config: { ...config } })
  catalog = openCatalog(server.uri)
}
beforeEach(() => start())
afterEach(() => server.close())

const deeds = () => server.seen.map(({ method, url }) => `${method} ${url}`).slice(1)
const makeTable = 'POST /v1/namespaces/otel/tables'
const makeNamespace = 'POST /v1/namespaces'
const loadTable = 'GET /v1/namespaces/otel/tables/logs?snapshots=all'

it('makes a namespace where there is none', async () => {
  await catalog.create(logs, creation())
  expect(deeds()).toEqual([makeTable, makeNamespace, makeTable])
  await catalog.create({ ...logs, name: 'traces' }, creation())
  expect(deeds().slice(3)).toEqual([makeTable])
})

it('says what the table is to be, whole and at once', async () => {
  const { schema, spec, sortOrder } = creation()
  await catalog.create(logs, creation({ a: 'b' }))
  expect(JSON.parse(server.seen.at(-1)?.body ?? '')).toEqual({
    name: 'logs',
    schema,
    'partition-spec': spec,
    'write-order': sortOrder,
    'stage-create': false,
    properties: { 'format-version': '2', a: 'b' },
  })
})

it.each<[string, Fault]>([
  ['somebody else makes the namespace first', { on: /namespaces$/, status: 409, done: true }],
  ['the answer to the namespace is lost', { on: /namespaces$/, done: true }],
  ['the answer to the table is lost', { on: /POST .*tables$/, done: true, times: 2 }],
  [
    'the server fails after it made the table',
    { on: /tables$/, status: 500, done: true, times: 2 },
  ],
  ['the server is down for a while', { on: /./, status: 503, times: 3 }],
  ['the table never answers, once', { on: /tables$/, hang: true }],
  ['the namespace comes with 201', { on: /namespaces$/, status: 201, done: true }],
])('makes the table though %s', async (_, fault) => {
  server.fail(fault)
  const by = fault.hang ? openCatalog(server.uri, { timeoutMs: 200 }) : catalog
  const { metadata } = await by.create(logs, creation())
  expect(server.tables.tables.get('otel/logs')?.['table-uuid']).toBe(metadata['table-uuid'])
  expect(server.tables.tables.size).toBe(1)
})

it('loads a table that is there', async () => {
  const { metadata } = await catalog.create(logs, creation())
  server.seen.length = 1
  const again = await openCatalog(server.uri).create(logs, creation())
  expect(again.metadata['table-uuid']).toBe(metadata['table-uuid'])
  expect(deeds().slice(1)).toEqual([makeTable, loadTable])
})

it.each<[string, Fault, RegExp]>([
  [
    'of a view of that name',
    { on: /tables$/, status: 409, body: body('AlreadyExistsException') },
    /^cannot make a table: .*conflict/,
  ],
  [
    'of a namespace that cannot be',
    { on: /namespaces$/, status: 400, body: body('BadRequestException') },
    /^cannot make a namespace: .*invalid/,
  ],
  ['of a missing permission', { on: /tables$/, status: 403 }, /^cannot make a table: .*permission/],
  [
    'the catalog does not want to',
    { on: /tables$/, status: 406 },
    /^cannot make a table: .*support/,
  ],
  ['there is no such catalog', { on: /tables$|s$/, status: 404, times: 9 }, /^cannot make a names/],
  ['of an answer without a table', { on: /tables$/, status: 200 }, /without metadata/],
])('makes no table because %s', async (_, fault, words) => {
  server.fail(fault)
  const failure = await catalog.create(logs, creation()).catch((failure: unknown) => failure)
  expect(failure).toMatchObject({ name: 'IngestError', kind: 'unavailable' })
  expect((failure as Error).message).toMatch(words)
  expect(server.tables.tables.size).toBe(0)
})

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const keys = () => server.seen.map(({ headers }) => headers['idempotency-key'])

it('sends no idempotency key to a catalog that does not ask for one', async () => {
  const table = await catalog.create(logs, creation())
  await catalog.commit(table, append(table, 1n))
  expect(new Set(keys())).toEqual(new Set([undefined]))
})

it('sends a key for each deed, the same when it asks again', async () => {
  await start({ 'idempotency-key-lifetime': 'PT30M' })
  server.fail({ on: /namespaces$/, status: 503, done: true })
  const before = Date.now()
  const table = await catalog.create(logs, creation())
  await catalog.commit(table, append(table, 1n))
  await catalog.load(logs)
  expect(deeds()).toEqual([
    ...[makeTable, makeNamespace, makeNamespace, makeTable],
    ...[loadTable.replace('GET', 'POST').replace('?snapshots=all', ''), loadTable],
  ])
  const [config, first, namespace, namespaceAgain, second, commit, load] = keys()
  expect([config, load]).toEqual([undefined, undefined])
  expect(namespaceAgain).toBe(namespace)
  const all = [first, namespace, second, commit]
  expect(new Set(all).size).toBe(4)
  for (const key of all) {
    expect(key).toMatch(uuid7)
    const time = Number.parseInt(key?.replace('-', '').slice(0, 12) ?? '', 16)
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now())
  }
})
