/**
 * Protects every query with a WHERE: the statistics in our files never hide a row. Random filters over many small
 * row groups, each answered with the statistics and without, by three engines.
 */
import { rm } from 'node:fs/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tables as schema } from '../../src/tables/tables.ts'
import { clickhouseSql, duckdbSql } from './dialects.ts'
import { conditionOf, type Filter, isAgreed, isComparable, randomFilter } from './filters.ts'
import { here, python, run } from './programs.ts'
import { randomOf, randomRequests } from './random-requests.ts'
import { duckdb, literal } from './readers/duckdb.ts'
import { post } from './requests.ts'
import { type Row, tableOf } from './rows.ts'
import { type Server, startServer } from './server.ts'

const seed = Number(process.env.INTEROP_SEED ?? 1)
const filtersPerTable = 40
/** And so many of its doubles and booleans, which are few among its columns. */
const ofFewColumns = 15
/** Each result twice: with statistics and without. */
type Results = Record<string, [string, string][]>

interface Asked {
  readonly files: readonly string[]
  readonly filters: readonly Filter[]
  /** The result of a filter that every row passes. */
  readonly everyRow: string
}

const tables: Record<string, Asked> = {}
const rowsIn: Record<string, readonly Row[]> = {}
const results: Record<string, Results> = {}
let server: Server

const keyOf = ({ RequestId, RequestRow }: Row): string => `${RequestId}:${RequestRow}`

const byDuckdb = async (): Promise<Results> => {
  const connection = await (await DuckDBInstance.create()).connect()
  const keys = async (from: string, condition: string): Promise<string> => {
    const key = `"RequestId" || ':' || "RequestRow"`
    const sql = `SELECT string_agg(k, ',' ORDER BY k) FROM (SELECT ${key} AS k FROM ${from} WHERE ${condition})`
    const [row] = (await connection.runAndReadAll(sql)).getRows()
    return String(row?.[0] ?? '')
  }
  const found: Results = {}
  for (const [name, { files, filters }] of Object.entries(tables)) {
    const list = files.map((file) => literal(`${server.folder}/${file}`))
    const scan = `read_parquet([${list}], hive_partitioning = false)`
    await connection.run(`CREATE TABLE ${name} AS FROM ${scan}`)
    const pairs: [string, string][] = []
    for (const filter of filters) {
      const condition = conditionOf(filter, duckdbSql)
      pairs.push([await keys(scan, condition), await keys(name, condition)])
    }
    found[name] = pairs
  }
  connection.closeSync()
  return found
}

const byPyArrow = async (): Promise<Results> => {
  const input = JSON.stringify({ folder: server.folder, tables })
  return JSON.parse(await run(python, [here('test/interop/readers/filter_pyarrow.py')], { input }))
}

const byClickHouse = async (): Promise<Results> => {
  const conditions = Object.entries(tables).map(([name, { files, filters }]) => [
    name,
    { files, conditions: filters.map((filter) => conditionOf(filter, clickhouseSql)) },
  ])
  const input = JSON.stringify({ tables: Object.fromEntries(conditions) })
  const script = here('test/interop/readers/filter_clickhouse.mjs')
  return JSON.parse(await run(process.execPath, [script], { input, cwd: server.folder }))
}

beforeAll(async () => {
  server = await startServer({ OTLP2PARQUET_ROW_GROUP_SIZE: '128' })
  for (const [signal, request] of Object.entries(randomRequests(seed, 2000)))
    expect(await post(server.url, signal, JSON.stringify(request))).toBe(200)
  const random = randomOf(seed)
  for (const { file, rows } of await duckdb(server.folder, await server.files())) {
    const table = tables[tableOf(file)]
    if (table !== undefined) throw new Error('one file a table was meant')
    const drawn = Array.from({ length: 20 * filtersPerTable }, () =>
      randomFilter(random, tableOf(file), rows),
    )
    const few = drawn
      .slice(filtersPerTable)
      .filter(({ type }) => type === 'double' || type === 'boolean')
    const filters = [...drawn.slice(0, filtersPerTable), ...few.slice(0, ofFewColumns)]
    const keys = rows.map(keyOf)
    rowsIn[tableOf(file)] = rows
    tables[tableOf(file)] = { files: [file], filters, everyRow: keys.sort().join(',') }
  }
  results.duckdb = await byDuckdb()
  results.pyarrow = await byPyArrow()
  results.clickhouse = await byClickHouse()
}, 300_000)

afterAll(async () => {
  await server.stop()
  await rm(server.folder, { recursive: true })
})

const engines = ['duckdb', 'pyarrow', 'clickhouse']
const names = schema.map(({ name }) => name)
const cases = engines.flatMap((engine) => names.map((table) => [engine, table] as const))

it.each(cases)('%s finds every row of %s that a full scan finds', (engine, table) => {
  const pairs = results[engine]?.[table] ?? []
  expect(pairs).toHaveLength(tables[table]?.filters.length ?? 0)
  const differ = pairs.flatMap(([skipping, full], i) =>
    skipping === full ? [] : [{ filter: tables[table]?.filters[i], skipping, full }],
  )
  expect(differ).toEqual([])
  // Filters that find all rows or none would show little.
  const telling = pairs.filter(([, full]) => full !== '' && full !== tables[table]?.everyRow)
  expect(telling.length).toBeGreaterThan(filtersPerTable / 4)
})

it.each(names)('engines agree about %s', (table) => {
  const rows = rowsIn[table] ?? []
  const filters = tables[table]?.filters ?? []
  const of = (engine: string) =>
    filters.flatMap((filter, i) => {
      const [, full = ''] = results[engine]?.[table]?.[i] ?? []
      const disputed = new Set(rows.filter((row) => !isComparable(filter, row)).map(keyOf))
      const keys = full.split(',').filter((key) => !disputed.has(key))
      return isAgreed(filter) ? [[filter, keys.join(',')]] : []
    })
  expect(of('pyarrow')).toEqual(of('duckdb'))
  expect(of('clickhouse')).toEqual(of('duckdb'))
})
