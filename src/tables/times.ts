/** Times of rows, read from the halves of 64-bit integers: no BigInt is made for a row. */
import { columnOf, type RecordBatch } from '../arrow/record-batch.ts'
import type { Int64Vector } from '../arrow/vector.ts'

/**
 * The hour since 1970 of each row's microseconds since 1970. An hour is 1024 × 3,515,625 µs: without
 * its last ten bits any 64-bit time is exact in a double, and so is the floor of the division.
 */
export const hoursOf = ({ halves }: Int64Vector, count: number): Float64Array => {
  const hours = new Float64Array(count)
  for (let row = 0; row < count; row++) {
    const low = (halves[2 * row] as number) >>> 10
    hours[row] = Math.floor(((halves[2 * row + 1] as number) * 2 ** 22 + low) / 3_515_625)
  }
  return hours
}

/** 1 for each record without a time of its own: its time, and a log's observed time, are 0. */
export const timelessRows = (batch: RecordBatch): Uint8Array => {
  const times = ['TimeUnixNano', 'ObservedTimeUnixNano']
    .filter((name) => batch.fields.some((field) => field.name === name))
    .map((name) => (columnOf(batch, name) as Int64Vector).halves)
  const timeless = new Uint8Array(batch.numRows).fill(1)
  for (const halves of times) {
    for (let row = 0; row < timeless.length; row++) {
      if (halves[2 * row] !== 0 || halves[2 * row + 1] !== 0) timeless[row] = 0
    }
  }
  return timeless
}

/** The smallest of the times of some rows; null for all. `count`: how many they are. */
export const earliest = (
  { halves }: Int64Vector,
  rows: Int32Array | null,
  count: number,
): bigint => {
  let high = Number.POSITIVE_INFINITY
  let low = 0
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : (rows[i] as number)
    const rowHigh = halves[2 * row + 1] as number
    const rowLow = (halves[2 * row] as number) >>> 0
    if (rowHigh < high || (rowHigh === high && rowLow < low)) {
      high = rowHigh
      low = rowLow
    }
  }
  return (BigInt(high) << 32n) | BigInt(low)
}
