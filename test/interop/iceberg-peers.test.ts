/**
 * Protects the judges of our Iceberg tables: every catalog starts, every other writer writes, and every reader finds
 * what they wrote, so that what they later say of our tables counts.
 */
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createS3Storage } from '../../src/storage/s3.ts'
import type { RestCatalog } from './catalogs/catalog.ts'
import { startJavaRest } from './catalogs/java-rest.ts'
import { startMinistack } from './catalogs/ministack.ts'
import { startNessie } from './catalogs/nessie.ts'
import type { Filter } from './filters.ts'
import type { CatalogTable, IcebergReader, TableRef } from './readers/iceberg.ts'
import { pathsOf } from './readers/iceberg-paths.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { withoutNullLists } from './readers/readers.ts'
import type { Row } from './rows.ts'
import { type S3Server, startVersitygw } from './s3-servers.ts'
import { type Spark, startSpark } from './spark/spark.ts'
import { duckdbWriter } from './writers/duckdb.ts'
import { pyicebergWriter } from './writers/writers.ts'

const columns = {
  timestamp: 'timestamptz',
  requestid: 'string',
  requestrow: 'int',
  n: 'long',
  x: 'double',
  b: 'boolean',
  s: 'string',
  ls: 'list<string>',
  ld: 'list<double>',
  lt: 'list<timestamptz>',
}
const day = 86_400_000_000n
const noon = 1_790_000_000_000_000n
const rows: Row[] = Array.from({ length: 20 }, (_, i) => ({
  timestamp: String(noon + BigInt(i % 2) * day + BigInt(i)),
  requestid: `request ${i % 4}`,
  requestrow: String(i),
  n: i % 5 === 0 ? null : String(9_007_199_254_740_993n + BigInt(i)),
  x: i % 2 === 0 ? (i % 4 === 0 ? null : 'NaN') : '0.1',
  b: i % 2 === 0,
  s: `"ü🚀\\'${i}`,
  ls: i % 3 === 0 ? [] : ['a', null, `b${i}`],
  ld: ['1.5', '-0'],
  lt: i % 3 === 0 ? [String(noon - BigInt(i))] : null,
}))

/** Each filter, and the rows that it lets pass. */
const filters: readonly [Filter, (row: Row) => boolean][] = [
  [
    {
      column: 'timestamp',
      type: 'timestamptz',
      operator: 'between',
      values: [String((noon / day) * day), String((noon / day + 1n) * day - 1n)],
    },
    ({ timestamp }) => BigInt(String(timestamp)) / day === noon / day,
  ],
  [
    { column: 'n', type: 'long', operator: '<>', values: ['9007199254740994'] },
    ({ n }) => n !== null && n !== '9007199254740994',
  ],
  [
    { column: 's', type: 'string', operator: 'prefix', values: ['"ü🚀\\\'1'] },
    ({ s }) => String(s).startsWith('"ü🚀\\\'1'),
  ],
]

const keysOf = (some: readonly Row[]): string =>
  some
    .map(({ requestid, requestrow }) => `${requestid}:${requestrow}`)
    .sort()
    .join(',')

const sorted = (some: readonly Row[]): Row[] =>
  some.toSorted((a, b) => Number(a.requestrow) - Number(b.requestrow))

let s3: S3Server
let spark: Spark
let catalogs: Record<string, RestCatalog> = {}
let tables: Record<string, CatalogTable> = {}
let refs: Record<string, TableRef> = {}

/** The paths of Java's table on disk, made a table in a folder too. */
const withoutCatalog = async (table: CatalogTable): Promise<Record<string, TableRef>> => {
  const { folder, metadata } = await pathsOf(table)
  await cp(metadata, `${folder}/metadata/v7.metadata.json`)
  await writeFile(`${folder}/metadata/version-hint.text`, '7')
  return { metadata: { metadata }, folder: { folder } }
}

/** Every row, a part of them by each of the writers; two days each, so two files. */
const write = async (table: CatalogTable): Promise<void> => {
  const append = (from: number, to: number) =>
    ({ deed: 'append', table, rows: rows.slice(from, to) }) as const
  await pyicebergWriter([{ deed: 'create', table, columns, partition: 'timestamp' }, append(0, 6)])
  await duckdbWriter([append(6, 12)])
  await spark.writer([append(12, 20)])
}

beforeAll(async () => {
  s3 = await startVersitygw()
  spark = await startSpark()
  catalogs = {
    'Java on disk': await startJavaRest(),
    'Java on S3': await startJavaRest(s3),
    Nessie: await startNessie(s3),
    ministack: await startMinistack(),
  }
  tables = Object.fromEntries(
    Object.entries(catalogs).map(([name, catalog]) => [
      name,
      { catalog, namespace: 'otel', name: 'peers' },
    ]),
  )
  for (const table of Object.values(tables)) await write(table)
  refs = { ...tables, ...(await withoutCatalog(tables['Java on disk'] as CatalogTable)) }
}, 400_000)

afterAll(async () => {
  for (const catalog of Object.values(catalogs)) await catalog.stop()
  await spark.stop()
  await s3.stop()
})

/** What a reader says of every table that it can read, by name, and what it should say. */
const judged = async (name: string, reader: IcebergReader, filesADay: number) => {
  const read = Object.entries(refs)
  const asked = read.map(([, table]) => ({ table, filters: filters.map(([filter]) => filter) }))
  const answers = await reader.read(asked)
  const plain = name === 'clickhouse' ? withoutNullLists : <T>(answer: T): T => answer
  const wanted = plain({
    types: columns,
    rows,
    count: rows.length,
    keys: filters.map(([, passes]) => keysOf(rows.filter(passes))),
    filesOfTheDay: filesADay,
    problems: [] as readonly string[],
  })
  const found = answers.map(({ types, rows, count, filtered, problems = [] }) => ({
    types,
    rows: sorted(rows),
    count,
    keys: filtered.map(({ keys }) => keys),
    filesOfTheDay: filtered[0]?.fileCount,
    problems,
  }))
  expect(Object.fromEntries(read.map(([ref], i) => [ref, found[i]]))).toEqual(
    Object.fromEntries(read.map(([ref]) => [ref, wanted])),
  )
}

const readers: Readonly<Record<string, () => IcebergReader>> = {
  ...Object.fromEntries(
    Object.entries(icebergReaders).map(([name, reader]) => [name, () => reader]),
  ),
  spark: () => spark.reader,
}

it.each(Object.entries(readers))(
  '%s finds what three writers wrote',
  async (name, reader) => {
    await judged(name, reader(), 3)
  },
  240_000,
)

it('whoever is asked for a folder of Nessie cannot know which version is that of now', async () => {
  const { folder } = await pathsOf(tables.Nessie as CatalogTable)
  const { bucket, endpoint, region } = s3
  const storage = createS3Storage({ bucket, endpoint, region, credentials: async () => s3 })
  const prefix = `${folder.slice(`s3://${bucket}/`.length)}/metadata/`
  const keys = await Array.fromAsync(storage.list(prefix), ({ key }) => key)
  const numbers = keys.flatMap((key) => /\/(\d+)-[^/]+\.metadata\.json$/.exec(key)?.[1] ?? [])
  expect(numbers.length).toBeGreaterThan(1)
  expect(new Set(numbers).size).toBe(1)
})

it('Java tells what does not agree', async () => {
  const { folder, metadata } = await pathsOf(tables['Java on disk'] as CatalogTable)
  const copy = `${folder}/metadata/wrong.metadata.json`
  const text = await readFile(metadata, 'utf8')
  await writeFile(copy, text.replace(/"total-records"(\s*):(\s*)"20"/, '"total-records":"21"'))
  const [answer] = (await icebergReaders.java?.read([{ table: { metadata: copy } }])) ?? []
  await rm(copy)
  expect(answer?.problems).toEqual(['total-records is 21, counted 20'])
})

it('Spark compacts, and every reader finds the same in fewer files', async () => {
  await spark.writer(Object.values(tables).map((table) => ({ deed: 'compact', table })))
  refs = tables
  for (const name of ['duckdb', 'pyiceberg'] as const)
    await judged(name, icebergReaders[name] as IcebergReader, 1)
}, 240_000)
