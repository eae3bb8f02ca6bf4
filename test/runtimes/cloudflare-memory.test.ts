/**
 * Protects the memory of an isolate, which has 128 MB for everything: what workerd takes for the largest body that is
 * allowed (16 MiB), beyond what it has when small ones have gone through. Measured as the process's peak (`VmHWM`), so what
 * workerd itself and the simulated bucket take counts too. A process that has just started grows besides: machine code is made of
 * what runs often, the bucket's own program fills its heap, and what was freed lies in pieces, which later bodies do not fit into.
 * So more is allowed to later bodies there; where a thousand small ones a minute have gone before, every one has the same bound.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Payload, payloadOf } from '../bench/payloads.ts'
import type { Signal } from '../judge/request.ts'
import { type RunningWorker, startWorker } from '../tools/worker.ts'

/** Megabytes above idle; `later`: after the first ones of a process that has just started. */
const [bound, later] = [100, 150]
const requests = 5

const statusOf = (process: string): string => {
  try {
    return readFileSync(`/proc/${process}/status`, 'utf8')
  } catch {
    return ''
  }
}

/** The number of the one workerd that this process has started. */
const workerd = (): string => {
  const ours = new RegExp(`^Name:\\s+workerd$[^]*^PPid:\\s+${process.pid}$`, 'm')
  const found = readdirSync('/proc').filter((name) => ours.test(statusOf(name)))
  expect(found).toHaveLength(1)
  return found[0] as string
}

const megabytes = (process: string, field: 'VmRSS' | 'VmHWM'): number =>
  Math.round(
    (Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(statusOf(process))?.[1]) * 1024) / 1e6,
  )

const encodings = { protobuf: 'application/x-protobuf', json: 'application/json' } as const

interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly headers: Record<string, string>
}

const bodyOf = ({ encoding, next }: Payload, gzip = false): Body => ({
  bytes: gzip ? new Uint8Array(gzipSync(next())) : next(),
  headers: { 'Content-Type': encodings[encoding], ...(gzip && { 'Content-Encoding': 'gzip' }) },
})

const send = async (
  { url }: RunningWorker,
  { bytes, headers }: Body,
  signal: Signal = 'logs',
): Promise<number> => {
  const answer = await fetch(`${url}v1/${signal}`, { method: 'POST', body: bytes, headers })
  await answer.arrayBuffer()
  return answer.status
}

/** Says how large a Worker gets while it does something. */
type Peak = (act: () => Promise<void>) => Promise<number>

/** Starts a Worker, which does `before`, and says how large it gets, above idle, while it does `work`. */
const measured = async (
  variables: Readonly<Record<string, string>>,
  work: (worker: RunningWorker, peak: Peak) => Promise<void>,
  before: (worker: RunningWorker) => Promise<void> = async () => {},
): Promise<void> => {
  const worker = await startWorker({ variables: { OTLP2PARQUET_AUTH: 'none', ...variables } })
  try {
    const process = workerd()
    const small = payloadOf('logs', 100, 'protobuf')
    for (let i = 0; i < 5; i++) expect(await send(worker, bodyOf(small))).toBe(200)
    await before(worker)
    const idle = megabytes(process, 'VmRSS')
    await work(worker, async (act) => {
      // The peak is what it is now.
      writeFileSync(`/proc/${process}/clear_refs`, '5')
      await act()
      return megabytes(process, 'VmHWM') - idle
    })
  } finally {
    await worker.stop()
  }
}

const protobuf = payloadOf('logs', 37_500, 'protobuf')
const json = payloadOf('logs', 19_000, 'json')
const iceberg = { OTLP2PARQUET_ICEBERG_CATALOG: 'file' }

/** 200 requests of 1000 records, as they come within minutes. */
const warmUp = async (worker: RunningWorker): Promise<void> => {
  const usual = payloadOf('logs', 1000, 'protobuf')
  for (let i = 0; i < 200; i++) expect(await send(worker, bodyOf(usual))).toBe(200)
}

/** The peaks of several bodies, one after the other. */
const peaksOf = async (worker: RunningWorker, peak: Peak, body: () => Body): Promise<number[]> => {
  const peaks: number[] = []
  for (let i = 0; i < requests; i++) {
    const one = body()
    peaks.push(await peak(async () => expect(await send(worker, one)).toBe(200)))
  }
  return peaks
}

const cases: [string, () => Body, Record<string, string>][] = [
  ['protobuf', () => bodyOf(protobuf), {}],
  ['protobuf, gzip', () => bodyOf(protobuf, true), {}],
  ['JSON', () => bodyOf(json), {}],
  ['protobuf, Iceberg', () => bodyOf(protobuf), iceberg],
]

describe.skipIf(process.platform !== 'linux')('a body of 16 MiB', () => {
  test('is one', () => {
    for (const { size } of [protobuf, json]) {
      expect(size / 2 ** 20).toBeGreaterThan(15.5)
      expect(size / 2 ** 20).toBeLessThanOrEqual(16)
    }
  })

  test.each(cases)('%s', (name, body, variables) =>
    measured(variables, async (worker, peak) => {
      const peaks = await peaksOf(worker, peak, body)
      console.log(`${name}: MB above idle, one body after the other: ${peaks.join(', ')}`)
      expect(peaks[0]).toBeLessThanOrEqual(bound)
      expect(Math.max(...peaks)).toBeLessThanOrEqual(later)
    }),
  )

  test.each(cases)('%s, to a Worker that has been at work', (name, body, variables) =>
    measured(
      variables,
      async (worker, peak) => {
        const peaks = await peaksOf(worker, peak, body)
        console.log(`${name}: MB above idle, after others: ${peaks.join(', ')}`)
        expect(Math.max(...peaks)).toBeLessThanOrEqual(bound)
      },
      warmUp,
    ),
  )

  test.each([
    ['traces', 57_600],
    ['sum', 129_000],
    ['histogram', 50_700],
  ] as const)('%s', (kind, records) => {
    const payload = payloadOf(kind, records, 'protobuf')
    expect(payload.size / 2 ** 20).toBeGreaterThan(15.5)
    return measured({}, async (worker, peak) => {
      const height = await peak(async () =>
        expect(await send(worker, bodyOf(payload), payload.signal)).toBe(200),
      )
      console.log(`${kind}: ${height} MB above idle`)
      expect(height).toBeLessThanOrEqual(bound)
    })
  })

  test('two of 8 MiB at once, compressed: both are stored', () =>
    measured({}, async (worker, peak) => {
      const half = payloadOf('logs', 18_700, 'protobuf')
      const bodies = [bodyOf(half, true), bodyOf(half, true)]
      const height = await peak(async () => {
        const statuses = await Promise.all(bodies.map((body) => send(worker, body)))
        expect(statuses).toEqual([200, 200])
      })
      console.log(`two of 8 MiB at once: ${height} MB above idle`)
      expect(height).toBeLessThanOrEqual(bound)
    }))

  test('three at once: what has no room comes again', () =>
    measured({}, async (worker, peak) => {
      const bodies = Array.from({ length: 3 }, () => bodyOf(protobuf))
      let statuses: number[] = []
      const height = await peak(async () => {
        statuses = await Promise.all(bodies.map((body) => send(worker, body)))
      })
      console.log(`three at once: ${height} MB above idle`)
      expect(statuses).toContain(200)
      expect(statuses.every((status) => status === 200 || status === 503)).toBe(true)
      expect(height).toBeLessThanOrEqual(later)
    }))
})
