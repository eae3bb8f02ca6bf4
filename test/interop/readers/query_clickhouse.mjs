// Asks ClickHouse, as `clickhouse local` would in the working directory, and prints the rows as one JSON array.
// Input: a query.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { query } = createRequire(new URL('../peers/js/package.json', import.meta.url))('chdb')
const sql = readFileSync(0, 'utf8').trim().replace(/;$/, '')
const lines = query(sql, 'JSONEachRow').split('\n').filter(Boolean)
console.log(`[${lines.join(',')}]`)
