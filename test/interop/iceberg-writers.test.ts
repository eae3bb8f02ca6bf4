/**
 * Protects tables that others write too: PyIceberg, DuckDB and Spark, which also compacts, take turns with the program
 * on one table, whoever made it; nothing is lost, nothing comes twice, the history is one line. In a bucket without a
 * catalog, of which Spark knows nothing, `compact.py` compacts.
 */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asReading, foundRows, typesOf, wantedRows } from './compare.ts'
import { type IcebergDestination, icebergDestinations } from './iceberg-destinations.ts'
import { randomRequests } from './random-requests.ts'
import type { Answer, TableRef } from './readers/iceberg.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { deliver } from './requests.ts'
import type { Row } from './rows.ts'
import { type Server, startServer } from './server.ts'
import { type Spark, startSpark } from './spark/spark.ts'
import { compactFiles } from './writers/compact-py.ts'
import { duckdbWriter } from './writers/duckdb.ts'
import { type Deed, pyicebergWriter, type Writer } from './writers/writers.ts'

type Table = Deed['table']

/** A request of logs, another for each number. */
const request = (number: number) => randomRequests(number, 40).logs

const send = (server: Server, number: number): Promise<void> =>
  deliver(server.url, 'logs', JSON.stringify(request(number)))

/** A row of somebody else's, told by its `requestid`. */
const rowOf = (writer: string): Row => ({
  timestamp: '1790000000000123',
  requestid: writer,
  requestrow: '0',
  severitytext: `of ${writer}`,
})

const appended = (table: Table, name: string): Deed[] => [
  { deed: 'append', table, rows: [rowOf(name)] },
]

let spark: Spark
beforeAll(async () => {
  spark = await startSpark()
})
afterAll(() => spark.stop())

/** Who can write where: Spark also where there is no catalog, for tables in folders on disk, and PyIceberg by ours for it. */
const writers: Readonly<Record<string, Writer>> = {
  pyiceberg: pyicebergWriter,
  duckdb: duckdbWriter,
  spark: (deeds) => spark.writer(deeds),
}
const others: Readonly<Record<string, readonly string[]>> = {
  'files on disk': ['spark', 'pyiceberg'],
  'files on versitygw': ['pyiceberg'],
  'Java on disk': ['pyiceberg', 'duckdb', 'spark'],
  'Java on versitygw': ['pyiceberg', 'duckdb', 'spark'],
  Nessie: ['spark', 'pyiceberg', 'duckdb'],
  ministack: ['pyiceberg', 'duckdb', 'spark'],
}

/** Has all data files written anew, and holds that they were: each day's are one afterwards. */
const compacted = (table: Table): Promise<void> =>
  'folder' in table && table.s3 !== undefined ? compactedByScript(table) : compactedBySpark(table)

const compactedByScript = async (table: Extract<Table, { folder: string }>): Promise<void> => {
  const [namespace = '', name] = table.folder.split('/').slice(-2)
  const printed = (await compactFiles(table, '--namespace', namespace)).trim().split('\n')
  for (const line of printed) {
    expect(line).toMatch(new RegExp(`^${namespace}\\.${name}: \\d+ files with \\d+ rows became 1$`))
  }
}

const compactedBySpark = async (table: Table): Promise<void> => {
  const { before, after, rewritten, added, failed } = await spark.compact(table)
  expect({ rewritten, added, failed }).toEqual({ rewritten: before, added: after, failed: 0 })
  expect(before).toBeGreaterThan(after)
  expect(after).toBeGreaterThan(0)
}

/** Where a table forgets a compaction by the next one: Nessie's metadata tells of the current snapshot alone. */
const forgetful: Readonly<Record<string, true>> = { Nessie: true }

/** What two readers say of a table: they agree, and Java's has nothing to complain about. */
const judged = async (table: TableRef): Promise<Answer> => {
  const [byDuckdb] = (await icebergReaders.duckdb?.read([{ table }])) ?? []
  const [byJava] = (await icebergReaders.java?.read([{ table }])) ?? []
  if (byDuckdb === undefined || byJava === undefined) throw new Error('a reader says nothing')
  expect(byJava.problems).toEqual([])
  expect([byDuckdb.count, byJava.count]).toEqual([byDuckdb.rows.length, byDuckdb.rows.length])
  expect(foundRows([asReading('logs', byDuckdb)])).toEqual(foundRows([asReading('logs', byJava)]))
  return byDuckdb
}

/** Rows as a table has them in which a column is no more. */
const without = (rows: Record<string, Row[]>, column?: string): Record<string, Row[]> =>
  Object.fromEntries(
    Object.entries(rows).map(([table, some]) => [
      table,
      some.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => name !== column)),
      ),
    ]),
  )

interface Wanted {
  /** The numbers of our requests. */
  readonly requests: readonly number[]
  /** The other writers, each with one row. */
  readonly names: readonly string[]
  /** A column that the table lacks. */
  readonly lacks?: string
}

/** Holds that a table has the rows of our requests and those of others, once, and no more. */
const holds = ({ types, rows }: Answer, { requests, names, lacks }: Wanted): void => {
  const isOther = ({ requestid }: Row) => Object.hasOwn(writers, String(requestid))
  const ours = asReading('logs', { types, rows: rows.filter((row) => !isOther(row)) })
  expect(foundRows([ours])).toEqual(without(wantedRows(requests.map(request)), lacks))
  const theirs = rows
    .filter(isOther)
    .map(({ requestid, severitytext }) => [requestid, severitytext])
  expect(theirs.sort()).toEqual(names.map((name) => [name, `of ${name}`]).sort())
}

describe.each(Object.entries(others))('%s', (place, names) => {
  let destination: IcebergDestination
  let server: Server

  beforeAll(async () => {
    destination = (await icebergDestinations[place]?.()) as IcebergDestination
    server = await startServer(destination.env)
  }, 240_000)
  afterAll(async () => {
    await server.stop()
    await destination.stop()
    await rm(server.folder, { recursive: true })
  })

  it('turns on a table that we made', async () => {
    const table = destination.table(server, 'logs') as Table
    let number = 0
    await send(server, number++)
    for (const name of names) {
      await writers[name]?.(appended(table, name))
      await send(server, number++)
      if (!(place in forgetful)) {
        await compacted(table)
        await send(server, number - 1)
      }
    }
    const sent = [...Array(number).keys()]
    holds(await judged(table), { requests: sent, names })
    await send(server, number)
    sent.push(number++)
    await compacted(table)
    for (const again of sent) await send(server, again)
    holds(await judged(table), { requests: sent, names })
    await send(server, number)
    holds(await judged(table), { requests: [...sent, number], names })
  }, 300_000)

  it('turns on a table that they made, with fewer and other columns, one of which they drop', async () => {
    const ours = destination.table(server, 'logs') as Table
    const table =
      'catalog' in ours
        ? { ...ours, namespace: 'theirs' }
        : { ...ours, folder: ours.folder.replace('/otel/', '/theirs/') }
    const [maker = '', ...rest] = names
    const columns = {
      extra: 'string',
      severitytext: 'string',
      timestamp: 'timestamptz',
      requestid: 'string',
      requestrow: 'int',
    }
    await writers[maker]?.([
      { deed: 'create', table, columns, partition: 'timestamp' },
      ...appended(table, maker),
    ])
    const env = { ...destination.env, OTLP2PARQUET_ICEBERG_NAMESPACE: 'theirs' }
    const other = await startServer(env, server.folder)
    try {
      await send(other, 0)
      for (const name of rest) await writers[name]?.(appended(table, name))
      await send(other, 1)
      await writers[maker]?.([{ deed: 'drop column', table, column: 'scopename' }])
      await send(other, 2)
      await compacted(table)
      for (const again of [1, 2, 0]) await send(other, again)
    } finally {
      await other.stop()
    }
    const answer = await judged(table)
    holds(answer, { requests: [0, 1, 2], names, lacks: 'ScopeName' })
    const { ScopeName, ...types } = typesOf('logs')
    expect(asReading('logs', answer).types).toEqual({ ...types, extra: 'string' })
  }, 300_000)
})
