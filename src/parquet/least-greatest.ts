/** The least and the greatest value of a column, among the values that are there. */
import { compareStrings } from '../arrow/rank.ts'
import {
  type BoolVector,
  type DictionaryVector,
  type Float64Vector,
  type Int32Vector,
  type Int64Vector,
  int64At,
  isValid,
  type Utf8Vector,
  type Validity,
  type Vector,
} from '../arrow/vector.ts'
import { compareBytes } from '../bytes.ts'

/** A value by its column's type: `long` and `timestamptz` (microseconds) are bigints, `int` and `double` numbers. */
export type LeafValue = boolean | number | bigint | string

export interface LeastAndGreatest {
  readonly least: LeafValue
  readonly greatest: LeafValue
}

/**
 * The least and the greatest of the first `rows` values: numbers by size, strings bytewise. Null where there is none and
 * where they could mislead: a list has no order here; NaN is greater than all numbers for some readers and nowhere for
 * others; text that is not UTF-8 is something else for each of them. A least zero is -0, a greatest one +0: both are
 * right whether or not a reader tells them apart.
 */
export const leastAndGreatest = (vector: Vector, rows: number): LeastAndGreatest | null => {
  switch (vector.kind) {
    case 'int32':
      return ofInt32(vector, rows)
    case 'int64':
      return ofInt64(vector, rows)
    case 'float64':
      return ofFloat64(vector, rows)
    case 'bool':
      return ofBool(vector, rows)
    case 'utf8':
      return ofUtf8(vector, rows)
    case 'dictionary':
      return ofDictionary(vector, rows)
    case 'list':
      return null
  }
}

/** The least and the greatest of two parts of one column. */
export const spanOf = (a: LeastAndGreatest, b: LeastAndGreatest): LeastAndGreatest => ({
  least: isBefore(b.least, a.least) ? b.least : a.least,
  greatest: isBefore(a.greatest, b.greatest) ? b.greatest : a.greatest,
})

/** Strings bytewise, as UTF-8 has them: by code points, where JavaScript compares halves of them. */
const isBefore = (a: LeafValue, b: LeafValue): boolean =>
  typeof a === 'string' && typeof b === 'string'
    ? compareBytes(encoder.encode(a), encoder.encode(b)) < 0
    : a < b

const encoder = new TextEncoder()

/** The first row whose value is there; `rows` when none is. */
const firstValid = (validity: Validity, rows: number): number => {
  let row = 0
  while (row < rows && !isValid(validity, row)) row++
  return row
}

const ofInt32 = ({ values, validity }: Int32Vector, rows: number): LeastAndGreatest | null => {
  const first = firstValid(validity, rows)
  if (first === rows) return null
  let [least, greatest] = [values[first] as number, values[first] as number]
  for (let row = first + 1; row < rows; row++) {
    const value = values[row] as number
    if ((value >= least && value <= greatest) || !isValid(validity, row)) continue
    if (value < least) least = value
    else greatest = value
  }
  return { least, greatest }
}

const ofInt64 = ({ halves, validity }: Int64Vector, rows: number): LeastAndGreatest | null => {
  const first = firstValid(validity, rows)
  if (first === rows) return null
  let [least, greatest] = [first, first]
  for (let row = first + 1; row < rows; row++) {
    if (isLess(halves, row, least)) {
      if (isValid(validity, row)) least = row
    } else if (isLess(halves, greatest, row) && isValid(validity, row)) greatest = row
  }
  return { least: int64At(halves, least), greatest: int64At(halves, greatest) }
}

const isLess = (halves: Int32Array, a: number, b: number): boolean => {
  const high = halves[2 * a + 1] as number
  const otherHigh = halves[2 * b + 1] as number
  if (high !== otherHigh) return high < otherHigh
  return (halves[2 * a] as number) >>> 0 < (halves[2 * b] as number) >>> 0
}

const ofFloat64 = ({ values, validity }: Float64Vector, rows: number): LeastAndGreatest | null => {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (let row = 0; row < rows; row++) {
    const value = values[row] as number
    if ((value > least && value < greatest) || !isValid(validity, row)) continue
    if (Number.isNaN(value)) return null
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  if (least > greatest) return null
  return { least: least === 0 ? -0 : least, greatest: greatest === 0 ? 0 : greatest }
}

const ofBool = ({ bits, validity }: BoolVector, rows: number): LeastAndGreatest | null => {
  let [least, greatest] = [true, false]
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    if (isValid(bits, row)) greatest = true
    else least = false
  }
  return least && !greatest ? null : { least, greatest }
}

const ofUtf8 = (vector: Utf8Vector, rows: number): LeastAndGreatest | null => {
  const { validity } = vector
  let [least, greatest] = [-1, -1]
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    if (least < 0) [least, greatest] = [row, row]
    else if (compareStrings(vector, row, least) < 0) least = row
    else if (compareStrings(vector, row, greatest) > 0) greatest = row
  }
  return texts(vector, least, greatest)
}

/** Of the entries only those that a row stands for, each looked at once. */
const ofDictionary = (vector: DictionaryVector, rows: number): LeastAndGreatest | null => {
  const { dictionary, indices, validity } = vector
  const seen = new Uint8Array(dictionary.length)
  let [least, greatest] = [-1, -1]
  for (let row = 0; row < rows; row++) {
    const entry = indices[row] as number
    if (seen[entry] === 1 || !isValid(validity, row)) continue
    seen[entry] = 1
    if (!isValid(dictionary.validity, entry)) continue
    if (least < 0) [least, greatest] = [entry, entry]
    else if (compareStrings(dictionary, entry, least) < 0) least = entry
    else if (compareStrings(dictionary, entry, greatest) > 0) greatest = entry
  }
  return texts(dictionary, least, greatest)
}

/** A byte order mark is a character like others. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const texts = (strings: Utf8Vector, least: number, greatest: number): LeastAndGreatest | null => {
  if (least < 0) return null
  const [low, high] = [textAt(strings, least), textAt(strings, greatest)]
  return low === null || high === null ? null : { least: low, greatest: high }
}

const textAt = ({ offsets, data }: Utf8Vector, i: number): string | null => {
  try {
    return decoder.decode(data.subarray(offsets[i], offsets[i + 1]))
  } catch {
    return null
  }
}
