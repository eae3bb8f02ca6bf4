/**
 * Each stage of the way by itself, and the whole way without HTTP. A program of its own, so that
 * nothing which ran before has warmed it up in another way or left its memory full:
 * `node stages.ts ours|naive KIND RECORDS protobuf|json EFFORT` prints a list of `Stage` as JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { sha256 } from '../../runtimes/shared/sha256.ts'
import { take } from '../../src/arrow/take.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import type { TableBatch } from '../../src/otlp/batch.ts'
import { decode } from '../../src/otlp/decode.ts'
import { createEncoder } from '../../src/parquet/encoder.ts'
import { requestId } from '../../src/request-id.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { groupRows } from '../../src/tables/groups.ts'
import { sortedRows } from '../../src/tables/sort.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import { bestRound, type Effort, type Spent } from './measure.ts'
import { naiveDecode, naiveEncode, naiveIngest, naiveStore } from './naive.ts'
import { type Kind, type Payload, payloadOf } from './payloads.ts'

/** A stage, measured. */
export interface Stage {
  readonly name: StageName
  readonly spent: Spent
  /** Records that went through in a round. */
  readonly records: number
  /** Bytes of the files of one request, where the stage makes or writes them. */
  readonly bytes?: number
}

export const stageNames = [
  'gunzip',
  'decode',
  'request id',
  'group, sort, take',
  'parquet encode',
  'fs put with fsync',
  'whole way, no HTTP',
] as const

export type StageName = (typeof stageNames)[number]

type Work = (body: Uint8Array<ArrayBuffer>) => unknown

/** What each stage does with a body, or with what stages before it made of one. */
interface Works {
  readonly stages: Partial<Record<StageName, Work>>
  /** Bytes of the files of one request. */
  readonly bytes: number
}

const total = (files: readonly Uint8Array[]) => files.reduce((sum, { length }) => sum + length, 0)

const ourWorks = async (payload: Payload, folder: string): Promise<Works> => {
  const { signal, encoding } = payload
  const storage = await openFileStorage(folder)
  const { encode } = createEncoder({ module: await compileParquetWasm(), version: 'bench' })
  const body = payload.next()
  const zipped = gzipSync(body)
  const batches = decoded(payload, body)
  const encoded = (sorted: readonly TableBatch[]) =>
    sorted.map(({ table, batch }) => encode(batch, { sortOrder: table.sortOrder }).bytes)
  const sorted = batches.map(arranged)
  const files = encoded(sorted)
  const about = { maxFiles: 1000, dedupe: true, log: noLog, metrics: noMetrics }
  const ingest = createPlainIngest({ storage, encode, sha256, ...about })
  let puts = 0
  const stages: Works['stages'] = {
    gunzip: () => gunzipSync(zipped, { chunkSize: body.length }),
    decode: (body) => decoded(payload, body),
    'request id': (body) => requestId(signal, body, sha256),
    'group, sort, take': () => batches.map(arranged),
    'parquet encode': () => encoded(sorted),
    'fs put with fsync': async () => {
      for (const file of files) await storage.put(`put/${puts++}`, file, { ifNoneMatch: '*' })
    },
    'whole way, no HTTP': (body) => ingest({ signal, encoding, body, receivedAt: Date.now() }),
  }
  return { stages, bytes: total(files) }
}

const decoded = ({ signal, encoding }: Payload, body: Uint8Array): readonly TableBatch[] =>
  decode({ signal, encoding, body, requestId: '0'.repeat(32), receivedAt: 0 }).batches

/** A payload's rows are of one service and hour. */
const arranged = ({ table, batch }: TableBatch): TableBatch => {
  const [group] = groupRows(batch)
  const rows = sortedRows(batch, table.sortOrder, group?.rows ?? null)
  return { table, batch: rows === null ? batch : take(batch, rows) }
}

const naiveWorks = (payload: Payload, folder: string): Works => {
  const rows = naiveDecode(payload, payload.next())
  const files = naiveEncode(rows)
  const stages: Works['stages'] = {
    decode: (body) => naiveDecode(payload, body),
    'parquet encode': () => naiveEncode(rows),
    'fs put with fsync': async () => {
      for (const file of files) await naiveStore(folder, file)
    },
    'whole way, no HTTP': (body) => naiveIngest(payload, body, folder),
  }
  return { stages, bytes: total(files) }
}

const measured = async (
  { stages, bytes }: Works,
  payload: Payload,
  effort: Effort,
): Promise<Stage[]> => {
  const requests = Math.ceil(effort.records / payload.records)
  const prepare = () => Array.from({ length: requests }, payload.next)
  const results: Stage[] = []
  for (const name of stageNames) {
    const work = stages[name]
    if (work === undefined) continue
    const each = async (bodies: readonly Uint8Array<ArrayBuffer>[]) => {
      for (const body of bodies) await work(body)
    }
    const spent = await bestRound(effort, prepare, each, cpuOfThis)
    const makesFiles = name === 'parquet encode' || name === 'whole way, no HTTP'
    const records = requests * payload.records
    results.push({ name, spent, records, ...(makesFiles && { bytes }) })
  }
  return results
}

const cpuOfThis = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

if (import.meta.main) {
  const [way, kind, records, encoding, effort = ''] = process.argv.slice(2)
  const payload = payloadOf(kind as Kind, Number(records), encoding as Payload['encoding'])
  const folder = mkdtempSync(join(tmpdir(), 'otlp2parquet-bench-'))
  try {
    const works = way === 'naive' ? naiveWorks(payload, folder) : await ourWorks(payload, folder)
    console.log(JSON.stringify(await measured(works, payload, JSON.parse(effort))))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
