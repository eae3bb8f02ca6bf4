// Reads Iceberg tables with ClickHouse. Input: [{"source": a table function, or a table of a database that the statements in
// "database" make, "conditions": […]}, …] in ClickHouse's SQL; one answer of iceberg.ts a line, doubles as 16 hex digits of
// their bits.
import { readFileSync } from 'node:fs'
import { lines, typesAndRows, withDatabase } from './clickhouse.mjs'

/** How many data files ClickHouse has planned to read so far. */
const planned = (ask) => {
  const sql = "SELECT value FROM system.events WHERE event = 'IcebergMetadataReturnedObjectInfos'"
  return Number(lines(sql, ask)[0]?.value ?? 0)
}

const filtered = (source, condition, ask) => {
  const before = planned(ask)
  const where = `FROM ${source} WHERE ${condition}`
  const found = lines(`SELECT requestid || ':' || toString(requestrow) AS k ${where}`, ask)
  const keys = found.map(({ k }) => k).sort()
  return { keys: keys.join(','), fileCount: planned(ask) - before, files: null }
}

for (const { source, database, conditions } of JSON.parse(readFileSync(0, 'utf8'))) {
  const { ask, end } = database === undefined ? {} : withDatabase(database)
  const [{ n }] = lines(`SELECT count() AS n FROM ${source}`, ask)
  const found = conditions.map((condition) => filtered(source, condition, ask))
  console.log(JSON.stringify({ ...typesAndRows(source, ask), count: Number(n), filtered: found }))
  end?.()
}
