// Protects catalogs that count what is asked of them (Cloudflare's R2: ten new tables a minute), and the first requests of all,
// which miss every table at once: what they need is made by as few calls as can be, whoever is gone or refused meanwhile.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createMaking, type RestCatalogOptions } from '../../../src/iceberg/rest/catalog.ts'
import type { Clock } from '../../../src/iceberg/retry.ts'
import { creation } from '../../contracts/commits.ts'
import { type FakeServer, startFakeServer } from './fake-server.ts'
import { openCatalog } from './open.ts'

const names = ['logs', 'traces', 'sum', 'gauge', 'histogram', 'exponential', 'summary']
const table = (name: string) => ({ namespace: ['otel'], name })
const logs = table('logs')

let server: FakeServer
let lines: unknown[][]
let now: number
/** Time passes while somebody sleeps, and else when a test says so. */
const clock: Clock = {
  now: () => now,
  sleep: async (ms) => {
    now += ms
    await new Promise((resolve) => setTimeout(resolve, 1))
  },
  signal: () => new AbortController().signal,
}
beforeEach(async () => {
  server = await startFakeServer()
  lines = []
  now = 1e12
})
afterEach(() => server.close())

const open = (options: Partial<RestCatalogOptions> = {}) =>
  openCatalog(server.uri, { log: (...line) => lines.push(line), ...options })

const asked = (path: RegExp): number =>
  server.seen.filter(({ method, url }) => method === 'POST' && path.test(url)).length
const tables = /tables$/
const namespaces = /namespaces$/
const tooMany = { on: /POST .*tables$/, status: 429, headers: { 'retry-after': '60' } }

it('finds out once whether a namespace is there', async () => {
  const catalog = open()
  const made = await Promise.all(names.map((name) => catalog.create(table(name), creation())))
  expect(made.map(({ identifier }) => identifier.name)).toEqual(names)
  expect([asked(namespaces), asked(tables)]).toEqual([1, names.length + 1])
})

it('makes tables beside each other where their namespace is known', async () => {
  const catalog = open({ clock })
  await catalog.create(table('traces'), creation())
  const gone = new AbortController()
  server.fail({ on: tables, hang: true })
  const first = catalog.create(table('sum'), creation(), { signal: gone.signal })
  await expect.poll(() => asked(tables)).toBe(3)
  const began = now
  await catalog.create(logs, creation())
  expect(now).toBe(began)
  gone.abort(new DOMException('', 'TimeoutError'))
  await expect(first).rejects.toMatchObject({ kind: 'unavailable' })
})

it('makes a table once for all who miss it, each with a catalog of its own', async () => {
  const making = createMaking()
  const all = Array.from({ length: 20 }, () => open({ making }).create(logs, creation()))
  const uuids = (await Promise.all(all)).map(({ metadata }) => metadata['table-uuid'])
  expect(new Set(uuids).size).toBe(1)
  expect([asked(namespaces), asked(tables)]).toEqual([1, 2])
})

it('takes what others made, though the catalog was asked too often for it', async () => {
  const catalog = open()
  await catalog.create(table('traces'), creation())
  server.fail({ ...tooMany, done: true })
  const { metadata } = await catalog.create(logs, creation())
  expect(server.tables.tables.get('otel/logs')?.['table-uuid']).toBe(metadata['table-uuid'])
  expect(lines.filter(([level]) => level === 'error')).toEqual([])
})

it.each([
  ['tables', tooMany, 'cannot make a table: the catalog is asked too often'],
  [
    'namespaces',
    { ...tooMany, on: /POST .*namespaces$/ },
    'cannot make a namespace: the catalog is asked too often',
  ],
  [
    'tables, for an hour',
    { ...tooMany, headers: { 'retry-after': '3600' } },
    'cannot make a table: the catalog is asked too often',
  ],
])('leaves a catalog alone for a minute that wants no more %s', async (_, fault, message) => {
  const catalog = open({ clock })
  server.fail(fault)
  await expect(catalog.create(logs, creation())).rejects.toThrow(message)
  const before = asked(/./)
  now += 59_999
  await expect(catalog.create(table('traces'), creation())).rejects.toThrow(message)
  expect(asked(/./)).toBe(before)
  expect(lines.filter(([level]) => level === 'error')).toHaveLength(1)
  now += 1
  expect((await catalog.create(logs, creation())).identifier).toEqual(logs)
})

it('goes on without one who is gone', async () => {
  const making = createMaking()
  const gone = new AbortController()
  server.fail({ on: tables, hang: true })
  const first = open({ making, clock }).create(logs, creation(), { signal: gone.signal })
  await expect.poll(() => asked(tables)).toBe(1)
  const began = now
  expect((await open({ making, clock }).create(logs, creation())).identifier).toEqual(logs)
  expect(now - began).toBeGreaterThanOrEqual(5_000)
  gone.abort(new DOMException('', 'TimeoutError'))
  await expect(first).rejects.toMatchObject({ kind: 'unavailable' })
})

it('is not waited for by who has no time left', async () => {
  const making = createMaking()
  const [gone, late] = [new AbortController(), new AbortController()]
  server.fail({ on: tables, hang: true })
  const first = open({ making }).create(logs, creation(), { signal: gone.signal })
  await expect.poll(() => asked(tables)).toBe(1)
  const waiting = open({ making })
  await waiting.ready()
  const second = waiting.create(logs, creation(), { signal: late.signal })
  await new Promise((resolve) => setTimeout(resolve, 100))
  const began = performance.now()
  late.abort(new DOMException('', 'TimeoutError'))
  await expect(second).rejects.toThrow('cannot make a table in time')
  expect(performance.now() - began).toBeLessThan(3_000)
  expect(asked(tables)).toBe(1)
  gone.abort(new DOMException('', 'TimeoutError'))
  await expect(first).rejects.toMatchObject({ kind: 'unavailable' })
})
