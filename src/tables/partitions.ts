import { columnOf, type RecordBatch } from '../arrow/record-batch.ts'
import type { Int64Vector } from '../arrow/vector.ts'
import { split } from './split.ts'
import { earliest, hoursOf, timelessRows } from './times.ts'

/** A value of a partition, as its transform made it; null for rows whose source is null. */
export type PartitionValue = null | boolean | number | bigint | string | Uint8Array

/** One field of a partition: a column, and what is made of its values. */
export interface PartitionSource {
  readonly column: string
  /** Of an hour since 1970, for transforms that are the same for all times of an hour. */
  readonly ofHour: (hour: number) => PartitionValue
}

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
      values: fields.map(({ codes, values }) => values[codes[first] as number] ?? null),
      timeless: unset,
      timestamp: unset ? 0n : earliest(times, rows, count),
      count,
      rows,
    }
  })
}

/** A column's values, each once, and which of them each row has. */
interface Codes {
  readonly codes: Int32Array
  readonly values: readonly PartitionValue[]
}

const codesOf = (batch: RecordBatch, { column, ofHour }: PartitionSource): Codes => {
  const hours = hoursOf(columnOf(batch, column) as Int64Vector, batch.numRows)
  const values: PartitionValue[] = []
  const codeOfValue = new Map<PartitionValue, number>()
  const codeOfHour = new Map<number, number>()
  const codes = new Int32Array(batch.numRows)
  for (let row = 0; row < codes.length; row++) {
    const hour = hours[row] as number
    let code = codeOfHour.get(hour)
    if (code === undefined) {
      const value = ofHour(hour)
      code = codeOfValue.get(value) ?? values.push(value) - 1
      codeOfValue.set(value, code)
      codeOfHour.set(hour, code)
    }
    codes[row] = code
  }
  return { codes, values }
}

/** One number for all codes of a row and whether it has a time. */
const keysOf = (fields: readonly Codes[], timeless: Uint8Array): Float64Array => {
  const keys = Float64Array.from(timeless)
  for (const { codes, values } of fields) {
    for (let row = 0; row < keys.length; row++) {
      keys[row] = (keys[row] as number) * values.length + (codes[row] as number)
    }
  }
  return keys
}
