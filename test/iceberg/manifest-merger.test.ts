// Protects appends that merge manifests: no file is lost or doubled, whoever else commits, and no commit fails for a merge.
import { expect, test } from 'vitest'
import type { LoadedTable } from '../../src/iceberg/catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io.ts'
import { landed } from '../../src/iceberg/landed.ts'
import { readManifest } from '../../src/iceberg/manifest.ts'
import { readManifestList } from '../../src/iceberg/manifest-list.ts'
import { createMetadataFiles } from '../../src/iceberg/metadata-files.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import { currentSnapshot, type TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { createTableWriter } from '../../src/iceberg/table-writer.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { requestBy } from '../tools/append-request.ts'
import { dailyTable } from './manifests.ts'
import { createMemoryCatalog, memoryFileIO } from './memory-catalog.ts'
import { dataFileNamed } from './tables.ts'

const few = 5

/** Writers of one table that merges more than a few manifests. */
const scene = (wrap: (io: FileIO) => FileIO = (io) => io) => {
  const { schemas, 'partition-specs': specs, 'sort-orders': orders } = dailyTable()
  const tables = new Map<string, TableMetadata>()
  const io = memoryFileIO(createMemoryStorage())
  const logged: string[] = []
  const identifier = { namespace: ['otel'], name: 'logs' }
  const catalog = createMemoryCatalog({ tables, io: wrap(io) })
  const writer = () =>
    createTableWriter({
      identifier,
      catalog,
      version: '1',
      clock: systemClock,
      log: (level, message) => (level === 'warn' ? logged.push(message) : noLog(level, message)),
      metrics: noMetrics,
      creation: {
        schema: schemas[0] as never,
        spec: specs[0] as never,
        sortOrder: orders[0] as never,
        properties: { 'commit.manifest-merge.min-count-to-merge': String(few) },
      },
    })
  const table = async (): Promise<LoadedTable> => {
    const loaded = await createMemoryCatalog({ tables, io }).load(identifier)
    if (loaded === null) throw new Error('no table')
    return loaded
  }
  return { writer, table, logged }
}

type Writer = ReturnType<ReturnType<typeof scene>['writer']>

const append = async (writer: Writer, uuids: readonly string[], timeMs = 8000): Promise<void> => {
  for (const uuid of uuids) {
    const base = await writer.open()
    const path = `memory://lake/otel/logs/data/0-${uuid}.parquet`
    const dataFile = { ...dataFileNamed(path, { timestamp_day: 20_000 }), record_count: 10n }
    const file = { uuid, specId: 0, partition: [20_000], bytes: new Uint8Array(4), dataFile }
    expect(await writer.append(base, [file], requestBy(Date.now() + timeMs))).toEqual(['committed'])
  }
}

const uuids = (count: number) => Array.from({ length: count }, () => crypto.randomUUID())

const listOf = async ({ metadata, io }: LoadedTable) => {
  const path = currentSnapshot(metadata)?.['manifest-list'] ?? ''
  return readManifestList((await io.get(path)) ?? new Uint8Array())
}

/** The files of a table with their sequence numbers, in that order. */
const filesOf = async (table: LoadedTable) => {
  const all = await Promise.all(
    (await listOf(table)).map(async (manifest) => {
      const bytes = (await table.io.get(manifest.manifest_path)) ?? new Uint8Array()
      return (await readManifest(bytes)).map(({ data_file: file, ...entry }) => ({
        uuid: /0-(.*)\.parquet$/.exec(file.file_path)?.[1],
        sequenceNumber: Number(entry.sequence_number ?? manifest.sequence_number),
        snapshotId: entry.snapshot_id ?? manifest.added_snapshot_id,
      }))
    }),
  )
  return all.flat().sort((a, b) => a.sequenceNumber - b.sequenceNumber)
}

test('however many commits come, the list is short and every file is what it was', async () => {
  const { writer, table, logged } = scene()
  const all = uuids(40)
  await append(writer(), all.slice(0, 20))
  await append(writer(), all.slice(20))
  const after = await table()
  const { snapshots } = after.metadata
  expect(await filesOf(after)).toEqual(
    all.map((uuid, i) => ({
      uuid,
      sequenceNumber: i + 1,
      snapshotId: snapshots[i]?.['snapshot-id'],
    })),
  )
  expect((await listOf(after)).length).toBeLessThanOrEqual(few + 2)
  expect(logged).toEqual([])
})

test('summaries count manifests that were made, kept and replaced', async () => {
  const { writer, table } = scene()
  await append(writer(), uuids(few + 2))
  const told = (await table()).metadata.snapshots.map(({ summary }) =>
    ['created', 'kept', 'replaced'].map((what) => Number(summary[`manifests-${what}`])).join(' '),
  )
  expect(told).toEqual(['1 0 0', '1 1 0', '1 2 0', '1 3 0', '1 4 0', '1 5 0', '2 0 6'])
})

test('a search finds what was merged', async () => {
  const { writer, table } = scene()
  const all = uuids(20)
  await append(writer(), all)
  const { found, conclusive } = await landed(
    await table(),
    [...all, 'another'].map((uuid) => ({ uuid, specId: 0, partition: [20_000] })),
    0,
    createMetadataFiles(),
  )
  expect([...found].sort()).toEqual([...all].sort())
  expect(conclusive).toBe(true)
})

test('a commit with little time leaves merging to the next', async () => {
  const { writer, table, logged } = scene()
  const one = writer()
  await append(one, uuids(few + 2), 1_200)
  expect((await listOf(await table())).length).toBe(few + 2)
  await append(one, uuids(1))
  expect((await listOf(await table())).length).toBe(2)
  expect(logged).toEqual([])
})

test('two writers that both merge lose and double nothing', async () => {
  const { writer, table } = scene()
  const [ones, others] = [uuids(30), uuids(30)]
  await Promise.all([append(writer(), ones), append(writer(), others)])
  const files = await filesOf(await table())
  expect(files.map(({ uuid }) => uuid).sort()).toEqual([...ones, ...others].sort())
  expect(files.map(({ sequenceNumber }) => sequenceNumber)).toEqual(files.map((_, i) => i + 1))
})

test.each<[string, (read: FileIO['get']) => FileIO['get'], number]>([
  ['cannot be read', () => () => Promise.reject(new Error('refused')), 8000],
  ['are gone', () => () => Promise.resolve(null), 8000],
  ['take too long', () => () => new Promise(() => {}), 1_800],
])('when manifests %s, commits go on without merging', async (_, broken, timeMs) => {
  let asked = 0
  const { writer, table, logged } = scene((io) => ({
    ...io,
    get: (path) => {
      if (!path.includes('-m0')) return io.get(path)
      asked++
      return broken(io.get)(path)
    },
  }))
  const all = uuids(20)
  await append(writer(), all.slice(0, few))
  // What this one has not written itself it must read.
  await append(writer(), all.slice(few), timeMs)
  const { metadata } = await table()
  expect(metadata.snapshots).toHaveLength(20)
  expect(metadata.snapshots.at(-1)?.summary['manifests-kept']).toBe('19')
  expect(logged).toEqual(['the manifests of a table could not be merged'])
  expect(asked).toBeLessThanOrEqual(few + 1)
})

test.each<[string, FileIO['put'], number]>([
  ['cannot be written', () => Promise.reject(new Error('refused')), 8000],
  ['takes too long', () => new Promise(() => {}), 1_800],
])('when a merged manifest %s, no list names it', async (_, broken, timeMs) => {
  let asked = 0
  const { writer, table, logged } = scene((io) => ({
    ...io,
    put: (path, bytes) => {
      if (!path.endsWith('-merged.avro')) return io.put(path, bytes)
      asked++
      return broken(path, bytes)
    },
  }))
  const all = uuids(few + 3)
  await append(writer(), all, timeMs)
  expect((await filesOf(await table())).map(({ uuid }) => uuid)).toEqual(all)
  expect((await listOf(await table())).map(({ manifest_path: path }) => path)).not.toContainEqual(
    expect.stringContaining('merged'),
  )
  expect(logged).toEqual(['the manifests of a table could not be merged'])
  expect(asked).toBe(1)
})
