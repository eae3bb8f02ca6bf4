/** Each stage of the way by itself, in this process, and the whole way without HTTP. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sha256 } from '../../runtimes/node/sha256.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { RecordBatch } from '../../src/arrow/record-batch.ts'
import { take } from '../../src/arrow/take.ts'
import { createIngest } from '../../src/ingest.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import type { TableBatch } from '../../src/otlp/batch.ts'
import { decode } from '../../src/otlp/decode.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { requestId } from '../../src/request-id.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { groupRows } from '../../src/tables/groups.ts'
import { sortedRows } from '../../src/tables/sort.ts'
import { best, type Spent, spentBy } from './cpu.ts'
import type { Payload } from './payloads.ts'

/** A stage, measured. */
export interface Stage {
  readonly name: string
  readonly spent: Spent
  /** Records that went through in one round. */
  readonly records: number
  /** Bytes of the files written for a request, where the stage writes or makes them. */
  readonly bytes?: number
}

/** How long to measure. */
export interface Effort {
  /** Records in a round, at the least; a round has at least one request. */
  readonly records: number
  readonly rounds: number
  /** Records before the first round: until everything is compiled. */
  readonly warmUp: number
}

/** Measures `work` on bodies made before, after warming up. */
export const measure = async (
  name: string,
  { payload, effort }: { payload: Payload; effort: Effort },
  work: (body: Uint8Array<ArrayBuffer>) => unknown,
): Promise<Stage> => {
  const requests = Math.ceil(effort.records / payload.records)
  const warmUps = Math.ceil(effort.warmUp / effort.records)
  const rounds: Spent[] = []
  for (let round = -warmUps; round < effort.rounds; round++) {
    const bodies = Array.from({ length: requests }, payload.next)
    const spent = await spentBy(async () => {
      for (const body of bodies) await work(body)
    })
    if (round >= 0) rounds.push(spent)
  }
  return { name, spent: best(rounds), records: requests * payload.records }
}

/** What the stages need that is made once. */
interface Workshop {
  readonly encoder: Encoder
  readonly storage: Storage
}

/** Measures every stage on a payload. */
export const measureStages = async (payload: Payload, effort: Effort): Promise<Stage[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-bench-'))
  try {
    const storage = await openFileStorage(folder)
    const encoder = createEncoder({ module: await compileParquetWasm(), version: 'bench' })
    return await stagesOf(payload, effort, { storage, encoder })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const stagesOf = async (
  payload: Payload,
  effort: Effort,
  { storage, encoder }: Workshop,
): Promise<Stage[]> => {
  const { signal, encoding } = payload
  const about = { payload, effort }
  const body = payload.next()
  const batches = decoded(payload, body)
  const sorted = batches.map(arranged)
  const files = sorted.map(({ table, batch }) => encoder.encode(batch, table.sortOrder).bytes)
  const bytes = files.reduce((size, file) => size + file.length, 0)
  const zipped = gzipSync(body)
  let put = 0
  const ingest = createIngest({
    storage,
    encode: encoder.encode,
    maxFiles: 1000,
    dedupe: true,
    sha256,
    log: noLog,
    metrics: noMetrics,
  })
  return [
    await measure('gunzip', about, () => gunzipSync(zipped, { chunkSize: body.length })),
    await measure(`decode ${encoding}`, about, (body) => decoded(payload, body)),
    await measure('request id', about, (body) => requestId(signal, body, sha256)),
    await measure('group, sort, take', about, () => batches.map(arranged)),
    {
      ...(await measure('parquet encode', about, () =>
        sorted.map(({ table, batch }) => encoder.encode(batch, table.sortOrder)),
      )),
      bytes,
    },
    await measure('put with fsync', about, async () => {
      for (const file of files) await storage.put(`bench/${put++}`, file, { ifNoneMatch: '*' })
    }),
    {
      ...(await measure('whole way, no HTTP', about, (body) =>
        ingest({ signal, encoding, body, receivedAt: Date.now() }),
      )),
      bytes,
    },
  ]
}

const decoded = ({ signal, encoding }: Payload, body: Uint8Array): readonly TableBatch[] =>
  decode({ signal, encoding, body, requestId: '0'.repeat(32), receivedAt: 0 }).batches

/** A payload's rows are of one service and hour. */
const arranged = ({ table, batch }: TableBatch) => {
  const [group] = groupRows(batch)
  const rows = sortedRows(batch, table.sortOrder, group?.rows ?? null)
  return { table, batch: rows === null ? batch : (take(batch, rows) satisfies RecordBatch) }
}
