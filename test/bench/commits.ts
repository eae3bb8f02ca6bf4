/**
 * What a commit to an Iceberg table costs while the table has few snapshots and when it has many, in a file catalog on disk;
 * beside it a naive commit, which reads and writes all metadata and merges nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { currentSnapshot, type TableMetadata } from '../../src/iceberg/table-metadata.ts'
import type { TableWriter } from '../../src/iceberg/table-writer.ts'
import { noLog } from '../../src/log.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { addHistory, commitOne, openWriter } from './commit-table.ts'
import { median } from './measure.ts'
import { naiveCommit } from './naive-commit.ts'

/** The cost of a commit to a table of so many snapshots. */
export interface CommitCost {
  readonly snapshots: number
  /** Bytes of the metadata and of the manifest list that a commit writes. */
  readonly metadata: number
  readonly list: number
  readonly ours: Times
  /** Of the commit that merged manifests. */
  readonly merging: Times
  readonly naive: Times
}

/** Milliseconds; medians, each for itself. */
export interface Times {
  /** On the clock, the disk's fsync included. */
  readonly wall: number
  /** User and system, all threads. */
  readonly cpu: number
}

const timed = async (work: () => Promise<unknown>): Promise<Times> => {
  const [started, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { wall: performance.now() - started, cpu: (user + system) / 1000 }
}

const medians = (times: readonly Times[]): Times => ({
  wall: median(times.map(({ wall }) => wall)),
  cpu: median(times.map(({ cpu }) => cpu)),
})

const dearest = (times: readonly Times[]): Times =>
  times.reduce((most, each) => (each.cpu > most.cpu ? each : most))

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  return work(folder).finally(() => rmSync(folder, { recursive: true }))
}

const catalogOf = (storage: Storage) =>
  createFileCatalog({ storage, root: 'file:///lake', log: noLog })

/** So many commits are made for real: enough for one that merges manifests. */
const recent = 102
/** Files of a manifest that was merged, as it comes out at the defaults. */
const filesPerMerge = 350

/** Commits one after the other; metadata that nobody will read goes, or the disk fills up. */
const commits = async (writer: TableWriter, count: number, storage: Storage): Promise<Times[]> => {
  const times: Times[] = []
  for (let i = 0; i < count; i++) {
    times.push(await timed(() => commitOne(writer)))
    const { version } = (await writer.open()) as { version?: number } & object
    if (version !== undefined && version > 3)
      await storage.delete(`otel/logs/metadata/v${version - 3}.metadata.json`)
  }
  return times
}

const listSize = async (metadata: TableMetadata, storage: Storage): Promise<number> => {
  const path = currentSnapshot(metadata)?.['manifest-list'] ?? ''
  const list = await storage.head(path.replace('file:///lake/', ''))
  return list?.size ?? 0
}

const costOf = (snapshots: number, rounds: number): Promise<CommitCost> =>
  inFolder(async (folder) => {
    const storage = await openFileStorage(folder)
    const catalog = catalogOf(storage)
    const made = await openWriter(catalog).open()
    const old = Math.max(0, snapshots - recent)
    await addHistory(catalog, made, old, Math.ceil(old / filesPerMerge))
    const writer = openWriter(catalog)
    const before = await commits(writer, snapshots - old, storage)
    const times = await commits(writer, rounds, storage)
    const { metadata } = await writer.open()
    const naive = await naiveCommit(metadata, storage)
    const naiveTimes: Times[] = []
    for (let i = 0; i < rounds; i++) naiveTimes.push(await timed(naive.commit))
    return {
      snapshots,
      metadata: naive.metadataBytes,
      list: await listSize(metadata, storage),
      ours: medians(times),
      merging: dearest([...before.slice(-2), ...times]),
      naive: medians(naiveTimes),
    }
  })

/** Tables of several sizes; the least of it when `smoke`. */
export const commitCosts = async (smoke: boolean): Promise<CommitCost[]> => {
  const costs = []
  for (const snapshots of smoke ? [10] : [10, 1000, 10_000])
    costs.push(await costOf(snapshots, smoke ? 3 : 15))
  return costs
}

const cells = (values: readonly (string | number)[]): string =>
  values.map((value) => String(value).padStart(12)).join('')

/** As text. */
export const commitLines = (costs: readonly CommitCost[]): string[] => [
  'a commit to an Iceberg table on disk (file catalog): medians of milliseconds, CPU and on the clock',
  cells([
    'snapshots',
    'metadata MB',
    'list kB',
    'CPU',
    'clock',
    'merging CPU',
    'naive CPU',
    'clock',
  ]),
  ...costs.map(({ snapshots, metadata, list, ours, merging, naive }) =>
    cells([
      snapshots,
      (metadata / 1e6).toFixed(2),
      (list / 1e3).toFixed(1),
      ...[ours.cpu, ours.wall, merging.cpu, naive.cpu, naive.wall].map((ms) => ms.toFixed(1)),
    ]),
  ),
]
