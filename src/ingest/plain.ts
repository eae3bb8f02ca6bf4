/** Plain Parquet: one file for each service and hour, under a key that tells both. */
import type { RecordBatch } from '../arrow/record-batch.ts'
import { IngestError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import type { RowOrder } from '../parquet/encoder.ts'
import { fileUuid } from '../request-id.ts'
import type { Sha256 } from '../sha256.ts'
import type { Storage } from '../storage/storage.ts'
import { type Group, groupRows } from '../tables/groups.ts'
import { encodeService, objectKey, partitionName } from '../tables/object-key.ts'
import { sortedRows } from '../tables/sort.ts'
import type { Table } from '../tables/table.ts'
import { inTurns } from '../turns.ts'
import {
  type Delivery,
  type Destination,
  encodeOnce,
  type Outcome,
  type Rows,
} from './destination.ts'

export interface PlainOptions {
  readonly storage: Storage
  readonly encode: (batch: RecordBatch, order: RowOrder) => { readonly bytes: Uint8Array }
  readonly sha256?: Sha256
  readonly metrics: Metrics
}

/** The rows of one file: one table, service and hour. */
interface PlainFile extends Group, Rows {
  readonly table: Table
  readonly rows: Int32Array | null
}

/** Files of one request that are written at the same time: more would only hold more memory. */
const maxConcurrentWrites = 8

/** Files in a storage, and nothing that knows of them. */
export const createPlainDestination = (options: PlainOptions): Destination<PlainFile> => ({
  async divide({ table, batch, others }) {
    const groups = groupRows(batch)
    const shared = { batch, others, files: groups.length }
    return groups.map((group) => ({ ...group, table, batch: shared }))
  },
  store: (files, delivery) =>
    inTurns(files, maxConcurrentWrites, async (file) => {
      const outcome = await store(file, delivery, options)
      delivery.stored(outcome)
      return outcome
    }),
})

/** Writes one file under a key that every attempt of the request finds again. */
const store = async (
  file: PlainFile,
  { requestId }: Delivery,
  options: PlainOptions,
): Promise<Outcome> => {
  const { table, count } = file
  const { storage, metrics, sha256 } = options
  const started = performance.now()
  const service = await encodeService(file.service)
  const uuid = await fileUuid(requestId, table.name, partitionName(service, file), sha256)
  const keyAt = (hour: number) => objectKey(table, service, { ...file, hour }, uuid)
  const key = file.timeless ? await keyOfTimeless(keyAt, file.hour, storage) : keyAt(file.hour)
  const bytes = encodeRows(file, options)
  const put = await asked(() => storage.put(key, bytes, { ifNoneMatch: '*' }))
  if (put === 'exists') {
    metrics.count('duplicates', { table: table.name })
    return { created: false, bytes: 0, count }
  }
  metrics.count('files', { table: table.name })
  metrics.count('written_bytes', { table: table.name }, bytes.length)
  metrics.observe('write_duration', { table: table.name }, (performance.now() - started) / 1000)
  return { created: true, bytes: bytes.length, count }
}

/** Takes the batch out of the file to be, sorts its rows and encodes them. */
const encodeRows = (file: PlainFile, { encode }: PlainOptions): Uint8Array => {
  const { rows } = file
  const { sortOrder } = file.table
  return encodeOnce(file, (batch) =>
    encode(batch, { rows: sortedRows(batch, sortOrder, rows), sortOrder }),
  ).bytes
}

/** How long after the first attempt a resend of rows without a time is recognised: senders give up before. */
const resendHours = 24

/**
 * Rows without a time lie in the hour of their arrival. Another attempt may have come in an hour
 * before or, where this one's body came slowly, after: then it is its file that has to stand.
 */
const keyOfTimeless = async (
  keyAt: (hour: number) => string,
  hour: number,
  storage: Storage,
): Promise<string> => {
  const before = Array.from({ length: resendHours }, (_, i) => hour - 1 - i)
  const keys = [hour + 1, ...before].map(keyAt)
  const found = await asked(() => Promise.all(keys.map((key) => storage.head(key))))
  return found.find((object) => object !== null)?.key ?? keyAt(hour)
}

/** What a storage does not explain is its trouble still, and the sender has to come again. */
const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask()
  } catch (cause) {
    if (cause instanceof IngestError) throw cause
    throw new IngestError('unavailable', 'storage is unavailable', { cause })
  }
}
