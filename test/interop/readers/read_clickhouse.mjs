// Reads Parquet files with ClickHouse and says what it found, one JSON line per file.
// Input: {"folder": …, "files": […]}; the folder must be the working directory (ClickHouse reads nothing outside it).
// Lines: {"file", "types", "rows"}, in the spelling of rows.ts but doubles as 16 hex digits of their bits.
import { readFileSync } from 'node:fs'
import { typesAndRows } from './clickhouse.mjs'

const { files } = JSON.parse(readFileSync(0, 'utf8'))
for (const file of files) {
  const source = `file('${file.replaceAll("'", "\\'")}', 'Parquet')`
  console.log(JSON.stringify({ file, ...typesAndRows(source) }))
}
