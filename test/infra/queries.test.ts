// Protects infra/queries: each of DuckDB's runs over files that the program wrote from the samples, and answers what it says.
import { execFile } from 'node:child_process'
import { copyFile, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Server, startServer } from '../interop/server.ts'
import { type Answer, ask } from '../tools/duckdb.ts'
import { sampleRows, samplesFolder, sendSamples } from '../tools/samples.ts'
import { answers, queryNames, timeless } from './answers.ts'

const folder = join(import.meta.dirname, '../../infra/queries/duckdb')

let server: Server

/** Runs a query's file over what the server wrote. */
const answer = async (name: string): Promise<Answer> =>
  ask(await readFile(join(folder, `${name}.sql`), 'utf8'), server.folder)

const count = async (path: string): Promise<unknown> =>
  (await ask(`SELECT count(*)::INT AS n FROM 'data/${path}/**/*.parquet'`, server.folder))[0]?.n

beforeAll(async () => {
  server = await startServer()
  await sendSamples(server.url)
})
afterAll(async () => {
  await server.stop()
  await rm(server.folder, { recursive: true })
})

test.each(queryNames)('%s', async (name) => {
  expect(timeless(await answer(name))).toEqual(answers[name])
})

test('every query is asked here', async () => {
  const files = (await readdir(folder)).map((file) => file.replace('.sql', ''))
  expect(files.sort()).toEqual([...queryNames, 'compact', 'duplicates'].sort())
})

test('by the hours in the path, DuckDB opens the files of the last hour alone', async () => {
  const query = (await readFile(join(folder, 'recent-logs.sql'), 'utf8')).replace(/^--.*\n/gm, '')
  const before = join(server.folder, 'logs/checkout/year=2001/month=02/day=08/hour=09/old.parquet')
  const [recent = ''] = (await server.files()).filter((file) => file.startsWith('logs/checkout/'))
  await promisify(execFile)('mkdir', ['-p', dirname(before)])
  await copyFile(join(server.folder, recent), before)
  const [plan] = await ask(`EXPLAIN ANALYZE ${query}`, server.folder)
  await rm(before)
  expect(plan?.explain_value).toMatch(/Scanning Files: 3\/4/)
})

test('duplicates finds rows that stand twice, compact leaves each once', async () => {
  expect(await answer('duplicates')).toEqual([])
  const [file = ''] = (await server.files()).filter((name) => name.startsWith('logs/checkout/'))
  const hour = dirname(file)
  await copyFile(join(server.folder, file), join(server.folder, hour, 'copy.parquet'))
  expect(await count(hour)).toBe(6)
  const doubles = await answer('duplicates')
  expect(doubles.map(({ RequestRow, Copies }) => ({ RequestRow, Copies }))).toEqual(
    [0, 1, 2].map((RequestRow) => ({ RequestRow, Copies: '2' })),
  )

  const compact = await readFile(join(folder, 'compact.sql'), 'utf8')
  const own = compact.replace(/'data\/[^']*'/, `'data/${hour}'`)
  expect(own).not.toBe(compact)
  const rows = `SELECT * FROM read_parquet('data/${file}', hive_partitioning = false)`
  const kept = await ask(rows, server.folder)
  await ask(own, server.folder)
  expect(await count(hour)).toBe(6)
  await rm(join(server.folder, file))
  await rm(join(server.folder, hour, 'copy.parquet'))
  const compacted = join(server.folder, hour, 'compacted.parquet')
  await rename(`${compacted}.new`, compacted)
  expect(await ask(rows.replace(file, `${hour}/compacted.parquet`), server.folder)).toEqual(kept)
  expect(await answer('duplicates')).toEqual([])
})

test('send.sh: every row it sends is stored, the same in every encoding', async () => {
  const other = await startServer()
  /** How often each row of a table is there, whatever its times. */
  const copies = async (path: string) => {
    const columns = `COLUMNS(name -> NOT regexp_matches(name, 'Time|Request|IngestedAt'))`
    const rows = `SELECT ${columns} FROM read_parquet('data/${path}/**/*.parquet', hive_partitioning = false)`
    const counts = `SELECT count(*)::INT AS n FROM (${rows}) AS r GROUP BY r ORDER BY n`
    return (await ask(counts, other.folder)).map(({ n }) => n)
  }
  try {
    await promisify(execFile)(join(samplesFolder, 'send.sh'), [other.url])
    for (const [path, rows] of Object.entries(sampleRows)) {
      // Each signal is sent as protobuf, JSON, gzipped JSON, and twice as JSON lines.
      expect([path, await copies(path)]).toEqual([path, Array(rows).fill(5)])
    }
  } finally {
    await other.stop()
    await rm(other.folder, { recursive: true })
  }
})
