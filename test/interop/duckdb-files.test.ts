/**
 * Protects tables of the file catalog from DuckDB, and tells what it cannot do with them: it reads them, and has no way to
 * insert; its COPY into a table's folder makes another table there, which hides ours until the program's next commit.
 */
import { rm } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesAtOnce } from './iceberg-destinations.ts'
import { randomRequests } from './random-requests.ts'
import { literal, queried } from './readers/duckdb.ts'
import { connectIceberg } from './readers/iceberg-duckdb.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { deliver } from './requests.ts'
import { type Server, startServer } from './server.ts'

const records = 40
let server: Server
let duckdb: DuckDBConnection

/** A request of logs, another for each number. */
const send = (to: Server, number: number): Promise<void> =>
  deliver(to.url, 'logs', JSON.stringify(randomRequests(number, records).logs))

const folder = () => `${server.folder}/otel/logs`
const scan = () => `iceberg_scan(${literal(folder())})`
const count = async (): Promise<number> =>
  Number((await queried(duckdb, `SELECT count(*) AS n FROM ${scan()}`)).rows[0]?.n)

beforeAll(async () => {
  duckdb = await connectIceberg()
  server = await startServer(filesAtOnce)
  await send(server, 1)
})
afterAll(async () => {
  duckdb.closeSync()
  await server.stop()
  await rm(server.folder, { recursive: true })
})

it.each([
  [
    'attaches no folder',
    () => `ATTACH ${literal(server.folder)} AS lake (TYPE iceberg, AUTHORIZATION_TYPE 'none')`,
    "Missing 'endpoint' option",
  ],
  [
    'inserts into no folder',
    () => `INSERT INTO ${scan()} SELECT * FROM ${scan()}`,
    'Parser Error: syntax error',
  ],
])('%s', async (_, sql, error) => {
  await expect(duckdb.run(sql())).rejects.toThrow(error)
})

describe('COPY into the folder of a table makes another one', () => {
  const copy = () =>
    duckdb.run(`COPY (SELECT * FROM ${scan()} LIMIT 1) TO ${literal(folder())} (FORMAT iceberg)`)
  /** What another reader of the newest version finds that follows by number, as the program does. */
  const numbered = async (version: number): Promise<number | undefined> => {
    const metadata = `${folder()}/metadata/v${version}.metadata.json`
    const [answer] = (await icebergReaders.java?.read([{ table: { metadata } }])) ?? []
    expect(answer?.problems).toEqual([])
    return answer?.count
  }

  it('which hides ours until the next commit of the program that runs', async () => {
    await copy()
    expect(await count()).toBe(1)
    await send(server, 2)
    expect(await count()).toBe(2 * records)
  })

  it('and of one that is started then', async () => {
    await copy()
    expect(await count()).toBe(1)
    const other = await startServer(filesAtOnce, server.folder)
    try {
      // What is there already is recognised all the same.
      for (const number of [1, 2, 3]) await send(other, number)
    } finally {
      await other.stop()
    }
    expect(await count()).toBe(3 * records)
    expect(await numbered(4)).toBe(3 * records)
  })
})
