/** Parquet bytes as rows, read by hyparquet. */
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Row } from './row.ts'

// hyparquet's own decoder would drop a byte order mark, its own dates everything below a millisecond.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const parsers = {
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes),
  timestampFromMicroseconds: (micros: bigint) => micros,
}

/** Every row of a file; timestamps as bigint microseconds, missing values as null. */
export const rowsOfParquet = async (bytes: Uint8Array): Promise<Row[]> => {
  const { buffer } = bytes.slice()
  const rows = await parquetReadObjects({ file: buffer, compressors, parsers })
  return rows.map(settled)
}

/** Typed arrays become lists, undefined becomes null. */
const settled = (row: Readonly<Record<string, unknown>>): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, settledValue(value)]))

const settledValue = (value: unknown): unknown => {
  if (value === undefined) return null
  if (Array.isArray(value)) return value.map(settledValue)
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as Iterable<unknown>) : value
}
