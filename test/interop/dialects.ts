/** How engines spell the conditions of filters.ts. */
import type { Dialect } from './filters.ts'
import { literal } from './readers/duckdb.ts'

/** Microseconds as a date and time that every engine reads, in UTC. */
export const iso = (micros: string): string => {
  const seconds = new Date(Number(BigInt(micros) / 1_000_000n) * 1000).toISOString().slice(0, -5)
  return `${seconds.replace('T', ' ')}.${String(BigInt(micros) % 1_000_000n).padStart(6, '0')}`
}

export const duckdbSql: Dialect = {
  name: (column) => `"${column}"`,
  text: literal,
  timestamp: (micros) => `TIMESTAMPTZ '${iso(micros)}+00'`,
  double: (value) => `'${value}'::DOUBLE`,
  startsWith: (column, text) => `starts_with(${column}, ${text})`,
}

export const clickhouseSql: Dialect = {
  name: (column) => `\`${column}\``,
  text: (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  timestamp: (micros) => `fromUnixTimestamp64Micro(${micros}, 'UTC')`,
  double: (value) => `toFloat64('${value}')`,
  startsWith: (column, text) => `startsWith(${column}, ${text})`,
}

export const sparkSql: Dialect = {
  name: (column) => `\`${column}\``,
  text: (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  timestamp: (micros) => `timestamp_micros(${micros})`,
  double: (value) => `double('${value}')`,
  startsWith: (column, text) => `startswith(${column}, ${text})`,
}
