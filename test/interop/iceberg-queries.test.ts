// Protects infra/queries/duckdb-iceberg: each query runs over tables that the program made from the samples, and answers
// what its twin answers over plain files.
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answers, queryNames, timeless } from '../infra/answers.ts'
import type { Answer } from '../tools/duckdb.ts'
import { sendSamples } from '../tools/samples.ts'
import { connectIceberg } from './readers/iceberg-duckdb.ts'
import { type Server, startServer } from './server.ts'

const folder = join(import.meta.dirname, '../../infra/queries/duckdb-iceberg')

let server: Server
beforeAll(async () => {
  server = await startServer({ OTLP2PARQUET_ICEBERG_CATALOG: 'file' })
  await sendSamples(server.url)
})
afterAll(async () => {
  await server.stop()
  await rm(server.folder, { recursive: true })
})

/** Runs the views, then a query. The extension is there already: no INSTALL. */
const answer = async (name: string): Promise<Answer> => {
  const connection = await connectIceberg()
  const views = await readFile(join(folder, 'tables.sql'), 'utf8')
  const query = await readFile(join(folder, `${name}.sql`), 'utf8')
  const own = views.replace(/INSTALL iceberg;\nLOAD iceberg;/, '')
  expect(own).not.toBe(views)
  try {
    await connection.run(own.replaceAll("'data/", `'${server.folder}/`))
    const rows = await (await connection.runAndReadAll(query)).getRowObjectsJson()
    return rows as Record<string, Json>[]
  } finally {
    connection.closeSync()
  }
}

/** SQL folds names: a column of the table comes back as the table spells it. */
const folded = (rows: Answer): Answer =>
  timeless(
    rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [nameOf(name), value])),
    ),
  )

const nameOf = (name: string): string => spelled.get(name.toLowerCase()) ?? name

const spelled = new Map(
  [...Object.values(answers).flat(), { Timestamp: null, Minute: null }]
    .flatMap((row) => Object.keys(row))
    .map((name) => [name.toLowerCase(), name]),
)

test.each(queryNames)('%s', async (name) => {
  expect(folded(await answer(name))).toEqual(answers[name])
})

test('no row stands twice when a request is sent again', async () => {
  const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] })
  const headers = { 'content-type': 'application/json' }
  const before = (await answer('recent-logs')).length
  for (let sent = 0; sent < 3; sent++) {
    const response = await fetch(`${server.url}/v1/logs`, { method: 'POST', headers, body })
    expect(response.status).toBe(200)
  }
  expect(await answer('duplicates')).toEqual([])
  expect((await answer('recent-logs')).length).toBe(before + 2)
})

test('every query is asked here', async () => {
  const files = (await readdir(folder)).map((file) => file.replace('.sql', ''))
  expect(files.sort()).toEqual([...queryNames, 'attach', 'duplicates', 'tables'].sort())
})
