/** How the file and each of its columns are written: parquet-wasm's writer properties. */
import type { Field } from '../arrow/record-batch.ts'
import type { Vector } from '../arrow/vector.ts'
import type { ParquetWasm } from './wasm.ts'

/** Compression codecs by name, numbered as parquet-wasm numbers them. */
export const compressions = { none: 0, snappy: 1, gzip: 2, zstd: 5, lz4_raw: 6 } as const

export type Compression = keyof typeof compressions

const encodings = { plain: 0, deltaBinaryPacked: 4, deltaLengthByteArray: 5 } as const
const statistics = { none: 0, chunk: 1, page: 2 } as const

interface ColumnSettings {
  readonly dictionary: boolean
  /** The encoding without a dictionary. */
  readonly encoding?: number
  readonly statistics?: number
}

/** What holds for every column that says nothing else, and for the leaves of all lists. */
const common = { dictionary: true, statistics: statistics.chunk } as const

const settingsOf = (vector: Vector): ColumnSettings => {
  switch (vector.kind) {
    case 'utf8':
      return { dictionary: false, encoding: encodings.deltaLengthByteArray }
    case 'int64':
      return { dictionary: false, encoding: encodings.deltaBinaryPacked }
    default:
      return common
  }
}

export interface FileSettings {
  readonly compression: Compression
  /** Rows in a row group. */
  readonly rowGroupSize: number
  readonly createdBy: string
}

/** A new writer properties object in wasm's memory; the call that it is passed to consumes it. */
export const writerProperties = (
  wasm: ParquetWasm,
  file: FileSettings,
  fields: readonly Field[],
  columns: readonly Vector[],
): number => {
  let builder = wasm.writerpropertiesbuilder_new()
  builder = wasm.writerpropertiesbuilder_setCompression(builder, compressions[file.compression])
  builder = wasm.writerpropertiesbuilder_setMaxRowGroupSize(builder, file.rowGroupSize)
  builder = wasm.writerpropertiesbuilder_setDictionaryEnabled(builder, Number(common.dictionary))
  builder = wasm.writerpropertiesbuilder_setStatisticsEnabled(builder, common.statistics)
  builder = withText(wasm, file.createdBy, (at, length) =>
    wasm.writerpropertiesbuilder_setCreatedBy(builder, at, length),
  )
  for (const [i, field] of fields.entries()) {
    const settings = settingsOf(columns[i] as Vector)
    if (settings.dictionary !== common.dictionary) {
      builder = withText(wasm, field.name, (at, length) =>
        wasm.writerpropertiesbuilder_setColumnDictionaryEnabled(
          builder,
          at,
          length,
          Number(settings.dictionary),
        ),
      )
    }
    const { encoding } = settings
    if (encoding !== undefined) {
      builder = withText(wasm, field.name, (at, length) =>
        wasm.writerpropertiesbuilder_setColumnEncoding(builder, at, length, encoding),
      )
    }
  }
  return wasm.writerpropertiesbuilder_build(builder)
}

const encoder = new TextEncoder()

/** Passes a string as wasm-bindgen passes one: the callee frees it. */
const withText = (
  wasm: ParquetWasm,
  text: string,
  call: (pointer: number, length: number) => number,
): number => {
  const bytes = encoder.encode(text)
  const pointer = wasm.__wbindgen_malloc(bytes.length, 1) >>> 0
  new Uint8Array(wasm.memory.buffer).set(bytes, pointer)
  return call(pointer, bytes.length)
}
