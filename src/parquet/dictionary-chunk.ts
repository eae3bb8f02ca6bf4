/**
 * Column chunks of strings that repeat, written by ourselves.
 *
 * parquet-wasm hashes a dictionary's entry again for every row: 15 such columns were two fifths of
 * the time of writing 10,000 logs. Here a chunk is the entries once and a run for each change.
 */
import { rankStrings } from '../arrow/rank.ts'
import type { Field } from '../arrow/record-batch.ts'
import { type DictionaryVector, isValid, type Utf8Vector } from '../arrow/vector.ts'
import { ByteSink } from '../bytes.ts'
import { bitWidth, RunLengthWriter } from './run-length.ts'
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
  const content = readRows(column, start, end)
  const page = dataPageOf(content, end - start)
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
        5: BigInt(end - start),
        6: BigInt(size),
        7: BigInt(size),
        9: BigInt(offset + column.page.length),
        11: BigInt(offset),
        12: statistics(content, column.entries),
      }),
  }
}

/** What a chunk's rows hold. */
interface Content {
  /** Definition levels: 1 for each row that has a value. */
  readonly levels: Uint8Array
  /** For each row that has one: the value's place among the entries, in so many bits. */
  readonly places: Uint8Array
  readonly width: number
  readonly nulls: number
  /** Ranks; 0 when every row is null. */
  readonly lowest: number
  readonly highest: number
}

const readRows = (column: DictionaryColumn, start: number, end: number): Content => {
  // One bit at least, as other writers have it: a width of 0 is allowed, and not read by all.
  const width = Math.max(1, bitWidth(column.entries.length - 1))
  const levels = new RunLengthWriter(1)
  const places = new RunLengthWriter(width)
  let [nulls, lowest, highest] = [0, 0, 0]
  for (let row = start; row < end; ) {
    const rank = rankOf(column, row)
    const next = endOfRun(column, row, end)
    levels.add(Math.sign(rank), next - row)
    if (rank === 0) nulls += next - row
    else {
      places.add(rank - 1, next - row)
      if (lowest === 0 || rank < lowest) lowest = rank
      if (rank > highest) highest = rank
    }
    row = next
  }
  return { levels: levels.finish(), places: places.finish(), width, nulls, lowest, highest }
}

const rankOf = ({ vector: { indices, validity }, ranks }: DictionaryColumn, row: number): number =>
  isValid(validity, row) ? (ranks[indices[row] as number] as number) : 0

/** The first row behind `row` that another entry stands for; with a bitmap simply the next row. */
const endOfRun = ({ vector }: DictionaryColumn, row: number, end: number): number => {
  const { indices, validity } = vector
  let next = row + 1
  if (validity === null) while (next < end && indices[next] === indices[row]) next++
  return next
}

/** A data page of version 1: definition levels, then the places of the entries of the rows that have one. */
const dataPageOf = ({ levels, places, width }: Content, rows: number): Uint8Array => {
  const size = 4 + levels.length + 1 + places.length
  const sink = new ByteSink(size + 64)
  const header = struct({ 1: rows, 2: rleDictionary, 3: rle, 4: rle })
  writeStruct(sink, struct({ 1: dataPage, 2: size, 3: size, 5: header }))
  sink.int32(levels.length)
  sink.append(levels)
  sink.byte(width)
  sink.append(places)
  return sink.written()
}

/** A least or greatest value longer than this is left out, as are both then: they help no filter. */
const longestBound = 64

const statistics = (
  { nulls, lowest, highest }: Content,
  entries: readonly Uint8Array[],
): Struct => {
  const [min, max] = [entries[lowest - 1], entries[highest - 1]]
  const short = min && max && Math.max(min.length, max.length) <= longestBound
  // Copied: the footer is written when the rows are gone.
  const bounds = short ? { 5: max.slice(), 6: min.slice(), 7: true, 8: true } : {}
  return struct({ 3: BigInt(nulls), ...bounds })
}
