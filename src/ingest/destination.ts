/** Where a request's rows go: files of plain Parquet, or the tables of a catalog. */
import { freeBatch } from '../arrow/free.ts'
import type { RecordBatch } from '../arrow/record-batch.ts'
import type { TableBatch } from '../otlp/batch.ts'

/** Rows that become one file here. */
export interface FileToBe {
  readonly count: number
}

export interface Outcome {
  /** False: an earlier attempt of the request stored these rows. */
  readonly created: boolean
  /** Of the file, 0 when it was not created. */
  readonly bytes: number
  readonly count: number
}

/** What a destination is told of the request. */
export interface Delivery {
  /** 32 hex digits; the same for every attempt to send the same body. */
  readonly requestId: string
  /** When the request arrived, in milliseconds since 1970. */
  readonly receivedAt: number
  /** Milliseconds since 1970: when the sender is answered in any case. */
  readonly deadline: number
  /** Called for each file as soon as it is stored, whatever becomes of the others. */
  readonly stored: (outcome: Outcome) => void
}

export interface Destination<File extends FileToBe = FileToBe> {
  /** Divides rows into files. */
  divide(batch: TableBatch): Promise<readonly File[]>
  /**
   * Stores files. When it resolves they are stored, and in their table or on their way there; an `IngestError` when one could not be,
   * though others may have been: the next attempt finds them.
   */
  store(files: readonly File[], delivery: Delivery): Promise<readonly Outcome[]>
}

/**
 * Rows on their way into a file. A batch is let go as soon as its last file is encoded: while files are on their way to
 * the disk, other requests need the memory.
 */
export interface Rows {
  readonly rows: Int32Array | null
  batch: SharedBatch | null
}

/** A batch, and how many files are still to be made of it. */
export interface SharedBatch {
  readonly batch: RecordBatch
  /** Batches that may share memory with it. */
  readonly others?: readonly RecordBatch[] | undefined
  files: number
}

/** Encodes rows now, and never again. With its last file the batch's own memory is given back. */
export const encodeOnce = <T>(of: Rows, encode: (batch: RecordBatch) => T): T => {
  const shared = of.batch
  if (shared === null) throw new Error('a file is encoded once')
  of.batch = null
  try {
    return encode(shared.batch)
  } finally {
    if (--shared.files === 0) freeBatch(shared.batch, shared.others)
  }
}
