/** A record batch as the bytes of one Parquet file, through an Arrow IPC stream and parquet-wasm. */
import { toIpc } from '../arrow/ipc.ts'
import type { RecordBatch } from '../arrow/record-batch.ts'
import type { SortColumn } from '../arrow/sort-column.ts'
import { IngestError } from '../errors.ts'
import { type AssembledFile, assemble, divide } from './file.ts'
import { type FileMetrics, fileMetrics } from './leaf-metrics.ts'
import { type Compression, writerProperties } from './properties.ts'
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

export interface Encoder {
  /**
   * One batch as one file. `sortOrder` names the columns that its rows are sorted by, for the
   * footer. Synchronous: a call holds the thread for 1 ms and 2 to 4 µs a row.
   * `IngestError`: `unavailable` when memory ran out, else `internal`. A call that failed has no
   * effect on the next one.
   */
  encode(batch: RecordBatch, sortOrder?: readonly SortColumn[]): EncodedFile
  /**
   * The same file, and what is known of its columns: sizes and counts of all, the least and the greatest value of those
   * whose names are in `bounded` (in upper or lower case). Takes up to 0.1 µs a row more.
   */
  encodeMeasured(
    batch: RecordBatch,
    sortOrder: readonly SortColumn[],
    bounded: readonly string[],
  ): MeasuredFile
}

/** An encoder. Its first call compiles what it uses of the module: 50 ms (see `warmUp`). */
export const createEncoder = (options: EncoderOptions): Encoder => {
  const { module, maxMemoryBytes = 128 << 20 } = options
  const file = {
    compression: options.compression ?? 'zstd',
    rowGroupSize: options.rowGroupSize ?? 32768,
    createdBy: `otlp2parquet version ${options.version}`,
  }
  let idle: ParquetWasm | undefined
  const write = (batch: RecordBatch, sortOrder: readonly SortColumn[]): AssembledFile => {
    let wasm = idle
    // After a panic an instance may be in any state: it comes back only from a call that returned.
    idle = undefined
    try {
      wasm ??= instantiate(module)
      const { ours, rest } = divide(batch)
      const table = readTable(wasm, toIpc(rest))
      const written = writeTable(wasm, table, writerProperties(wasm, file, rest))
      const assembled = assemble(written.bytes, batch.fields, ours, sortOrder)
      written.free()
      // Memory never shrinks: a new instance costs less than keeping what one large batch took.
      if (wasm.memory.buffer.byteLength <= maxMemoryBytes) idle = wasm
      return assembled
    } catch (error) {
      throw failure(error, wasm)
    }
  }
  return {
    encode: (batch, sortOrder = []) => ({ bytes: write(batch, sortOrder).bytes }),
    encodeMeasured(batch, sortOrder, bounded) {
      const { bytes, rowGroups } = write(batch, sortOrder)
      return { bytes, metrics: fileMetrics(batch, rowGroups, bounded) }
    },
  }
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
