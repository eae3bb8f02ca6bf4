/**
 * One request's whole way: bytes → columns → the rows of each file → Parquet → object (→ commit). The only file that
 * knows the order; `ingest/plain.ts` and `ingest/iceberg.ts` say what a file is at each destination, and how it is stored.
 */
import { OutdatedFilesError } from './errors.ts'
import type { Destination, FileToBe, Outcome } from './ingest/destination.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { type Decoded, decode, type Encoding, type Signal } from './otlp/decode.ts'
import { randomRequestId, requestId } from './request-id.ts'
import type { Sha256 } from './sha256.ts'
import { limitGroups } from './tables/groups.ts'
import { createQueues } from './turns.ts'

export type { Encoding, Signal }

export interface IngestRequest {
  readonly signal: Signal
  readonly encoding: Encoding
  /** The body after decompression. */
  readonly body: Uint8Array
  /** When the request arrived, in milliseconds since 1970. */
  readonly receivedAt: number
  /** When the sender is answered in any case, in milliseconds since 1970; not given: never. */
  readonly deadline?: number
  /**
   * Called when the body was read, so that its memory can be had again. Where files turn out to be made for a table that is
   * another one by then, the sender has to come again.
   */
  readonly read?: () => void
  /** Told the request's id, and what it waits for from now on: what there is to say where its time is over. */
  readonly reached?: (requestId: string, waitingFor: string) => void
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
  readonly destination: Destination
  /** The most files that one request may write; the records of its smallest groups beyond are rejected. */
  readonly maxFiles: number
  /** Whether equal bodies are one request. */
  readonly dedupe: boolean
  /** The runtime's own SHA-256 for request ids, where it has one that copies nothing. */
  readonly sha256?: Sha256
  readonly log: Log
  readonly metrics: Metrics
}

/** Puts the way together for one destination; every request is then a call of what is returned. */
export const createIngest = (options: IngestOptions): Ingest => {
  const { dedupe, sha256 } = options
  // Attempts of one request that arrive at once: the later one has to see what the earlier one wrote, also where an
  // hour ends between them.
  const queued = createQueues()
  return async (request) => {
    const { signal, body } = request
    const id = dedupe ? await requestId(signal, body, sha256) : randomRequestId()
    request.reached?.(id, 'an earlier attempt')
    return queued(id, () =>
      storeRequest(id, request, options).catch((error: unknown) => {
        // Once: a table that is made anew all the time is the sender's to wait for.
        if (!(error instanceof OutdatedFilesError) || request.read !== undefined) throw error
        options.log('warn', 'a request is made into files again', { signal, requestId: id, error })
        return storeRequest(id, request, options, true)
      }),
    )
  }
}

/** `isRemade`: its files stand, or some of them, since we were here before; nobody sent it again. */
const storeRequest = async (
  id: string,
  request: IngestRequest,
  options: IngestOptions,
  isRemade = false,
): Promise<IngestResult> => {
  const { destination, maxFiles, log, metrics } = options
  const { signal, receivedAt, deadline = Number.POSITIVE_INFINITY } = request
  request.reached?.(id, 'its tables')
  const { files, ...decoded } = await decodeFiles(id, request, destination)
  const { kept, rejected } = limitGroups(files, maxFiles)
  request.reached?.(id, 'its files and their commit')
  const outcomes = await destination.store(kept, {
    requestId: id,
    receivedAt,
    deadline,
    stored: ({ created, count }) => {
      if (created) metrics.count('records', { signal }, count)
    },
  })
  const result = summary(id, decoded, rejected, outcomes, maxFiles)
  count(signal, result, metrics)
  const { duplicates } = result
  if (duplicates > 0 && !isRemade) {
    log('info', 'a request came again', { signal, requestId: id, duplicates })
  }
  return result
}

/** Decodes a request into its files to be, and what there is to say about it. Nothing else holds on to the batches. */
const decodeFiles = async (
  requestId: string,
  request: IngestRequest,
  destination: Destination,
): Promise<Omit<Decoded, 'batches'> & { files: readonly FileToBe[] }> => {
  const { batches, ...decoded } = decode({ ...request, requestId })
  request.read?.()
  const files = await Promise.all(batches.map((batch) => destination.divide(batch)))
  return { ...decoded, files: files.flat() }
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
