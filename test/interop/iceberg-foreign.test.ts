// Protects: our rows in tables that others made: with fewer, other, renamed and dropped columns, with partition specs and
// sort orders of their own. PyIceberg, DuckDB and Java find every value, and theirs beside it.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { readManifest } from '../../src/iceberg/manifest.ts'
import { readManifestList } from '../../src/iceberg/manifest-list.ts'
import { currentSnapshot, parseTableMetadata } from '../../src/iceberg/table-metadata.ts'
import type { IngestResult } from '../../src/ingest.ts'
import { noLog } from '../../src/log.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { tables } from '../../src/tables/tables.ts'
import { createIcebergIngest } from '../tools/iceberg-ingest.ts'
import { foundRows, wantedRows } from './compare.ts'
import {
  type ForeignCase,
  foreignCases,
  refusedCases,
  foreignRequests as requests,
} from './foreign-tables.ts'
import type { Answer } from './readers/iceberg.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import type { Row } from './rows.ts'
import { makeForeignTables } from './writers/foreign.ts'

const readers = ['pyiceberg', 'duckdb', 'java'] as const
const answers: Record<string, Answer[]> = {}
let root: string
let storage: Storage
let encoder: Encoder

const tableOf = ({ signal = 'logs' }: ForeignCase) =>
  ({ logs: 'logs', traces: 'traces', metrics: 'metrics_sum' })[signal]

const folderOf = (one: ForeignCase) => {
  const place = [...foreignCases, ...refusedCases].findIndex(({ name }) => name === one.name)
  return join(root, `n${place}`, tableOf(one))
}

const send = (one: ForeignCase, receivedAt = Date.now()): Promise<IngestResult> => {
  const catalog = createFileCatalog({ storage, root: `file://${root}`, log: noLog })
  const namespace = folderOf(one).split('/').at(-2) ?? ''
  const ingest = createIcebergIngest(catalog, namespace, encoder)
  const { signal = 'logs' } = one
  const body = new TextEncoder().encode(JSON.stringify(requests[signal]))
  return ingest({ signal, encoding: 'json', body, receivedAt, deadline: Date.now() + 60_000 })
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'interop-foreign-'))
  storage = await openFileStorage(root)
  encoder = createEncoder({ module: await compileParquetWasm(), version: '0.0.0' })
  const all = [...foreignCases, ...refusedCases]
  await makeForeignTables(all.map((one) => ({ ...one, folder: folderOf(one) })))
  for (const one of foreignCases) await send(one)
  for (const name of readers) {
    const questions = foreignCases.map((one) => ({
      table: { folder: folderOf(one) },
      filters: one.filters ?? [],
    }))
    answers[name] = (await icebergReaders[name]?.read(questions)) ?? []
  }
}, 300_000)
afterAll(() => rm(root, { recursive: true, force: true }))

/** Rows under our own names; columns that we do not have are left out. */
const inOurWords = (one: ForeignCase, rows: readonly Row[]): Row[] => {
  const columns = tables.find(({ name }) => name === tableOf(one))?.columns ?? []
  const names = new Map(columns.map(({ name }) => [name.toLowerCase(), name]))
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        const ours = names.get(name.toLowerCase())
        return ours === undefined || one.lost?.includes(ours) ? [] : [[ours, value]]
      }),
    ),
  )
}

const wanted = (one: ForeignCase) => {
  const table = tableOf(one)
  const rows = wantedRows([requests[one.signal ?? 'logs']])[table] ?? []
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !one.lost?.includes(name))),
  )
}

const isOurs = (row: Row) => row.requestid !== null

describe.each(readers)('%s finds', (reader) => {
  test.each(foreignCases.map((one, i) => [one.name, one, i] as const))('%s', (_, one, i) => {
    const { rows = [], count } = answers[reader]?.[i] ?? {}
    const ours = inOurWords(one, rows.filter(isOurs))
    const found = foundRows([{ file: tableOf(one), types: {}, rows: ours }])
    const bySpelling = (rows: Row[] = []) => rows.map((row) => JSON.stringify(row)).sort()
    expect(bySpelling(found[tableOf(one)])).toEqual(bySpelling(wanted(one)))
    expect(count).toBe(ours.length + (one.theirs ?? 0))
  })
})

describe.each(readers)('%s reads some files for', (reader) => {
  const cases = foreignCases.flatMap((one, i) =>
    (one.filters ?? []).map(
      (filter, f) => [one.name, filter.column, filter.values[0], i, f] as const,
    ),
  )
  test.each(cases)('%s: %s = %j', async (_, column, value, i, f) => {
    const { rows = [], filtered = [] } = answers[reader]?.[i] ?? {}
    const matching = rows.filter((row) => String(row[column]) === value)
    const keys = matching.map((row) => `${row.requestid}:${row.requestrow}`)
    const ours = (text = '') =>
      text
        .split(',')
        .filter((key) => /^\w{32}:/.test(key))
        .sort()
    expect(ours(filtered[f]?.keys)).toEqual(ours(keys.join(',')))
    const folder = folderOf(foreignCases[i] as ForeignCase)
    const files = (await readdir(join(folder, 'data'), { recursive: true })).filter((name) =>
      name.endsWith('.parquet'),
    )
    expect(filtered[f]?.fileCount).toBeLessThan(files.length)
  })
})

const newest = async (one: ForeignCase) => {
  const folder = join(folderOf(one), 'metadata')
  const version = await readFile(join(folder, 'version-hint.text'), 'utf8')
  return parseTableMetadata(
    await readFile(join(folder, `v${version.trim()}.metadata.json`), 'utf8'),
  )
}

const bytesAt = async (path: string) => new Uint8Array(await readFile(path.replace('file://', '')))

/** The data files that our commit added, as its manifests name them. */
const ourFiles = async (one: ForeignCase) => {
  const metadata = await newest(one)
  const snapshot = currentSnapshot(metadata)
  const list = await readManifestList(await bytesAt(snapshot?.['manifest-list'] ?? ''))
  const mine = list.filter((manifest) => manifest.added_snapshot_id === snapshot?.['snapshot-id'])
  const manifests = await Promise.all(mine.map(({ manifest_path: path }) => bytesAt(path)))
  return (await Promise.all(manifests.map(readManifest))).flat().map((entry) => entry.data_file)
}

const sortedCases = foreignCases.filter(({ sorted }) => sorted !== undefined)
test.each(sortedCases.map((one) => [one.name, one] as const))(
  '%s: files say so',
  async (_, one) => {
    const files = await ourFiles(one)
    expect(files.length).toBeGreaterThan(0)
    expect(new Set(files.map((file) => file.sort_order_id))).toEqual(new Set([one.orderId]))
    for (const { file_path: path } of files) {
      const { row_groups: groups, schema } = parquetMetadata((await bytesAt(path)).slice().buffer)
      const columns = schema
        .slice(1)
        .filter(({ repetition_type }) => repetition_type === 'OPTIONAL')
      const said = groups[0]?.sorting_columns?.map(
        ({ column_idx, descending, nulls_first }) =>
          `${columns[column_idx]?.name}${descending ? '-' : ''}${nulls_first ? '' : '?'}`,
      )
      expect(said).toEqual(one.sorted)
    }
  },
)

test.each(foreignCases.map((one) => [one.name, one] as const))(
  'a resend adds nothing a day later: %s',
  async (_, one) => {
    const before = await newest(one)
    const result = await send(one, Date.now() + 86_400_000)
    expect(result.files).toBe(0)
    expect(result.duplicates).toBeGreaterThan(0)
    expect((await newest(one))['current-snapshot-id']).toBe(before['current-snapshot-id'])
  },
)

test.each(refusedCases.map((one) => [one.name, one] as const))(
  'nothing is written to a table with %s',
  async (_, one) => {
    const files = await readdir(folderOf(one), { recursive: true })
    await expect(send(one)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(one.says),
    })
    expect(await readdir(folderOf(one), { recursive: true })).toEqual(files)
  },
)
