// Protects the meaning of a catalog's answers: a commit that may have happened is never taken for one that did not, nor the
// other way round, and what an operator has to mend is said.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OutdatedFilesError } from '../../../src/errors.ts'
import type { Catalog, LoadedTable } from '../../../src/iceberg/catalog.ts'
import type { Log } from '../../../src/log.ts'
import { append, creation } from '../../contracts/commits.ts'
import { type FakeServer, type Fault, startFakeServer } from './fake-server.ts'
import { openCatalog } from './open.ts'

const logs = { namespace: ['otel'], name: 'logs' }
const error = (type: string, message = 'so it is') => JSON.stringify({ error: { message, type } })
const html = '<html><head><style>b{}</style><title>Oops</title></head><body>Bad &amp; gone</body>'

let server: FakeServer
let catalog: Catalog
/** Waits for answers not as long as a busy machine may take: for those that never come. */
let impatient: Catalog
let table: LoadedTable
let lines: unknown[][]
beforeEach(async () => {
  server = await startFakeServer()
  lines = []
  const log: Log = (...line) => lines.push(line)
  catalog = openCatalog(server.uri, { log })
  impatient = openCatalog(server.uri, { log, timeoutMs: 200 })
  table = await catalog.create(logs, creation())
  server.seen.length = 0
})
afterEach(() => server.close())

/** Stops waiting, as a caller does at its deadline, when the server has the request. */
const untilSeen = (): AbortSignal => {
  const controller = new AbortController()
  void expect
    .poll(() => server.seen.length, { interval: 5 })
    .toBe(1)
    .finally(() => controller.abort(new DOMException('', 'TimeoutError')))
  return controller.signal
}

const landed = () => server.tables.tables.get('otel/logs')?.snapshots.length === 1
const commit = (by = catalog) => by.commit(table, append(table, 2n ** 60n + 1n))
const commits = () => server.seen.filter(({ method }) => method === 'POST').length

describe('a commit', () => {
  const conflict = { kind: 'conflict', reason: expect.stringMatching(/\d/) }
  const unknown = (retryAfterMs = 0) => ({ kind: 'unknown', retryAfterMs })
  const throttled = (retryAfterMs: number) => ({ kind: 'throttled', retryAfterMs })
  const date = new Date(Date.now() + 3_600_000).toUTCString()

  it.each<[string, Fault, object]>([
    ['409', { status: 409, body: error('CommitFailedException') }, conflict],
    ['409 with an empty type', { status: 409, body: error('') }, conflict],
    ['409 without JSON', { status: 409, body: 'Conflict' }, conflict],
    ['409 without a body', { status: 409 }, conflict],
    ["R2's 400", { status: 400, body: error('ConcurrentUpdateError') }, conflict],
    [
      'a type with its package',
      { status: 400, body: error('org.x.CommitFailedException') },
      conflict,
    ],
    ['429', { status: 429 }, throttled(1000)],
    ["R2's 429", { status: 429, headers: { 'retry-after': '60' } }, throttled(60_000)],
    ["AWS's 400", { status: 400, body: '{"__type":"a#ThrottlingException"}' }, throttled(1000)],
    [
      "Glue's 400",
      {
        status: 400,
        headers: { 'x-amzn-ErrorType': 'ThrottlingException:http://internal.amazon.com/coral/' },
        body: '{"message":"Rate exceeded"}',
      },
      throttled(1000),
    ],
    ['500', { status: 500, body: error('CommitFailedException') }, unknown()],
    ['500 that did it', { status: 500, done: true }, unknown()],
    ['502 in HTML', { status: 502, body: html }, unknown()],
    ['503', { status: 503, headers: { 'retry-after': '7' } }, unknown(7000)],
    ['503 with no date', { status: 503, headers: { 'retry-after': 'soon' } }, unknown()],
    ['504 that did it', { status: 504, done: true }, unknown()],
    ['520', { status: 520 }, unknown()],
    ['408', { status: 408 }, unknown()],
    ['425', { status: 425 }, unknown()],
    [
      'an unknown state by type',
      { status: 409, body: error('CommitStateUnknownException') },
      unknown(),
    ],
    ['200 without metadata', { status: 200, body: '{}' }, unknown()],
    ['200 in HTML', { status: 200, body: html }, unknown()],
    ['204 that did it', { status: 204, done: true }, unknown()],
    ['an answer cut', { status: 200, cut: true, done: true }, unknown()],
    ['no answer', { done: true }, unknown()],
    ['no connection', {}, unknown()],
    ['a hanging server', { hang: true, done: true }, unknown()],
  ])('%s', async (_, fault, outcome) => {
    await impatient.ready()
    server.fail(fault)
    const seen = await commit(fault.hang ? impatient : catalog)
    expect(seen).toMatchObject({ ...outcome, reason: expect.any(String) })
    expect(commits()).toBe(1)
    expect(landed()).toBe(fault.done ?? false)
  })

  it('waits until a date', async () => {
    server.fail({ status: 503, headers: { 'retry-after': date } })
    const { retryAfterMs } = (await commit()) as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(3_000_000)
  })

  it('is not done when the answer shows a table without it', async () => {
    const before = server.tables.loadTable('otel/logs').body
    server.fail({ status: 200, body: JSON.stringify(before) })
    expect(await commit()).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(/snapshot/),
    })
  })

  it.each<[string, Fault, RegExp]>([
    ['400', { status: 400, body: error('BadRequestException') }, /request invalid/],
    ['400 in HTML', { status: 400, body: html }, /request invalid/],
    ['401', { status: 401, body: 'Unauthorized' }, /refuses its credentials/],
    ['403', { status: 403, body: 'Forbidden' }, /lack a permission/],
    ['404', { status: 404, body: error('NoSuchTableException') }, /no such table/],
    ['404 without a type', { status: 404, body: html }, /knows no such thing/],
    ['406', { status: 406 }, /does not support/],
    ['419', { status: 419 }, /expired/],
    ['501', { status: 501, body: error('UnsupportedOperationException') }, /does not support/],
    ['a forbidden property', { status: 409, body: error('FailedToSetProperties') }, /property/],
    ['another 4xx', { status: 418 }, /answers 418/],
    [
      'a redirect',
      { status: 307, headers: { location: '/elsewhere' } },
      /elsewhere: check its URI/,
    ],
    ['a redirect that makes a GET', { status: 303, headers: { location: '/v1/config' } }, /URI/],
  ])('%s is for an operator to mend', async (_, fault, words) => {
    server.fail(fault)
    const failure = await commit().catch((failure: unknown) => failure)
    expect(failure).toMatchObject({ name: 'IngestError', kind: 'unavailable' })
    expect((failure as Error).message).toMatch(/^cannot change a table: /)
    expect((failure as Error).message).toMatch(words)
    // Where there is no such table any more, nothing is left to be added to it later.
    expect(failure instanceof OutdatedFilesError).toBe(fault.status === 404)
    expect(commits()).toBe(1)
    expect(landed()).toBe(false)
    const place = { host: new URL(server.uri).host, path: '/v1/namespaces/otel/tables/logs' }
    const facts = { namespace: 'otel', table: 'logs', status: fault.status, ...place }
    expect(lines).toEqual([['error', (failure as Error).message, expect.objectContaining(facts)]])
  })

  it('may be sent again by its caller, and is done once', async () => {
    server.fail({ status: 504, done: true })
    const again = append(table, 7n)
    expect(await catalog.commit(table, again)).toMatchObject({ kind: 'unknown' })
    expect(await catalog.commit(table, again)).toMatchObject({ kind: 'conflict' })
  })

  it('is given up when its caller stops waiting', async () => {
    server.fail({ hang: true, done: true })
    const outcome = await catalog.commit(table, append(table, 7n), { signal: untilSeen() })
    expect(outcome).toMatchObject({ kind: 'unknown' })
    expect(server.seen.length).toBe(1)
  })

  it('says what a web server said, without its tags', async () => {
    server.fail({ status: 502, body: html })
    expect(await commit()).toMatchObject({ reason: '502  Oops Bad &amp; gone' })
  })

  it('uses the metadata in the answer, not its location', async () => {
    const outcome = await commit()
    expect(outcome.kind).toBe('committed')
    expect(server.seen.map(({ method }) => method)).toEqual(['POST'])
  })

  it('writes what the specification says', async () => {
    await commit()
    expect(server.seen[0]?.body).toContain('"snapshot-id":null')
    expect(server.seen[0]?.body).toContain('"snapshot-id":1152921504606846977,')
    expect(server.seen[0]?.body).toMatch(/^{"identifier":{"namespace":\["otel"\],"name":"logs"},/)
    expect(server.seen[0]?.headers['content-type']).toBe('application/json')
  })
})

describe('a load', () => {
  it.each<[string, Fault]>([
    ['500', { status: 500, body: html }],
    ['502', { status: 502 }],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '0' } }],
    ['429', { status: 429 }],
    ["Glue's 400", { status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException' } }],
    ['a cut answer', { status: 200, cut: true }],
    ['a closed connection', {}],
    ['a hanging server', { hang: true }],
  ])('asks again after %s', async (_, fault) => {
    const by = fault.hang ? impatient : catalog
    await by.ready()
    server.seen.length = 0
    server.fail({ ...fault, times: 2 })
    expect((await by.load(logs))?.metadata['table-uuid']).toBe(table.metadata['table-uuid'])
    expect(server.seen.length).toBeGreaterThanOrEqual(3)
    expect(lines.filter(([level]) => level !== 'debug')).toEqual([])
  })

  it.each<[string, Fault, RegExp, number]>([
    ['what does not pass', { status: 503, times: 99 }, /overloaded or down/, 6],
    ['what never answers', { times: 99 }, /does not answer/, 6],
    ['a long wait', { status: 429, headers: { 'retry-after': '60' } }, /too often/, 1],
    ['400', { status: 400 }, /invalid/, 1],
    ['401', { status: 401 }, /credentials/, 1],
    ['403', { status: 403 }, /permission/, 1],
    ['419', { status: 419 }, /expired/, 1],
    ['406', { status: 406 }, /support/, 1],
    ['a redirect', { status: 301, headers: { location: '/elsewhere' } }, /URI/, 1],
    ['HTML', { status: 200, body: html }, /without metadata/, 1],
    [
      'a table of another format',
      { status: 200, body: '{"metadata":{"format-version":3}}' },
      /format version 3/,
      1,
    ],
  ])('gives up on %s', async (_, fault, words, requests) => {
    server.fail(fault)
    const failure = await catalog.load(logs).catch((failure: unknown) => failure)
    expect(failure).toMatchObject({ name: 'IngestError', kind: 'unavailable' })
    expect((failure as Error).message).toMatch(/^cannot load a table: /)
    expect((failure as Error).message).toMatch(words)
    expect(server.seen.length).toBe(requests)
  })

  it.each<[string, Fault]>([
    ['a table that is not there', { status: 404, body: error('NoSuchTableException') }],
    ['a namespace that is not there', { status: 404, body: error('NoSuchNamespaceException') }],
    ['404 without a type', { status: 404, body: error('') }],
    ['404 without a body', { status: 404 }],
  ])('is null for %s', async (_, fault) => {
    server.fail(fault)
    expect(await catalog.load(logs)).toBeNull()
  })

  it('asks for every snapshot', async () => {
    await catalog.load(logs)
    expect(server.seen[0]?.url).toBe('/v1/namespaces/otel/tables/logs?snapshots=all')
  })

  it('ends when its caller stops waiting', async () => {
    server.fail({ hang: true, times: 9 })
    const call = catalog.load(logs, { signal: untilSeen() })
    await expect(call).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/in time/),
    })
    expect(server.seen.length).toBe(1)
  })

  it('says which location nobody here can reach', async () => {
    const unreachable = new Error('cannot reach gs://')
    const other = openCatalog(server.uri, {
      openFileIO: () => {
        throw unreachable
      },
    })
    await expect(other.load(logs)).rejects.toBe(unreachable)
  })
})
