/**
 * Column chunks of strings that repeat, written by ourselves.
 *
 * parquet-wasm hashes a dictionary's entry again for every row: 15 such columns were two fifths of
 * the time of writing 10,000 logs. Here a chunk is the entries once and a run for each change.
 */
import { rankStrings } from '../arrow/rank.ts'
import type { Field } from '../arrow/record-batch.ts'
import { type DictionaryVector, isValid, type Utf8Vector } from '../arrow/vector.ts'
import { ByteSink } from './byte-sink.ts'
import { bitWidth, writeRunLength } from './run-length.ts'
import { type Struct, struct, writeStruct } from './thrift.ts'

/** Numbers of parquet.thrift. */
const byteArray = 6
const optional = 1
const utf8Converted = 0
const [plain, rle, rleDictionary] = [0, 3, 8]
const uncompressed = 0
const [dataPage, dictionaryPage] = [0, 2]

/** A column's dictionary, ready to be written: entries in bytewise order, each once. */
export interface DictionaryColumn {
  readonly vector: DictionaryVector
  /** By row of the dictionary: 1 + its place among the entries, 0 for null. */
  readonly ranks: Int32Array
  readonly entries: readonly Uint8Array[]
  /** The dictionary page, its header included. */
  readonly page: Uint8Array
}

/** Bytes that are left uncompressed in a chunk, at the most: so many, and one for each row. */
const freeBytes = 1024

/** A column as a dictionary, or null when its entries should rather be compressed. */
export const dictionaryColumn = (vector: DictionaryVector): DictionaryColumn | null => {
  const { dictionary } = vector
  const limit = freeBytes + vector.length
  if (dictionary.length > vector.length) return null
  const { ranks, highest } = rankStrings(dictionary)
  const entries: Uint8Array[] = new Array(highest)
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i] as number
    if (rank > 0) entries[rank - 1] ??= entryAt(dictionary, i)
  }
  const size = entries.reduce((size, entry) => size + 4 + entry.length, 0)
  if (size > limit) return null
  return { vector, ranks, entries, page: pageOf(entries, size) }
}

const entryAt = ({ offsets, data }: Utf8Vector, i: number): Uint8Array =>
  data.subarray(offsets[i], offsets[i + 1])

const pageOf = (entries: readonly Uint8Array[], size: number): Uint8Array => {
  const sink = new ByteSink(size + 64)
  const header = struct({ 1: entries.length, 2: plain })
  writeStruct(sink, struct({ 1: dictionaryPage, 2: size, 3: size, 7: header }))
  for (const entry of entries) {
    sink.int32(entry.length)
    sink.append(entry)
  }
  return sink.written()
}

/** The column in the file's schema. */
export const schemaElement = ({ name, id }: Field): Struct =>
  struct({
    1: byteArray,
    3: optional,
    4: utf8.encode(name),
    6: utf8Converted,
    9: id,
    10: struct({ 1: struct({}) }),
  })

const utf8 = new TextEncoder()

/** A column chunk: its bytes, and its metadata when it begins at `offset` in the file. */
export interface Chunk {
  readonly pieces: readonly Uint8Array[]
  readonly size: number
  metadata(offset: number): Struct
}

/** The chunk of the rows from `start` up to, not including, `end`. */
export const dictionaryChunk = (
  { name }: Field,
  column: DictionaryColumn,
  start: number,
  end: number,
): Chunk => {
  const ranks = ranksOfRows(column, start, end)
  const extent = extentOf(ranks)
  const page = dataPageOf(ranks, extent.nulls, column.entries.length)
  const size = column.page.length + page.length
  return {
    pieces: [column.page, page],
    size,
    metadata: (offset) =>
      struct({
        1: byteArray,
        2: [plain, rle, rleDictionary],
        3: [utf8.encode(name)],
        4: uncompressed,
        5: BigInt(ranks.length),
        6: BigInt(size),
        7: BigInt(size),
        9: BigInt(offset + column.page.length),
        11: BigInt(offset),
        12: statistics(extent, column.entries),
      }),
  }
}

const ranksOfRows = ({ vector, ranks }: DictionaryColumn, start: number, end: number) => {
  const { indices, validity } = vector
  const ofRows = new Int32Array(end - start)
  for (let row = start; row < end; row++) {
    if (isValid(validity, row)) ofRows[row - start] = ranks[indices[row] as number] as number
  }
  return ofRows
}

/** How many rows are null, and the lowest and highest rank of the others (0 when there are none). */
interface Extent {
  readonly nulls: number
  readonly lowest: number
  readonly highest: number
}

const extentOf = (ranks: Int32Array): Extent => {
  let [nulls, lowest, highest] = [0, 0, 0]
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i] as number
    if (rank === 0) nulls++
    else if (lowest === 0 || rank < lowest) lowest = rank
    if (rank > highest) highest = rank
  }
  return { nulls, lowest, highest }
}

/** A data page of version 1: definition levels, then the places of the entries of the rows that have one. */
const dataPageOf = (ranks: Int32Array, nulls: number, entries: number): Uint8Array => {
  const levels = new ByteSink(64)
  const places = new ByteSink(64)
  // One bit at least, as other writers have it: a width of 0 is allowed, and not read by all.
  const width = Math.max(1, bitWidth(entries - 1))
  writeRunLength(levels, levelsOf(ranks, nulls), 1)
  writeRunLength(places, placesOf(ranks, nulls), width)
  const size = 4 + levels.length + 1 + places.length
  const sink = new ByteSink(size + 64)
  const header = struct({ 1: ranks.length, 2: rleDictionary, 3: rle, 4: rle })
  writeStruct(sink, struct({ 1: dataPage, 2: size, 3: size, 5: header }))
  sink.int32(levels.length)
  sink.append(levels.written())
  sink.byte(width)
  sink.append(places.written())
  return sink.written()
}

/** 1 for each row that has a value. */
const levelsOf = (ranks: Int32Array, nulls: number): Int32Array => {
  const levels = new Int32Array(ranks.length)
  if (nulls === 0) return levels.fill(1)
  for (let i = 0; i < ranks.length; i++) if (ranks[i] !== 0) levels[i] = 1
  return levels
}

const placesOf = (ranks: Int32Array, nulls: number): Int32Array => {
  const places = new Int32Array(ranks.length - nulls)
  for (let i = 0, at = 0; i < ranks.length; i++) {
    if (ranks[i] !== 0) places[at++] = (ranks[i] as number) - 1
  }
  return places
}

/** A least or greatest value longer than this is left out, as are both then: they help no filter. */
const longestBound = 64

const statistics = ({ nulls, lowest, highest }: Extent, entries: readonly Uint8Array[]): Struct => {
  const [min, max] = [entries[lowest - 1], entries[highest - 1]]
  const short = min && max && Math.max(min.length, max.length) <= longestBound
  const bounds = short ? { 5: max, 6: min, 7: true, 8: true } : {}
  return struct({ 3: BigInt(nulls), ...bounds })
}
