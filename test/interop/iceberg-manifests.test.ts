/**
 * Protects manifests and manifest lists that others wrote: read here, each says what DuckDB's Avro reader reads in it, in
 * every shape that writers give them: with field ids and without, of format versions 1 and 2, deflated or not.
 */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  type DuckDBValue,
} from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readManifest } from '../../src/iceberg/manifest.ts'
import { readManifestList } from '../../src/iceberg/manifest-list.ts'
import { startJavaRest } from './catalogs/java-rest.ts'
import { compiled, quickStart } from './java.ts'
import { here, oldIcebergJars, run } from './programs.ts'
import { literal } from './readers/duckdb.ts'
import { connectIceberg } from './readers/iceberg-duckdb.ts'
import { pathsOf } from './readers/iceberg-paths.ts'
import { startSpark } from './spark/spark.ts'
import { duckdbWriter } from './writers/duckdb.ts'
import { makeForeignTables } from './writers/foreign.ts'
import { type Deed, pyicebergWriter } from './writers/writers.ts'

type Plain = null | boolean | string | Plain[] | { [name: string]: Plain }

/** A value of either reader: numbers as their digits, bytes as hex. */
const plain = (value: unknown): Plain => {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof DuckDBBlobValue) return plain(value.bytes)
  if (value instanceof DuckDBDateValue) return String(value.days)
  if (value instanceof DuckDBListValue) return value.items.map(plain)
  if (value instanceof DuckDBMapValue) return value.entries.map(plain)
  if (value instanceof DuckDBStructValue) return plain(value.entries)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
  return typeof value === 'boolean' ? value : String(value)
}

/** What DuckDB read, as far as we read it, in today's names; what version 1 did not have is 0. */
const asOurs = (theirs: Plain, ours: Plain, isList: boolean): Plain => {
  if (Array.isArray(theirs) || typeof theirs !== 'object' || theirs === null) return theirs
  const names = Object.keys(ours ?? {})
  return Object.fromEntries(
    names.map((name) => {
      const found = theirs[name] ?? theirs[name.replace('_files_', '_data_files_')] ?? null
      const absent = name === 'content' || (isList && name.endsWith('sequence_number')) ? '0' : null
      return [
        name,
        asOurs(found ?? absent, (ours as { [name: string]: Plain })[name] ?? null, false),
      ]
    }),
  )
}

/** The Avro files of tables with what is in them. */
const filesOf = async (folders: readonly string[]) => {
  const files = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(`${folder}/metadata`)
      return names
        .filter((name) => name.endsWith('.avro'))
        .map((name) => `${folder}/metadata/${name}`)
    }),
  )
  return files.flat()
}

const columns = { a: 'long', at: 'timestamptz' }
const day = '2026-01-01 00:00:00+00:00'
const micros = '1767225600000000'
const rows = [
  { a: '1', at: micros },
  { a: '2', at: null },
]

const partition = [{ column: 'at', transform: 'day', name: 'at_day' }]
const append = [
  { deed: 'append', row: { a: '1', at: day } },
  { deed: 'append', row: { a: '2' } },
] as const

/** By Java's library of a time when lists called `added_files_count` `added_data_files_count`. */
const byOldIceberg = async (version: string, folder: string): Promise<readonly string[]> => {
  const program = here('test/interop/writers/OldIceberg.java')
  await run('java', [...quickStart, ...(await compiled(program, oldIcebergJars(version))), folder])
  return [1, 2].map((format) => `${folder}/v${format}`)
}

/** Writers by name: the folders of the tables that each made in one of its own. */
const writers: Readonly<Record<string, (folder: string) => Promise<readonly string[]>>> = {
  PyIceberg: async (folder) => {
    const tables = [1, 2].map((version) => ({
      folder: `${folder}/v${version}`,
      columns,
      partition,
      version,
      deeds: [
        ...append,
        { deed: 'repartition', column: 'a', transform: 'bucket[4]', name: 'b' } as const,
        ...append,
      ],
    }))
    await makeForeignTables(tables)
    return tables.map((table) => table.folder)
  },
  Spark: async (folder) => {
    const spark = await startSpark()
    const table = { folder: `${folder}/otel/logs` }
    const deeds: Deed[] = [
      { table, deed: 'create', columns, partition: 'at' },
      { table, deed: 'append', rows },
      { table, deed: 'append', rows },
      { table, deed: 'compact' },
      { table, deed: 'append', rows },
    ]
    await spark.writer(deeds).finally(spark.stop)
    return [table.folder]
  },
  DuckDB: async (folder) => {
    const catalog = await startJavaRest()
    const table = { catalog, namespace: 'otel', name: 'logs' }
    await pyicebergWriter([{ table, deed: 'create', columns, partition: 'at' }])
    await duckdbWriter([
      { table, deed: 'append', rows },
      { table, deed: 'append', rows },
    ])
    const paths = await pathsOf(table)
    await cp(paths.folder, `${folder}/t`, { recursive: true })
    await catalog.stop()
    return [`${folder}/t`]
  },
  'Iceberg 0.14.1': (folder) => byOldIceberg('0.14.1', folder),
  'Iceberg 1.3.1': (folder) => byOldIceberg('1.3.1', folder),
  ClickHouse: async (folder) => {
    await run(process.execPath, [here('test/interop/writers/write_clickhouse.mjs')], {
      cwd: folder,
    })
    return [`${folder}/t`]
  },
}

let connection: DuckDBConnection
beforeAll(async () => {
  connection = await connectIceberg()
})
afterAll(() => connection.closeSync())

const byDuckdb = async (path: string): Promise<Record<string, DuckDBValue>[]> => {
  const reader = await connection.runAndReadAll(`SELECT * FROM read_avro(${literal(path)})`)
  return reader.getRowObjects()
}

describe.each(Object.entries(writers))('%s', (name, write) => {
  it('is read as DuckDB reads it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'interop-'))
    const statuses = new Set<number>()
    const listNames = new Set<string>()
    let lists = 0
    for (const path of await filesOf(await write(folder))) {
      const theirs = await byDuckdb(path)
      const isList = theirs[0] !== undefined && 'manifest_path' in theirs[0]
      const bytes = await readFile(path)
      const ours = isList ? await readManifestList(bytes) : await readManifest(bytes)
      expect(ours).toHaveLength(theirs.length)
      for (const [i, record] of ours.entries()) {
        const wanted = plain(record)
        expect(wanted).toEqual(asOurs(plain(theirs[i]), wanted, isList))
        if ('status' in record) statuses.add(record.status)
      }
      if (!isList) continue
      lists++
      for (const column of Object.keys(theirs[0] ?? {})) listNames.add(column)
      // A field that is not found at all would not be compared above.
      for (const kind of ['added', 'existing', 'deleted'])
        for (const record of ours) expect(record).toHaveProperty(`${kind}_files_count`)
    }
    expect(lists).toBeGreaterThan(1)
    expect(statuses.has(1)).toBe(true)
    if (name.startsWith('Iceberg ')) expect([...listNames]).toContain('added_data_files_count')
    await rm(folder, { recursive: true })
  }, 300_000)
})
