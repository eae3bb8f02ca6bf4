// Filters Parquet files with ClickHouse twice: with everything that lets it skip rows, and without.
// Input: {"tables": {name: {"files": […], "conditions": […]}}}; the data folder is the working directory.
// Output: {table: [[with statistics, without], …]}; a result is the sorted keys of its rows, joined by commas.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { query } = createRequire(new URL('../peers/js/package.json', import.meta.url))('chdb')
const skipping = (on) =>
  ['filter_push_down', 'bloom_filter_push_down', 'page_filter_push_down']
    .map((name) => `input_format_parquet_${name} = ${on}`)
    .join(', ')

const { tables } = JSON.parse(readFileSync(0, 'utf8'))
const results = {}
for (const [name, { files, conditions }] of Object.entries(tables)) {
  const quoted = files.map((file) => `'${file.replaceAll("'", "\\'")}'`)
  const source = quoted.map((file) => `SELECT * FROM file(${file}, 'Parquet') WHERE CONDITION`)
  const select = (condition, on) => {
    const rows = source.map((sql) => sql.replace('CONDITION', () => condition)).join(' UNION ALL ')
    const keys = `SELECT concat(RequestId, ':', toString(RequestRow)) AS k FROM (${rows})`
    const settings = `SETTINGS use_hive_partitioning = 0, ${skipping(on)}`
    return query(`SELECT arrayStringConcat(arraySort(groupArray(k)), ',') FROM (${keys}) ${settings}`, 'TSVRaw').trim()
  }
  results[name] = conditions.map((condition) => [select(condition, 1), select(condition, 0)])
}
console.log(JSON.stringify(results))
