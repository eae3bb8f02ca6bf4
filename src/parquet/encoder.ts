/**
 * A record batch as the bytes of one Parquet file. Row group by row group: rows are gathered in the file's order, go through
 * an Arrow IPC stream into parquet-wasm, and come back as column chunks, so that what is held beside the batch and the file
 * follows the size of a row group.
 */

import { freeBatch } from '../arrow/free.ts'
import { toIpc } from '../arrow/ipc.ts'
import type { RecordBatch } from '../arrow/record-batch.ts'
import type { SortColumn } from '../arrow/sort-column.ts'
import { take } from '../arrow/take.ts'
import { IngestError } from '../errors.ts'
import { type AssembledFile, divide, FileAssembly } from './file.ts'
import { type FileMetrics, fileMetrics, type GroupMetrics, groupMetrics } from './leaf-metrics.ts'
import { type Compression, type FileSettings, writerProperties } from './properties.ts'
import { instantiate, type ParquetWasm } from './wasm.ts'

export interface EncoderOptions {
  /** parquet-wasm's module, compiled: each runtime finds and compiles it in its own way. */
  readonly module: WebAssembly.Module
  /** The program's version, for the footer. */
  readonly version: string
  readonly compression?: Compression
  /** Rows in a row group; 32768 without it. */
  readonly rowGroupSize?: number
  /** Bytes; an instance whose memory has grown beyond is not used again. 128 MiB without it. */
  readonly maxMemoryBytes?: number
}

export interface EncodedFile {
  readonly bytes: Uint8Array
}

export interface MeasuredFile extends EncodedFile {
  readonly metrics: FileMetrics
}

/** Which rows of a batch a file holds, in which order. */
export interface RowOrder {
  /** Row numbers in the file's order; null, or nothing, for all rows as they stand. */
  readonly rows?: Int32Array | null
  /** The columns that the rows are sorted by then, for the footer. */
  readonly sortOrder?: readonly SortColumn[]
}

export interface Encoder {
  /**
   * Rows of one batch as one file. Synchronous: a call holds the thread for 1 ms and 2 to 4 µs a row.
   * `IngestError`: `unavailable` when memory ran out, else `internal`. A call that failed has no
   * effect on the next one.
   */
  encode(batch: RecordBatch, order?: RowOrder): EncodedFile
  /**
   * The same file, and what is known of its columns: sizes and counts of all, the least and the greatest value of those
   * whose names are in `bounded` (in upper or lower case). Takes up to 0.1 µs a row more.
   */
  encodeMeasured(batch: RecordBatch, order: RowOrder, bounded: readonly string[]): MeasuredFile
}

/** An encoder. Its first call compiles what it uses of the module: 50 ms (see `warmUp`). */
export const createEncoder = (options: EncoderOptions): Encoder => {
  const { module, maxMemoryBytes = 128 << 20 } = options
  const settings: FileSettings = {
    compression: options.compression ?? 'zstd',
    rowGroupSize: options.rowGroupSize ?? 32768,
    createdBy: `otlp2parquet version ${options.version}`,
  }
  let idle: ParquetWasm | undefined
  const write = (
    batch: RecordBatch,
    { rows = null, sortOrder = [] }: RowOrder,
    written: (group: RecordBatch) => void,
  ): AssembledFile => {
    let wasm = idle
    // After a panic an instance may be in any state: it comes back only from a call that returned.
    idle = undefined
    try {
      wasm ??= instantiate(module)
      const assembly = new FileAssembly(batch.fields, sortOrder)
      for (const group of groupsOf(batch, rows, settings.rowGroupSize)) {
        writeGroup(wasm, group, settings, assembly)
        written(group)
        if (group !== batch) freeBatch(group, [batch])
      }
      // Memory never shrinks: a new instance costs less than keeping what one large batch took.
      if (wasm.memory.buffer.byteLength <= maxMemoryBytes) idle = wasm
      return assembly.finish()
    } catch (error) {
      throw failure(error, wasm)
    }
  }
  return {
    encode: (batch, order = {}) => ({ bytes: write(batch, order, () => {}).bytes }),
    encodeMeasured(batch, order, bounded) {
      const groups: GroupMetrics[] = []
      const { bytes, rowGroups } = write(batch, order, (group) => {
        groups.push(groupMetrics(group, bounded))
      })
      return { bytes, metrics: fileMetrics(batch.fields, groups, rowGroups) }
    },
  }
}

/** Adds one row group to a file: parquet-wasm writes it as a file of its own. */
const writeGroup = (
  wasm: ParquetWasm,
  group: RecordBatch,
  settings: FileSettings,
  assembly: FileAssembly,
): void => {
  const { ours, rest } = divide(group)
  const table = readTable(wasm, toIpc(rest))
  const written = writeTable(wasm, table, writerProperties(wasm, settings, rest))
  assembly.add(written.bytes, ours, group.numRows)
  written.free()
}

/** The rows of a file by row groups, each a batch of its own; the batch itself where it is one group as it stands. */
function* groupsOf(
  batch: RecordBatch,
  rows: Int32Array | null,
  size: number,
): Iterable<RecordBatch> {
  const count = rows?.length ?? batch.numRows
  if (rows === null && count <= size) {
    yield batch
    return
  }
  let start = 0
  do {
    const end = Math.min(start + size, count)
    yield take(batch, rows?.subarray(start, end) ?? span(start, end))
    start = end
  } while (start < count)
}

/** The whole numbers from `start` up to, not including, `end`. */
const span = (start: number, end: number): Int32Array => {
  const numbers = new Int32Array(end - start)
  for (let i = 0; i < numbers.length; i++) numbers[i] = start + i
  return numbers
}

/** An Arrow table in wasm's memory, from an IPC stream that is put there piece by piece. */
const readTable = (wasm: ParquetWasm, pieces: readonly Uint8Array[]): number => {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const stream = wasm.__wbindgen_malloc(size, 1) >>> 0
  const memory = new Uint8Array(wasm.memory.buffer)
  let at = stream
  for (const piece of pieces) {
    memory.set(piece, at)
    at += piece.length
  }
  const [table, error, failed] = wasm.table_fromIPCStream(stream, size)
  if (failed) throw wasm.__wbindgen_externrefs.get(error)
  return table
}

/** The file's bytes in wasm's memory, until they are freed. Consumes the table and the properties. */
const writeTable = (wasm: ParquetWasm, table: number, properties: number) => {
  const [file, length, error, failed] = wasm.writeParquet(table, properties)
  if (failed) throw wasm.__wbindgen_externrefs.get(error)
  return {
    bytes: new Uint8Array(wasm.memory.buffer, file >>> 0, length),
    free: () => wasm.__wbindgen_free(file, length, 1),
  }
}

/** An instance this large that traps has most likely run out of memory: it says no more than "trap". */
const nearlyAllMemory = 1 << 30

const failure = (cause: unknown, wasm: ParquetWasm | undefined): IngestError => {
  const size = wasm?.memory.buffer.byteLength ?? 0
  return cause instanceof RangeError || size >= nearlyAllMemory
    ? new IngestError('unavailable', 'cannot write Parquet: out of memory', { cause })
    : new IngestError('internal', 'cannot write Parquet', { cause })
}
