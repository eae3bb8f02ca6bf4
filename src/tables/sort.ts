import { rankStrings } from '../arrow/rank.ts'
import { columnOf, type RecordBatch } from '../arrow/record-batch.ts'
import { type SortColumn, type SortDirection, sortDirection } from '../arrow/sort-column.ts'
import { isValid, type Utf8Vector, type Validity, type Vector } from '../arrow/vector.ts'
import { freeLarge } from '../bytes.ts'

/**
 * The order in which rows stand in a file: by the columns `sortOrder`, strings bytewise, equal rows in the
 * order they had. `rows` are the rows to sort, null for all.
 * Returns them in their new order; `rows` itself (so null for all) when nothing has to move.
 *
 * Each column becomes whole numbers; columns and position are packed into as few doubles as hold
 * them exactly (nearly always one), and doubles sort without a comparator.
 */
export const sortedRows = (
  batch: RecordBatch,
  sortOrder: readonly SortColumn[],
  rows: Int32Array | null = null,
): Int32Array | null => {
  const all = rows ?? upTo(batch.numRows)
  const stride = 2 ** Math.ceil(Math.log2(all.length + 1))
  const keys = pack(
    sortOrder.map(sortDirection).flatMap((column) => {
      const keys = keysOf(columnOf(batch, column.name), all)
      return keys.map((key) => directed(key, column))
    }),
    stride,
  )
  const moved = inOrder(keys, all.length) ? null : sortedBy(keys, all, stride)
  for (const { values } of keys) freeLarge(values.buffer)
  if (rows === null) freeLarge(all.buffer)
  return moved ?? rows
}

/** `rows` in the order of their keys. The least significant first: each pass is stable, so it keeps what the last one sorted. */
const sortedBy = (keys: readonly Key[], rows: Int32Array, stride: number): Int32Array => {
  const order = keys.reduce((order, key) => sortBy(key, order, stride), upTo(rows.length))
  for (let i = 0; i < order.length; i++) order[i] = rows[order[i] as number] as number
  return order
}

const upTo = (count: number): Int32Array => {
  const numbers = new Int32Array(count)
  for (let i = 0; i < count; i++) numbers[i] = i
  return numbers
}

/** Whole numbers from 0 up to, not including, `range`: one for each row to sort. */
interface Key {
  readonly values: Float64Array
  readonly range: number
}

/** A column as keys, the most significant first: 64-bit integers make two. */
const keysOf = (vector: Vector, rows: Int32Array): Key[] => {
  const { validity } = vector
  switch (vector.kind) {
    case 'dictionary':
      return [ranked(vector.dictionary, vector.indices, validity, rows)]
    case 'utf8':
      return [ranked(vector, null, validity, rows)]
    case 'int32':
      return [ranged(vector.values, 1, 0, validity, rows)]
    case 'int64': {
      const { buffer, byteOffset, length } = vector.halves
      return [
        ranged(vector.halves, 2, 1, validity, rows),
        ranged(new Uint32Array(buffer, byteOffset, length), 2, 0, validity, rows),
      ]
    }
    default:
      throw new Error(`cannot sort by a column of kind ${vector.kind}`)
  }
}

const ranked = (
  strings: Utf8Vector,
  indices: Int32Array | null,
  validity: Validity,
  rows: Int32Array,
): Key => {
  const { ranks, highest } = rankStrings(strings)
  const values = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    if (!isValid(validity, row)) continue
    values[i] = ranks[indices === null ? row : (indices[row] as number)] as number
  }
  return { values, range: highest + 1 }
}

/** Integers as 1 plus their distance from the smallest; null is 0. */
const ranged = (
  integers: Int32Array | Uint32Array,
  step: number,
  offset: number,
  validity: Validity,
  rows: Int32Array,
): Key => {
  const values = new Float64Array(rows.length)
  let smallest = Number.POSITIVE_INFINITY
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    const valid = isValid(validity, row)
    const value = valid ? (integers[row * step + offset] as number) : Number.NEGATIVE_INFINITY
    values[i] = value
    if (valid && value < smallest) smallest = value
    if (value > largest) largest = value
  }
  if (smallest > largest) return { values: values.fill(0), range: 1 }
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.max(0, (values[i] as number) - smallest + 1)
  }
  return { values, range: largest - smallest + 2 }
}

/** Of a key that is 0 for null: the same in the column's direction. */
const directed = (key: Key, { descending, nullsFirst }: SortDirection): Key => {
  if (!descending && nullsFirst) return key
  const { values, range } = key
  const [ofNull, first] = nullsFirst ? [0, 1] : [range - 1, 0]
  for (let i = 0; i < values.length; i++) {
    const value = (values[i] as number) - 1
    if (value < 0) values[i] = ofNull
    else values[i] = first + (descending ? range - 2 - value : value)
  }
  return key
}

/** Whole numbers up to here are exact in a double. */
const exact = 2 ** 53

/** Packs keys into as few as leave room for a position below `stride`; the least significant first. */
const pack = (keys: readonly Key[], stride: number): Key[] => {
  const room = exact / stride
  const packed: Key[] = []
  for (const key of keys.flatMap((key) => split(key, room)).reverse()) {
    const last = packed.at(-1)
    if (last === undefined || key.range * last.range > room) packed.push(key)
    else packed[packed.length - 1] = join(key, last)
  }
  return packed
}

/** A key that alone leaves no room (32 bits beside more than 2^21 rows) as two, high and low. */
const split = (key: Key, room: number): Key[] => {
  if (key.range <= room) return [key]
  return [
    {
      values: key.values.map((value) => Math.floor(value / room)),
      range: Math.ceil(key.range / room),
    },
    { values: key.values.map((value) => value % room), range: room },
  ]
}

const join = (high: Key, low: Key): Key => {
  const { values } = low
  for (let i = 0; i < values.length; i++) {
    values[i] = (high.values[i] as number) * low.range + (values[i] as number)
  }
  freeLarge(high.values.buffer)
  return { values, range: high.range * low.range }
}

const inOrder = (keys: readonly Key[], count: number): boolean => {
  for (let i = 1; i < count; i++) {
    for (let k = keys.length - 1; k >= 0; k--) {
      const { values } = keys[k] as Key
      const step = (values[i] as number) - (values[i - 1] as number)
      if (step < 0) return false
      if (step > 0) break
    }
  }
  return true
}

/** Sorts positions stably by one key. They must not be used any more. */
const sortBy = ({ values }: Key, positions: Int32Array, stride: number): Int32Array => {
  const packed = new Float64Array(positions.length)
  for (let i = 0; i < packed.length; i++) {
    packed[i] = (values[positions[i] as number] as number) * stride + i
  }
  packed.sort()
  const sorted = new Int32Array(positions.length)
  for (let i = 0; i < packed.length; i++) {
    // `stride` is a power of two: the division is exact.
    const key = packed[i] as number
    sorted[i] = positions[key - Math.floor(key / stride) * stride] as number
  }
  freeLarge(packed.buffer)
  freeLarge(positions.buffer)
  return sorted
}
