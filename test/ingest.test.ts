// Protects: a request sent again stands once, whatever failed before and whenever it comes; what is
// stored, rejected and counted is exact; a storage's trouble never makes a sender drop its data.
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileParquetWasm } from '../runtimes/node/wasm.ts'
import { contentCodings } from '../runtimes/shared/content-codings.ts'
import { sha256 } from '../runtimes/shared/sha256.ts'
import { createApp } from '../src/app.ts'
import { IngestError, OutdatedFilesError } from '../src/errors.ts'
import type { Signal } from '../src/ingest.ts'
import { noLog } from '../src/log.ts'
import { type Metrics, noMetrics } from '../src/metrics.ts'
import { createEncoder, type Encoder } from '../src/parquet/encoder.ts'
import { createMemoryStorage, type MemoryOptions } from '../src/storage/memory.ts'
import type { Storage } from '../src/storage/storage.ts'
import { allKinds, arrival, logs, nano, spans } from './ingest/requests.ts'
import { rowsOfParquet } from './judge/parquet.ts'
import type { Row } from './judge/row.ts'
import { createPlainIngest, type PlainIngestOptions } from './tools/plain-ingest.ts'

let encoder: Encoder
beforeAll(async () => {
  encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
})

const hourMs = 3_600_000

/** Counts what is counted: `name label label` → sum. */
const counting = (): { metrics: Metrics; counts: Record<string, number> } => {
  const counts: Record<string, number> = {}
  const count: Metrics['count'] = (name, labels, by = 1) => {
    const key = [name, ...Object.values(labels)].join(' ')
    counts[key] = (counts[key] ?? 0) + by
  }
  return { metrics: { ...noMetrics, count }, counts }
}

/** An ingest over a storage in memory. It hashes at once: WebCrypto does so on threads, in whatever order they end. */
const start = (hooks: MemoryOptions = {}, options: Partial<PlainIngestOptions> = {}) => {
  const storage = createMemoryStorage(hooks)
  const { metrics, counts } = counting()
  const { encode } = encoder
  const own = { storage, encode, sha256, maxFiles: 1000, dedupe: true, log: noLog, metrics }
  const ingest = createPlainIngest({ ...own, ...options })
  const send = (signal: Signal, body: Uint8Array, receivedAt = arrival) =>
    ingest({ signal, encoding: 'protobuf', body, receivedAt })
  return { ingest, send, counts, storage, files: () => filesIn(storage) }
}

/** Every object's rows, by its key. */
const filesIn = async (storage: Storage): Promise<Map<string, Row[]>> => {
  const files = new Map<string, Row[]>()
  for await (const { key } of storage.list('')) {
    files.set(key, await rowsOfParquet((await storage.get(key)) ?? new Uint8Array()))
  }
  return files
}

/** `RequestId RequestRow` of every row, sorted: equal to what was sent when each stands once. */
const identities = (files: ReadonlyMap<string, Row[]>): string[] =>
  [...files.values()].flatMap((rows) => rows.map((r) => `${r.RequestId} ${r.RequestRow}`)).sort()

const each = (id: string, records: number): string[] =>
  Array.from({ length: records }, (_, i) => `${id} ${i}`).sort()

/** Throws at the given operations, counted from 1. */
const failingAt = (at: readonly number[], error: () => Error, of = 'put') => {
  let count = 0
  return (operation: string) => {
    if (operation === of && at.includes(++count)) throw error()
  }
}
const trouble = () => new IngestError('unavailable', 'told to fail')

describe('an application whose sender comes again', () => {
  const payloads = [
    { signal: 'logs', body: logs({ name: 'a', records: 3 }, { records: 2 }), records: 5, files: 2 },
    { signal: 'traces', body: spans, records: 2, files: 2 },
    { signal: 'metrics', body: allKinds(), records: 10, files: 5 },
    { signal: 'metrics', body: allKinds(0n), records: 10, files: 5 },
  ] as const
  const ways = [2, 10].flatMap((times) => [`${times} times`, `${times} at once`] as const)
  const cases = payloads.flatMap((payload) => ways.map((way) => ({ ...payload, way })))

  /** The gzip header holds a time: the wire bytes differ each time. */
  const gzipped = (body: Uint8Array, attempt: number) => {
    const bytes = new Uint8Array(gzipSync(body, { level: 1 + (attempt % 9) }))
    bytes[4] = attempt
    return bytes
  }

  const posting = (options: Partial<PlainIngestOptions> = {}) => {
    const { ingest, files } = start({}, options)
    const app = createApp({
      ingest,
      ready: async () => {},
      inflate: contentCodings(),
      auth: { kind: 'none' },
      limits: { maxPayloadBytes: 1 << 20, maxInflightBytes: 16 << 20, requestDeadlineMs: 8000 },
      metrics: noMetrics,
      log: noLog,
    })
    const post = async (signal: Signal, body: Uint8Array, attempt: number): Promise<number> => {
      const headers = { 'Content-Type': 'application/x-protobuf', 'Content-Encoding': 'gzip' }
      const request = { method: 'POST', headers, body: gzipped(body, attempt) }
      return (await app.request(`/v1/${signal}`, request)).status
    }
    return { post, files }
  }

  it.each(cases)('$signal, $records records, $way: 200 each, once', async (payload) => {
    const { signal, body, records, way } = payload
    const { post, files } = posting()
    const statuses: number[] = []
    const attempts = Array.from({ length: Number.parseInt(way, 10) }, (_, i) => i)
    if (way.endsWith('at once')) {
      statuses.push(...(await Promise.all(attempts.map((i) => post(signal, body, i)))))
    } else for (const i of attempts) statuses.push(await post(signal, body, i))
    expect(statuses).toEqual(attempts.map(() => 200))
    const found = await files()
    const [id = ''] = identities(found)[0]?.split(' ') ?? []
    expect(identities(found)).toEqual(each(id, records))
    expect(found.size).toBe(payload.files)
  })

  it('stands as often as it came with dedupe off', async () => {
    const { post, files } = posting({ dedupe: false })
    const body = logs({ name: 'a', records: 3 })
    expect(await Promise.all([post('logs', body, 0), post('logs', body, 1)])).toEqual([200, 200])
    const found = await files()
    expect(identities(found)).toHaveLength(6)
    expect(new Set(identities(found)).size).toBe(6)
  })
})

describe('a request', () => {
  it('that differs in its signal alone is another one', async () => {
    const { send, files } = start()
    const body = logs({ records: 1, time: 0n })
    const ids = [await send('logs', body), await send('traces', body)]
    expect(ids[0]?.requestId).not.toBe(ids[1]?.requestId)
    expect((await files()).size).toBe(2)
  })

  it('whose body was read needs it no more: nothing was stored by then, and all is', async () => {
    const body = logs({ name: 'a', records: 3 })
    const puts: string[] = []
    const { ingest, files } = start({ before: (operation) => void puts.push(operation) })
    const before: number[] = []
    const read = () => {
      before.push(puts.length)
      body.fill(0)
    }
    const request = { signal: 'logs', encoding: 'protobuf', body, receivedAt: arrival } as const
    const { requestId } = await ingest({ ...request, read })
    expect(before).toEqual([0])
    expect(identities(await files())).toEqual(each(requestId, 3))
  })

  const nextHour = arrival + hourMs
  const endOfHour = Date.UTC(2026, 10, 25, 9, 59, 59, 999)
  const times: [string, bigint, number, number][] = [
    ['with times, an hour later', nano, arrival, nextHour],
    ['with times, a day later', nano, arrival, arrival + 24 * hourMs],
    ['without times, a minute later', 0n, arrival, arrival + 60_000],
    ['without times, an hour later', 0n, arrival, nextHour],
    ['without times, a day later', 0n, arrival, arrival + 24 * hourMs],
    ['without times, across the full hour', 0n, endOfHour, endOfHour + 1],
    ['without times, overtaken across the full hour', 0n, endOfHour + 1, endOfHour],
  ]
  it.each(times)('%s: stands once', async (_, time, first, second) => {
    const body = logs({ name: 'a', records: 2, time }, { records: 1, time: nano })
    for (const atOnce of [false, true]) {
      const { send, files } = start({ before: () => setImmediate() })
      const before = send('logs', body, first)
      if (!atOnce) await before
      const both = await Promise.all([before, send('logs', body, second)])
      // Of two at once either may be first.
      const outcomes = both.map(({ files, duplicates }) => `${files} written, ${duplicates} found`)
      expect(atOnce ? outcomes.sort() : outcomes.toReversed()).toEqual([
        '0 written, 2 found',
        '2 written, 0 found',
      ])
      expect(identities(await files())).toEqual(each(both[0].requestId, 3))
    }
  })

  it.each([1, 2, 3, 4, 5])('whose file %i of 5 is refused: completed by the next', async (at) => {
    const { send, files, counts } = start({ before: failingAt([at], trouble) })
    await expect(send('metrics', allKinds())).rejects.toMatchObject({ kind: 'unavailable' })
    const stood = (await files()).size
    const { requestId, records, files: written, duplicates } = await send('metrics', allKinds())
    expect({ records, written, duplicates }).toEqual({
      records: 10,
      written: 5 - stood,
      duplicates: stood,
    })
    expect(identities(await files())).toEqual(each(requestId, 10))
    expect(counts['records metrics']).toBe(10)
  })

  it('whose every answer was lost once: completed all the same', async () => {
    const { send, files } = start({ after: failingAt([1, 2, 3, 4, 5], trouble) })
    await expect(send('metrics', allKinds())).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await send('metrics', allKinds())).toMatchObject({ files: 0, duplicates: 5 })
    expect((await files()).size).toBe(5)
  })

  it.each(['put', 'head'])('may come again whatever a storage throws at %s', async (operation) => {
    const bug = failingAt([1], () => new TypeError('no such thing'), operation)
    const { send, files } = start({ before: bug })
    const body = logs({ records: 1, time: 0n })
    await expect(send('logs', body)).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'storage is unavailable',
      cause: expect.any(TypeError),
    })
    expect((await files()).size).toBe(0)
    expect(await send('logs', body)).toMatchObject({ files: 1 })
  })

  it('that cannot be encoded fails as the encoder says, and a later one does not', async () => {
    let broken = true
    const encode: Encoder['encode'] = (batch) => {
      if (broken) throw new IngestError('internal', 'cannot write Parquet')
      return encoder.encode(batch)
    }
    const { send, files, counts } = start({}, { encode })
    await expect(send('metrics', allKinds())).rejects.toMatchObject({ kind: 'internal' })
    expect((await files()).size).toBe(0)
    expect(counts).toEqual({})
    broken = false
    expect(await send('metrics', allKinds())).toMatchObject({ files: 5 })
  })

  it('that is malformed reaches no storage', async () => {
    const asked: string[] = []
    const { send } = start({ before: (operation) => void asked.push(operation) })
    const error = await send('logs', new Uint8Array([0x0a, 0xff])).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'malformed' })
    expect(await send('logs', new Uint8Array())).toMatchObject({ records: 0, files: 0 })
    expect(asked).toEqual([])
  })

  it('of more files than allowed loses its smallest groups, and says how many records', async () => {
    const { send, files, counts } = start({}, { maxFiles: 2 })
    const sizes = { a: 2, b: 5, c: 1, d: 3 }
    const body = logs(...Object.entries(sizes).map(([name, records]) => ({ name, records })))
    const result = await send('logs', body)
    expect(result).toMatchObject({ records: 8, files: 2 })
    expect([...result.rejected]).toEqual([['more than 2 files in one request', 3]])
    const stored = [...(await files()).values()].map((rows) => [rows[0]?.ServiceName, rows.length])
    expect(stored).toEqual([
      ['b', 5],
      ['d', 3],
    ])
    expect(await send('logs', body)).toMatchObject({ records: 8, files: 0, duplicates: 2 })
    expect(counts).toMatchObject({ 'records logs': 8 })
  })

  it('is counted: records and files once, resends as such', async () => {
    const { send, counts, storage } = start()
    const body = logs({ name: 'a', records: 3 }, { name: 'b', records: 4 })
    const { bytes } = await send('logs', body)
    await send('logs', body)
    let size = 0
    for await (const object of storage.list('')) size += object.size
    expect(bytes).toBe(size)
    expect(counts).toEqual({
      'records logs': 7,
      'files logs': 2,
      'written_bytes logs': size,
      'duplicates logs': 2,
    })
  })
})

describe('the log', () => {
  it('tells of a request that came again, once for each time, and of no other', async () => {
    const lines: unknown[] = []
    const { send } = start({}, { log: (...line) => lines.push(line) })
    const { requestId } = await send('metrics', allKinds())
    await send('logs', logs({ name: 'a', records: 1 }))
    expect(lines).toEqual([])
    await send('metrics', allKinds())
    const facts = { signal: 'metrics', requestId, duplicates: 5 }
    expect(lines).toEqual([['info', 'a request came again', facts]])
  })

  it('tells nothing of the sort where the program itself makes a request into files again', async () => {
    const lines: unknown[] = []
    const outdated = () => new OutdatedFilesError('table metrics was made anew')
    const before = failingAt([2], outdated)
    const { send } = start({ before }, { log: (level, message) => lines.push([level, message]) })
    expect(await send('metrics', allKinds())).toMatchObject({ files: 1, duplicates: 4 })
    expect(lines).toEqual([['warn', 'a request is made into files again']])
  })
})
