/**
 * One request's whole way: bytes → columns → sorted rows of one service and hour → Parquet → object. The only
 * file that knows the order.
 */
import type { RecordBatch } from './arrow/record-batch.ts'
import { take } from './arrow/take.ts'
import { IngestError } from './errors.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { TableBatch } from './otlp/batch.ts'
import { type Decoded, decode, type Encoding, type Signal } from './otlp/decode.ts'
import { fileUuid, randomRequestId, requestId } from './request-id.ts'
import type { Sha256 } from './sha256.ts'
import type { Storage } from './storage/storage.ts'
import { type Group, groupRows, limitGroups } from './tables/groups.ts'
import { encodeService, objectKey, partitionName } from './tables/object-key.ts'
import { sortedRows } from './tables/sort.ts'
import type { Table } from './tables/table.ts'
import { createQueues, inTurns } from './turns.ts'

export type { Encoding, Signal }

export interface IngestRequest {
  readonly signal: Signal
  readonly encoding: Encoding
  /** The body after decompression. */
  readonly body: Uint8Array
  /** When the request arrived, in milliseconds since 1970. */
  readonly receivedAt: number
}

export interface IngestResult {
  /** 32 hex digits; the same for every attempt to send the same body. */
  readonly requestId: string
  /** Records stored, now or by an earlier attempt. */
  readonly records: number
  /** Records rejected, by reason: a short fixed phrase for the sender. */
  readonly rejected: ReadonlyMap<string, number>
  /** Files written now. */
  readonly files: number
  /** Files that stood already, from an earlier attempt. */
  readonly duplicates: number
  /** Bytes of the files written now. */
  readonly bytes: number
  /** Fields nobody knows, and strings that had to be repaired to UTF-8. */
  readonly unknownFields: number
  readonly repairedStrings: number
}

/** Decodes a request and stores its rows; an `IngestError` when it could not. */
export type Ingest = (request: IngestRequest) => Promise<IngestResult>

export interface IngestOptions {
  readonly storage: Storage
  readonly encode: (
    batch: RecordBatch,
    sortOrder: readonly string[],
  ) => { readonly bytes: Uint8Array }
  /** The most files that one request may write; the records of its smallest groups beyond are rejected. */
  readonly maxFiles: number
  /** Whether equal bodies are one request. */
  readonly dedupe: boolean
  /** The runtime's own SHA-256 for request ids, where it has one that copies nothing. */
  readonly sha256?: Sha256
  readonly log: Log
  readonly metrics: Metrics
}

/** Files of one request that are written at the same time: more would only hold more memory. */
const maxConcurrentWrites = 8

/** Puts the way together for one destination; every request is then a call of what is returned. */
export const createIngest = (options: IngestOptions): Ingest => {
  const { dedupe, sha256 } = options
  // Attempts of one request that arrive at once: the later one has to see what the earlier one wrote, also where an
  // hour ends between them.
  const queued = createQueues()
  return async (request) => {
    const { signal, body } = request
    const id = dedupe ? await requestId(signal, body, sha256) : randomRequestId()
    return queued(id, () => storeRequest(id, request, options))
  }
}

const storeRequest = async (
  id: string,
  request: IngestRequest,
  options: IngestOptions,
): Promise<IngestResult> => {
  const { maxFiles, log, metrics } = options
  const { signal } = request
  const { files, ...decoded } = decodeFiles(id, request)
  const { kept, rejected } = limitGroups(files, maxFiles)
  const outcomes = await inTurns(kept, maxConcurrentWrites, async (file) => {
    const outcome = await store(file, id, options)
    if (outcome.created) metrics.count('records', { signal }, file.count)
    return outcome
  })
  const result = summary(id, decoded, rejected, outcomes, maxFiles)
  count(signal, result, metrics)
  const { duplicates } = result
  if (duplicates > 0) log('info', 'a request came again', { signal, requestId: id, duplicates })
  return result
}

/**
 * The rows of one file: one table, service and hour. A batch is let go as soon as its last file is
 * encoded: while files are on their way to the disk, other requests need the memory.
 */
interface TableFile extends Group {
  readonly table: Table
  batch: RecordBatch | null
}

/** Decodes a request into its files to be, and what there is to say about it. Nothing else holds on to the batches. */
const decodeFiles = (requestId: string, request: IngestRequest) => {
  const { batches, ...decoded } = decode({ ...request, requestId })
  return { ...decoded, files: batches.flatMap(filesOf) }
}

const filesOf = ({ table, batch }: TableBatch): TableFile[] =>
  groupRows(batch).map((group) => ({ ...group, table, batch }))

/** Takes the rows out of the file to be, sorts and encodes them. */
const encodeRows = (file: TableFile, { encode }: IngestOptions): Uint8Array => {
  const { table, rows, batch } = file
  if (batch === null) throw new Error('a file is encoded once')
  file.batch = null
  const order = sortedRows(batch, table.sortOrder, rows)
  return encode(order === null ? batch : take(batch, order), table.sortOrder).bytes
}

interface Outcome {
  readonly created: boolean
  readonly bytes: number
}

/** Writes one file under a key that every attempt of the request finds again. */
const store = async (file: TableFile, id: string, options: IngestOptions): Promise<Outcome> => {
  const { table } = file
  const { storage, metrics, sha256 } = options
  const started = performance.now()
  const service = await encodeService(file.service)
  const uuid = await fileUuid(id, table.name, partitionName(service, file), sha256)
  const keyAt = (hour: number) => objectKey(table, service, { ...file, hour }, uuid)
  const key = file.timeless ? await keyOfTimeless(keyAt, file.hour, storage) : keyAt(file.hour)
  const bytes = encodeRows(file, options)
  const put = await asked(() => storage.put(key, bytes, { ifNoneMatch: '*' }))
  if (put === 'exists') return duplicate(table, metrics)
  metrics.count('files', { table: table.name })
  metrics.count('written_bytes', { table: table.name }, bytes.length)
  metrics.observe('write_duration', { table: table.name }, (performance.now() - started) / 1000)
  return { created: true, bytes: bytes.length }
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

const duplicate = (table: Table, metrics: Metrics): Outcome => {
  metrics.count('duplicates', { table: table.name })
  return { created: false, bytes: 0 }
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

const summary = (
  id: string,
  decoded: Omit<Decoded, 'batches'>,
  overLimit: number,
  outcomes: readonly Outcome[],
  maxFiles: number,
): IngestResult => {
  const created = outcomes.filter((outcome) => outcome.created)
  const rejected = new Map(decoded.rejected)
  if (overLimit > 0) rejected.set(`more than ${maxFiles} files in one request`, overLimit)
  return {
    requestId: id,
    records: decoded.records - overLimit,
    rejected,
    files: created.length,
    duplicates: outcomes.length - created.length,
    bytes: created.reduce((sum, { bytes }) => sum + bytes, 0),
    unknownFields: decoded.unknownFields,
    repairedStrings: decoded.repairedStrings,
  }
}

const count = (signal: Signal, result: IngestResult, metrics: Metrics): void => {
  for (const [reason, records] of result.rejected) {
    metrics.count('rejected_records', { signal, reason }, records)
  }
  if (result.unknownFields > 0) metrics.count('unknown_fields', { signal }, result.unknownFields)
  if (result.repairedStrings > 0) {
    metrics.count('repaired_strings', { signal }, result.repairedStrings)
  }
}
