/** A record batch as the bytes of one Parquet file, through apache-arrow's IPC and parquet-wasm. */
import { toIpc } from '../arrow/ipc.ts'
import type { RecordBatch } from '../arrow/record-batch.ts'
import { IngestError } from '../errors.ts'
import { type Compression, writerProperties } from './properties.ts'
import { instantiate, type ParquetWasm } from './wasm.ts'

export interface EncoderOptions {
  /** parquet-wasm's module, compiled. The runtime knows where its file is. */
  readonly module: WebAssembly.Module
  /** The program's version, for the footer. */
  readonly version: string
  readonly compression?: Compression
  /** Rows in a row group. */
  readonly rowGroupSize?: number
  /** An instance whose memory has grown beyond this many bytes is not used again. */
  readonly maxMemoryBytes?: number
}

/** A file, and later what is known of its columns. */
export interface EncodedFile {
  readonly bytes: Uint8Array
}

export interface Encoder {
  /** One batch as one file. Synchronous: a call holds the thread for about 3 µs a row. `IngestError` when it fails. */
  encode(batch: RecordBatch): EncodedFile
}

export const createEncoder = (options: EncoderOptions): Encoder => {
  const { module, maxMemoryBytes = 256 << 20 } = options
  const file = {
    compression: options.compression ?? 'zstd',
    rowGroupSize: options.rowGroupSize ?? 32768,
    createdBy: `otlp2parquet version ${options.version}`,
  }
  let wasm: ParquetWasm | undefined
  return {
    encode(batch) {
      const pieces = toIpc(batch)
      const instance = (wasm ??= instantiate(module))
      wasm = undefined // A panic leaves an instance in any state: it comes back only after success.
      const bytes = write(instance, pieces, () =>
        writerProperties(instance, file, batch.fields, batch.columns),
      )
      if (instance.memory.buffer.byteLength <= maxMemoryBytes) wasm = instance
      return { bytes }
    },
  }
}

const write = (wasm: ParquetWasm, pieces: readonly Uint8Array[], properties: () => number) => {
  const table = readTable(wasm, pieces)
  const [pointer, length, error, failed] = wasm.writeParquet(table, properties())
  if (failed) throw taken(wasm, error)
  const bytes = new Uint8Array(wasm.memory.buffer, pointer >>> 0, length).slice()
  wasm.__wbindgen_free(pointer, length, 1)
  return bytes
}

/** An Arrow table in wasm's memory, from an IPC stream that is put there piece by piece. */
const readTable = (wasm: ParquetWasm, pieces: readonly Uint8Array[]): number => {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const start = wasm.__wbindgen_malloc(size, 1) >>> 0
  const memory = new Uint8Array(wasm.memory.buffer)
  let at = start
  for (const piece of pieces) {
    memory.set(piece, at)
    at += piece.length
  }
  const [table, error, failed] = wasm.table_fromIPCStream(start, size)
  if (failed) throw taken(wasm, error)
  return table
}

/** An error that wasm left in its table of references. */
const taken = (wasm: ParquetWasm, index: number): unknown => {
  const error: unknown = wasm.__wbindgen_externrefs.get(index)
  wasm.__externref_table_dealloc(index)
  return new IngestError('internal', 'cannot encode a Parquet file', { cause: error })
}
