/** The readers that judge a ledger: independent of each other and of us. */
import { existsSync } from 'node:fs'
import { peers } from '../interop/programs.ts'
import { readers } from '../interop/readers/readers.ts'
import type { Reader, Reading, Row } from '../interop/rows.ts'

/** Files read at once: all rows of all columns of more would not fit. */
const chunk = 100

/** The columns that a ledger knows of; the others are interop's matter. */
const kept = new Set([
  ...['Body', 'SpanName', 'MetricName', 'ServiceName', 'Timestamp', 'TimeUnixNano'],
  ...['ResourceAttributes', 'RequestId', 'RequestRow', 'SeverityNumber', 'LogAttributes'],
  ...['EndTimeUnixNano', 'Duration', 'SpanAttributes', 'IntValue', 'Attributes'],
])

const slim = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => kept.has(name)))

const names = ['duckdb', 'hyparquet', 'pyarrow']

/** Why a reader does not judge here, by its name: PyArrow comes with what interop installs. */
export const absent: Readonly<Record<string, string>> = existsSync(peers)
  ? {}
  : { pyarrow: 'not installed (npm run interop)' }

/**
 * DuckDB, hyparquet and PyArrow. Where the peers of interop stand at all, PyArrow judges, and breaks the run if it
 * does not answer.
 */
export const judges: Readonly<Record<string, Reader>> = Object.fromEntries(
  Object.entries(readers).filter(([name]) => names.includes(name) && !(name in absent)),
)

/**
 * Reads files a few at a time.
 * @throws when a file cannot be read
 */
export const readAll = async (
  reader: Reader,
  folder: string,
  files: readonly string[],
): Promise<Reading[]> => {
  const readings: Reading[] = []
  for (let at = 0; at < files.length; at += chunk) {
    for (const reading of await reader(folder, files.slice(at, at + chunk))) {
      readings.push({ ...reading, types: {}, rows: reading.rows.map(slim) })
    }
  }
  return readings
}
