// Reads Iceberg tables with ClickHouse. Input: [{"source": a table function, "conditions": […]}, …] in ClickHouse's SQL;
// one answer of iceberg.ts a line, doubles as 16 hex digits of their bits.
import { readFileSync } from 'node:fs'
import { lines, typesAndRows } from './clickhouse.mjs'

/** How many data files ClickHouse has planned to read so far. */
const planned = () => {
  const sql = "SELECT value FROM system.events WHERE event = 'IcebergMetadataReturnedObjectInfos'"
  return Number(lines(sql)[0]?.value ?? 0)
}

const filtered = (source, condition) => {
  const before = planned()
  const where = `FROM ${source} WHERE ${condition}`
  const found = lines(`SELECT requestid || ':' || toString(requestrow) AS k ${where}`)
  const keys = found.map(({ k }) => k).sort()
  return { keys: keys.join(','), fileCount: planned() - before, files: null }
}

for (const { source, conditions } of JSON.parse(readFileSync(0, 'utf8'))) {
  const [{ n }] = lines(`SELECT count() AS n FROM ${source}`)
  const found = conditions.map((condition) => filtered(source, condition))
  console.log(JSON.stringify({ ...typesAndRows(source), count: Number(n), filtered: found }))
}
