/** How a file and each of its columns are written: parquet-wasm's writer properties. */
import type { RecordBatch } from '../arrow/record-batch.ts'
import type { Float64Vector, Vector } from '../arrow/vector.ts'
import type { ParquetWasm } from './wasm.ts'

/** Compression codecs by name, as parquet-wasm numbers them. */
export const compressions = { none: 0, snappy: 1, gzip: 2, zstd: 5, lz4_raw: 6 } as const

export type Compression = keyof typeof compressions

/** Encodings as parquet-wasm numbers them. */
const deltaBinaryPacked = 4
const deltaLengthByteArray = 5

/** Which statistics, as parquet-wasm numbers them. Of chunks: a page has a large part of their rows. */
const noStatistics = 0
const chunkStatistics = 1

/**
 * Bytes of a page before compression. parquet-wasm's own limit of 1 MiB makes files of logs 0.2 %
 * smaller, takes the same time, and a third more memory.
 */
const pageSize = 256 << 10

export interface FileSettings {
  readonly compression: Compression
  /** Rows in a row group. */
  readonly rowGroupSize: number
  /** The footer's `created_by`. */
  readonly createdBy: string
}

interface ColumnSettings {
  readonly dictionary: boolean
  /** The encoding of values outside a dictionary; without it, plain. */
  readonly encoding?: number
  readonly statistics: boolean
}

/**
 * Strings longer than this on average have no statistics: the least and greatest JSON text of a
 * file help no filter, and comparing them is a tenth of the whole work.
 */
const longestMeanForStatistics = 64

/**
 * The settings of a column by what it holds, each the smaller and faster one on telemetry: what
 * repeats is in a dictionary already; ids and texts hardly repeat, so a dictionary is work in vain.
 */
const settingsOf = (vector: Vector): ColumnSettings | null => {
  switch (vector.kind) {
    case 'dictionary':
      return { dictionary: true, statistics: isShort(vector.dictionary) }
    case 'utf8':
      return { dictionary: false, encoding: deltaLengthByteArray, statistics: isShort(vector) }
    case 'int32':
    case 'int64':
      return { dictionary: false, encoding: deltaBinaryPacked, statistics: true }
    case 'float64':
      return { dictionary: false, statistics: !holdsNaN(vector) }
    case 'bool':
      return { dictionary: false, statistics: true }
    case 'list':
      return null
  }
}

const isShort = ({ offsets, length }: { offsets: Int32Array; length: number }): boolean =>
  (offsets[length] ?? 0) <= longestMeanForStatistics * length

/**
 * Minima and maxima leave NaN out, and DuckDB, where NaN is greater than all numbers, then skips
 * rows that it should find. Without them it looks.
 */
const holdsNaN = ({ values, length }: Float64Vector): boolean => {
  for (let i = 0; i < length; i++) if (Number.isNaN(values[i])) return true
  return false
}

/**
 * Writer properties in wasm's memory; the call they are passed to consumes them.
 *
 * The leaves of lists cannot be named in parquet-wasm's settings, so what holds for all columns is
 * what suits them: a dictionary (bounds and counts repeat from point to point: 10,000 points of histograms
 * are a sixth smaller and no slower), no statistics (no filter reaches into a list).
 */
export const writerProperties = (
  wasm: ParquetWasm,
  file: FileSettings,
  { fields, columns }: RecordBatch,
): number => {
  const builder = new PropertiesBuilder(wasm)
  builder.file(file)
  for (const [i, { name }] of fields.entries()) {
    const settings = settingsOf(columns[i] as Vector)
    if (settings !== null) builder.column(name, settings)
  }
  return builder.build()
}

/** parquet-wasm's builder. Every call consumes the builder it gets and answers with the next one. */
class PropertiesBuilder {
  private readonly wasm: ParquetWasm
  private pointer: number

  constructor(wasm: ParquetWasm) {
    this.wasm = wasm
    this.pointer = wasm.writerpropertiesbuilder_new()
  }

  file({ compression, rowGroupSize, createdBy }: FileSettings): void {
    const { wasm } = this
    const codec = compressions[compression]
    this.pointer = wasm.writerpropertiesbuilder_setCompression(this.pointer, codec)
    this.pointer = wasm.writerpropertiesbuilder_setDataPageSizeLimit(this.pointer, pageSize)
    this.pointer = wasm.writerpropertiesbuilder_setMaxRowGroupSize(this.pointer, rowGroupSize)
    // hyparquet cannot read the dictionary of a list column without values when it is compressed with LZ4.
    const dictionary = compression === 'lz4_raw' ? 0 : 1
    this.pointer = wasm.writerpropertiesbuilder_setDictionaryEnabled(this.pointer, dictionary)
    this.pointer = wasm.writerpropertiesbuilder_setStatisticsEnabled(this.pointer, noStatistics)
    const [text, length] = this.text(createdBy)
    this.pointer = wasm.writerpropertiesbuilder_setCreatedBy(this.pointer, text, length)
  }

  column(name: string, { dictionary, encoding, statistics }: ColumnSettings): void {
    const { wasm } = this
    this.set(wasm.writerpropertiesbuilder_setColumnDictionaryEnabled, name, dictionary ? 1 : 0)
    if (encoding !== undefined) {
      this.set(wasm.writerpropertiesbuilder_setColumnEncoding, name, encoding)
    }
    if (statistics) {
      this.set(wasm.writerpropertiesbuilder_setColumnStatisticsEnabled, name, chunkStatistics)
    }
  }

  build(): number {
    return this.wasm.writerpropertiesbuilder_build(this.pointer)
  }

  private set(setter: ColumnSetter, name: string, value: number): void {
    const [text, length] = this.text(name)
    this.pointer = setter(this.pointer, text, length, value)
  }

  /** A string in wasm's memory, which the call it is passed to frees. */
  private text(text: string): [pointer: number, length: number] {
    const bytes = utf8.encode(text)
    const pointer = this.wasm.__wbindgen_malloc(bytes.length, 1) >>> 0
    new Uint8Array(this.wasm.memory.buffer).set(bytes, pointer)
    return [pointer, bytes.length]
  }
}

type ColumnSetter = (builder: number, name: number, length: number, value: number) => number

const utf8 = new TextEncoder()
