import { columnOf, type RecordBatch } from '../arrow/record-batch.ts'
import {
  type DictionaryVector,
  type Int64Vector,
  int64At,
  isValid,
  type Vector,
} from '../arrow/vector.ts'
import { split } from './split.ts'
import { earliest, hoursOf, timelessRows } from './times.ts'

/** A value of a partition, as its transform made it; null for rows whose source is null. */
export type PartitionValue = null | boolean | number | bigint | string | Uint8Array

/** A value of a column: `long` and times (microseconds) as bigints, strings as their UTF-8 bytes. */
export type ColumnValue = boolean | number | bigint | Uint8Array

/** One field of a partition: a column, and what is made of its values. */
export type PartitionSource =
  /** Of an hour since 1970, for transforms that are the same for all times of an hour. */
  | { readonly column: string; readonly ofHour: (hour: number) => PartitionValue }
  /** Of a value: asked once for each entry of a dictionary, else once a row. */
  | { readonly column: string; readonly ofValue: (value: ColumnValue) => PartitionValue }
  /** Null for every row. */
  | null

/** The rows of one data file: one value for each field of the partition. */
export interface Partition {
  readonly values: readonly PartitionValue[]
  /** As in a group of plain Parquet: these records have their arrival for a time. */
  readonly timeless: boolean
  /** The smallest event time in microseconds since 1970; 0 where there is none. */
  readonly timestamp: bigint
  readonly count: number
  /** The rows, ascending; null for all rows of the batch. */
  readonly rows: Int32Array | null
}

/** Splits a batch by the values of its partition, and rows without a time from others. */
export const partitionRows = (
  batch: RecordBatch,
  sources: readonly PartitionSource[],
): Partition[] => {
  if (batch.numRows === 0) return []
  const times = columnOf(batch, 'Timestamp') as Int64Vector
  const timeless = timelessRows(batch)
  const fields = sources.map((source) => codesOf(batch, source))
  return split(keysOf(fields, timeless)).map((rows) => {
    const first = rows === null ? 0 : (rows[0] as number)
    const count = rows === null ? batch.numRows : rows.length
    const unset = timeless[first] === 1
    return {
      values: fields.map((field) =>
        field === null ? null : (field.values[field.codes[first] as number] ?? null),
      ),
      timeless: unset,
      timestamp: unset ? 0n : earliest(times, rows, count),
      count,
      rows,
    }
  })
}

/** A field's values, each once, and which of them each row has. */
interface Codes {
  readonly codes: Int32Array
  readonly values: readonly PartitionValue[]
}

const codesOf = (batch: RecordBatch, source: PartitionSource): Codes | null => {
  if (source === null) return null
  const vector = columnOf(batch, source.column)
  if ('ofHour' in source) return codesOfHours(vector as Int64Vector, batch.numRows, source.ofHour)
  const { ofValue } = source
  return vector.kind === 'dictionary'
    ? codesOfEntries(vector, batch.numRows, ofValue)
    : codesOfValues(vector, batch.numRows, ofValue)
}

/** Values with their codes, in the order of their coming. */
class CodeBook {
  readonly values: PartitionValue[] = []
  readonly #codes = new Map<PartitionValue | string, number>()

  codeOf(value: PartitionValue): number {
    // A map takes both zeros for one; as values of a partition they are two.
    const key = Object.is(value, -0) ? '-0' : value
    let code = this.#codes.get(key)
    if (code === undefined) {
      code = this.values.push(value) - 1
      this.#codes.set(key, code)
    }
    return code
  }
}

const codesOfHours = (
  times: Int64Vector,
  count: number,
  ofHour: (hour: number) => PartitionValue,
): Codes => {
  const hours = hoursOf(times, count)
  const book = new CodeBook()
  const codeOfHour = new Map<number, number>()
  const codes = new Int32Array(count)
  for (let row = 0; row < count; row++) {
    if (!isValid(times.validity, row)) {
      codes[row] = book.codeOf(null)
      continue
    }
    const hour = hours[row] as number
    let code = codeOfHour.get(hour)
    if (code === undefined) {
      code = book.codeOf(ofHour(hour))
      codeOfHour.set(hour, code)
    }
    codes[row] = code
  }
  return { codes, values: book.values }
}

type OfValue = (value: ColumnValue) => PartitionValue

const codesOfEntries = (
  { indices, validity, dictionary }: DictionaryVector,
  count: number,
  ofValue: OfValue,
): Codes => {
  const book = new CodeBook()
  const codeOfEntry = new Int32Array(dictionary.length).fill(-1)
  const codes = new Int32Array(count)
  for (let row = 0; row < count; row++) {
    if (!isValid(validity, row)) {
      codes[row] = book.codeOf(null)
      continue
    }
    const entry = indices[row] as number
    if (codeOfEntry[entry] === -1)
      codeOfEntry[entry] = book.codeOf(valueAt(dictionary, entry, ofValue))
    codes[row] = codeOfEntry[entry] as number
  }
  return { codes, values: book.values }
}

const codesOfValues = (vector: Vector, count: number, ofValue: OfValue): Codes => {
  const book = new CodeBook()
  const codes = new Int32Array(count)
  for (let row = 0; row < count; row++) codes[row] = book.codeOf(valueAt(vector, row, ofValue))
  return { codes, values: book.values }
}

const valueAt = (vector: Vector, i: number, ofValue: OfValue): PartitionValue =>
  isValid(vector.validity, i) ? ofValue(columnValue(vector, i)) : null

const columnValue = (vector: Vector, i: number): ColumnValue => {
  switch (vector.kind) {
    case 'int32':
    case 'float64':
      return vector.values[i] as number
    case 'int64':
      return int64At(vector.halves, i)
    case 'bool':
      return isValid(vector.bits, i)
    case 'utf8':
      return vector.data.subarray(vector.offsets[i], vector.offsets[i + 1])
    default:
      throw new Error(`cannot partition by a column of kind ${vector.kind}`)
  }
}

/** Whole numbers up to here are exact in a double. */
const exact = 2 ** 53

/** One number for all codes of a row and whether it has a time. */
const keysOf = (fields: readonly (Codes | null)[], timeless: Uint8Array): Float64Array => {
  const keys = Float64Array.from(timeless)
  let range = 2
  for (const field of fields) {
    if (field === null) continue
    const { codes, values } = field
    if (range * values.length > exact) range = renumber(keys)
    range *= values.length
    for (let row = 0; row < keys.length; row++) {
      keys[row] = (keys[row] as number) * values.length + (codes[row] as number)
    }
  }
  return keys
}

/** Gives equal keys equal numbers from 0 on; returns how many there are: at most one a row. */
const renumber = (keys: Float64Array): number => {
  const numbers = new Map<number, number>()
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] as number
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    keys[row] = number
  }
  return numbers.size
}
