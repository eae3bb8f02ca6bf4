// A table that many requests write to, for days of a virtual clock: the program's own writers, receipts, commits and sweeps
// over a table bucket and a bucket for receipts. Of a request only the decoding and the Parquet file are left out.
import { sha256 } from '../../../runtimes/shared/sha256.ts'
import type { LoadedTable, TableIdentifier } from '../../../src/iceberg/catalog.ts'
import type { DataFile } from '../../../src/iceberg/manifest.ts'
import { createTableWriter, type TableWriter } from '../../../src/iceberg/table-writer.ts'
import { tableCreation } from '../../../src/ingest/table-creation.ts'
import type { Log } from '../../../src/log.ts'
import { noMetrics } from '../../../src/metrics.ts'
import { type CommitMode, commitPolicy } from '../../../src/receipts/commit-policy.ts'
import { createDeferral } from '../../../src/receipts/deferral.ts'
import { createLease } from '../../../src/receipts/lease.ts'
import { owedPrefix } from '../../../src/receipts/receipt-key.ts'
import { createReceiptStore } from '../../../src/receipts/receipt-store.ts'
import { createSweep, type SweepResult } from '../../../src/receipts/sweep.ts'
import { createSweepNotes } from '../../../src/receipts/sweep-notes.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { logs } from '../../../src/tables/logs.ts'
import { createProcess } from '../../faults/model/process.ts'
import { createChance } from '../../faults/model/random.ts'
import { createWorld, type World } from '../../faults/model/world.ts'
import { type FileOf, numberedFiles, requestIdOf } from './numbered-files.ts'
import { settled } from './real-work.ts'
import { type Call, createTableBucket, type TableBucket } from './s3-tables.ts'

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs

const identifier: TableIdentifier = { namespace: ['otel'], name: 'logs' }

export interface BusyTableOptions {
  readonly mode: CommitMode
  /** What the requests' files have in common. */
  readonly described: DataFile
  /** Without it what cannot be committed fails. */
  readonly receipts?: boolean
  /** Programs that take requests, as many as Lambda has instances. */
  readonly writers?: number
}

/** The table at a moment. */
export interface Point {
  readonly hours: number
  readonly snapshots: number
  readonly metadataBytes: number
  readonly listBytes: number
  readonly manifests: number
}

export interface BusyTable {
  readonly world: World
  readonly bucket: TableBucket
  /** Of the receipts, without waiting. */
  readonly state: Storage
  /** Requests that were sent. */
  readonly sent: () => number
  /** How often each outcome came, or what the sender was told. */
  readonly outcomes: Map<string, number>
  /** Every line of the log once, with how often it came and what it said last. */
  readonly lines: ReadonlyMap<string, Line>
  readonly sweeps: readonly SweepResult[]
  readonly points: readonly Point[]
  /** Lets so much time pass, with so many requests and one sweep each minute, or none. */
  readonly run: (minutes: number, perMinute: number, sweeps?: boolean) => Promise<void>
  /** Puts so many requests' files, and a receipt for each, as if they had been sent now. */
  readonly owe: (count: number) => Promise<void>
  /** Keys of the receipts that are owed. */
  readonly owed: () => Promise<string[]>
  /** Sends request `n` once more. */
  readonly resend: (n: number) => Promise<string>
  readonly point: () => Promise<Point>
}

export interface Line {
  readonly count: number
  readonly facts: Readonly<Record<string, unknown>>
}

/** Milliseconds that calls take. */
const latency: Readonly<Record<Call, readonly [number, number]>> = {
  put: [20, 60],
  get: [10, 40],
  head: [10, 30],
  load: [50, 150],
  commit: [80, 250],
}

/** Lambda's timeout, less what the function keeps for its answer. */
const sweepMs = 60_000 - 1_500

/** What a request is given. */
const requestMs = 8_000

/** Made, with a table in it. */
export const openBusyTable = async (options: BusyTableOptions): Promise<BusyTable> => {
  const { mode, described, receipts = true, writers: count = 8 } = options
  const chance = createChance(1)
  const world = createWorld(chance, settled)
  const begin = world.now()
  const wait = (call: Call) => world.sleep(chance.whole(...latency[call]))
  const bucket = createTableBucket({ identifier, now: world.now })
  await bucket.catalogFor(async () => {}).create(identifier, tableCreation(logs, 'day'))
  const fileOf = numberedFiles(described, bucket.metadata())
  const state = createMemoryStorage({ now: world.now })
  const slowState = waitingStorage(state, wait)
  const store = createReceiptStore(slowState, sha256)
  const lines = new Map<string, Line>()
  const told = { log: logInto(lines), metrics: noMetrics, version: '0.1.0' }
  const policy = commitPolicy({ mode, intervalMs: minuteMs, now: world.now })
  const deferral = createDeferral({ store, policy, metrics: noMetrics })
  const clockOf = (name: string) => createProcess(name, world).clock
  const writers = Array.from({ length: count }, (_, i) =>
    createTableWriter({
      ...told,
      ...(receipts && { deferral }),
      identifier,
      catalog: bucket.catalogFor(wait),
      creation: tableCreation(logs, 'day'),
      clock: clockOf(`writer ${i}`),
    }),
  )
  const sweep = createSweep({
    ...told,
    store,
    notes: createSweepNotes(slowState, clockOf('sweep'), told.log),
    catalog: bucket.catalogFor(wait),
    clock: clockOf('sweep'),
  })
  const lease = createLease(slowState, clockOf('sweep'), told.log)
  const times: number[] = []
  const outcomes = new Map<string, number>()
  const sweeps: SweepResult[] = []
  const points: Point[] = []
  const sendTo = (n: number): Promise<string> =>
    send(writers[n % count] as TableWriter, n, times[n] ?? 0, world, fileOf)
  const sendNext = async (): Promise<void> => {
    const n = times.push(world.now()) - 1
    const outcome = await sendTo(n)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const sweepNow = async (): Promise<void> => {
    sweeps.push(await sweep(world.now() + sweepMs, lease))
  }
  const point = async (): Promise<Point> => {
    const { bytes, manifests } = await bucket.list()
    return {
      hours: Math.round((world.now() - begin) / hourMs),
      snapshots: bucket.metadata().snapshots.length,
      metadataBytes: bucket.size(),
      listBytes: bytes,
      manifests,
    }
  }
  return {
    world,
    bucket,
    state,
    lines,
    outcomes,
    sweeps,
    points,
    point,
    sent: () => times.length,
    async run(minutes, perMinute, isSwept = receipts) {
      for (let minute = 0; minute < minutes; minute++) {
        const start = world.now()
        for (let i = 0; i < perMinute; i++) {
          world.at(start + Math.floor((i * minuteMs) / perMinute), () => void sendNext())
        }
        if (isSwept) world.at(start + minuteMs / 2, () => void sweepNow())
        await passed(world, start + minuteMs)
        if ((world.now() - begin) % hourMs !== 0) continue
        await bucket.maintain()
        points.push(await point())
      }
    },
    async owe(count) {
      const base = bucket.metadata()
      const { io } = (await bucket.catalogFor(async () => {}).load(identifier)) as LoadedTable
      const atOnce = createReceiptStore(state, sha256)
      for (let i = 0; i < count; i++) {
        const at = world.now()
        const n = times.push(at) - 1
        const { bytes, ...file } = fileOf(n, at)
        await io.put(file.dataFile.file_path, bytes)
        await atOnce.write({
          identifier,
          tableUuid: base['table-uuid'],
          schemaId: base['current-schema-id'],
          requestId: requestIdOf(n),
          receivedAt: at,
          baseSequence: base['last-sequence-number'],
          files: [file],
        })
      }
    },
    owed: async () => (await Array.fromAsync(state.list(owedPrefix))).map(({ key }) => key),
    async resend(n) {
      const sending = sendTo(n)
      await passed(world, world.now() + requestMs)
      return sending
    },
  }
}

/** Lets time pass until then. */
const passed = (world: World, until: number): Promise<void> => {
  world.at(until, () => {})
  return world.run(until)
}

const send = async (
  writer: TableWriter,
  n: number,
  at: number,
  { now }: World,
  fileOf: FileOf,
): Promise<string> => {
  try {
    const table = await writer.open()
    const request = { requestId: requestIdOf(n), receivedAt: now(), deadline: now() + requestMs }
    const [outcome] = await writer.append(table, [fileOf(n, at)], request)
    return outcome ?? 'nothing'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const logInto =
  (lines: Map<string, Line>): Log =>
  (level, message, facts = {}) => {
    const line = `${level}: ${message}`
    lines.set(line, { count: 1 + (lines.get(line)?.count ?? 0), facts })
  }

/** Keys in a page of S3's list. */
const pageOfKeys = 1_000

const waitingStorage = (storage: Storage, wait: (call: Call) => Promise<void>): Storage => ({
  ...storage,
  async put(key, bytes, options) {
    await wait('put')
    return storage.put(key, bytes, options)
  },
  async get(key, options) {
    await wait('get')
    return storage.get(key, options)
  },
  async *list(prefix) {
    let listed = 0
    for await (const info of storage.list(prefix)) {
      if (listed++ % pageOfKeys === 0) await wait('put')
      yield info
    }
  },
  async delete(key) {
    await wait('put')
    return storage.delete(key)
  },
})
