import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from '@duckdb/node-api'
import { type Cell, canonicalDouble, type Reader, type Reading } from '../rows.ts'

const names: Readonly<Record<string, string>> = {
  BIGINT: 'long',
  INTEGER: 'int',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  VARCHAR: 'string',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
}

const typeName = (type: string): string =>
  type.endsWith('[]') ? `list<${typeName(type.slice(0, -2))}>` : (names[type] ?? type)

const cell = (value: DuckDBValue, type: string): Cell => {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (value instanceof DuckDBTimestampTZValue) return value.micros.toString()
  if (value instanceof DuckDBListValue) return value.items.map((item) => cell(item, type))
  if (typeof value === 'number' && type.includes('double')) return canonicalDouble(value)
  return String(value)
}

/** A path as an SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** SQL that scans one file; `key=value` folders in its path are no columns of it. */
export const scan = (path: string): string =>
  `read_parquet(${literal(path)}, hive_partitioning = false)`

/** What a query gives, in our words and spelling. */
export const queried = async (
  connection: DuckDBConnection,
  sql: string,
): Promise<Omit<Reading, 'file'>> => {
  const result = await connection.runAndReadAll(sql)
  const types = result.columnTypes().map((type) => typeName(type.toString()))
  const columns = result.columnNames()
  const rows = result
    .getRows()
    .map((row) =>
      Object.fromEntries(columns.map((c, i) => [c, cell(row[i] ?? null, types[i] ?? '')])),
    )
  return { types: Object.fromEntries(columns.map((c, i) => [c, types[i] ?? ''])), rows }
}

/** DuckDB's values, in its own types. */
export const duckdb: Reader = async (folder, files) => {
  const connection = await (await DuckDBInstance.create()).connect()
  try {
    const readings = []
    for (const file of files)
      readings.push({
        file,
        ...(await queried(connection, `SELECT * FROM ${scan(`${folder}/${file}`)}`)),
      })
    return readings
  } finally {
    connection.closeSync()
  }
}
