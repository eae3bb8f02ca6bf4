// A table in a file catalog in memory with lists and manifests of its own making, and a clock that tests turn.
import type { LoadedTable, TableCommit } from '../../../src/iceberg/catalog.ts'
import { createFileCatalog, type FileCatalog } from '../../../src/iceberg/file/catalog.ts'
import {
  type Removed,
  type RetentionOptions,
  retainTable,
} from '../../../src/iceberg/file/retention.ts'
import {
  type ManifestFile,
  readManifestList,
  writeManifestList,
} from '../../../src/iceberg/manifest-list.ts'
import type { TableUpdate } from '../../../src/iceberg/table-updates.ts'
import { noLog } from '../../../src/log.ts'
import { noMetrics } from '../../../src/metrics.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { creation, snapshotOf } from '../../contracts/commits.ts'

export const hour = 3_600_000
export const logs = { namespace: ['otel'], name: 'logs' }
export const root = 's3://bucket/lake'
export const folder = 'otel/logs/metadata'

/** Twenty-four hours, ten at least. */
export const policy = { maxAgeMs: 24 * hour, minCount: 10 }

type Bounds = Pick<RetentionOptions, 'deadline' | 'callsLeft'>

export interface TendedTable {
  readonly storage: Storage
  readonly catalog: FileCatalog
  /** Milliseconds since 1970. */
  now: number
  /** Milliseconds by which the clock of whoever appends is ahead. */
  ahead: number
  load(): Promise<LoadedTable>
  /** A snapshot on the branch's last: a new manifest, and what `keep` leaves of those that were there. */
  append(branch?: string, keep?: (path: string, i: number) => boolean): Promise<LoadedTable>
  /** Lets a branch point at another snapshot. */
  point(branch: string, id: bigint): Promise<LoadedTable>
  /** A round of retention, on this storage or on one that behaves otherwise. */
  retain(storage?: Storage, neededSince?: number | null, bounds?: Bounds): Promise<Removed>
  /** What rounds logged. */
  readonly lines: string[]
  /** The keys in the metadata folder. */
  keys(): Promise<string[]>
  /** What the table's snapshots name that is not there. */
  missing(): Promise<string[]>
}

/** A table without snapshots. `spell` is how its writers spell paths. */
export const createTendedTable = async (
  spell: (path: string) => string = (path) => path,
): Promise<TendedTable> => {
  const clock = { now: 1_795_000_000_000, ahead: 0 }
  const now = () => clock.now
  const storage = createMemoryStorage({ now })
  const catalog = createFileCatalog({ storage, root, log: noLog, now: () => now() + clock.ahead })
  await catalog.create(logs, creation({ 'write.metadata.previous-versions-max': '5' }))
  const lines: string[] = []
  let count = 0

  const load = async (): Promise<LoadedTable> => {
    const table = await catalog.load(logs)
    if (table === null) throw new Error('no table')
    return table
  }
  const keyOf = (path: string) => path.slice(path.indexOf('otel/'))
  const listOf = async (path: string): Promise<readonly ManifestFile[]> => {
    const bytes = await storage.get(keyOf(path))
    if (bytes === null) throw new Error(`${path} is gone`)
    return readManifestList(bytes)
  }
  const commit = async (table: LoadedTable, updates: readonly TableUpdate[]) => {
    const change: TableCommit = { requirements: [], updates }
    const outcome = await catalog.commit(table, change)
    if (outcome.kind !== 'committed') throw new Error(outcome.reason)
    return outcome.table
  }
  const pointing = (branch: string, id: bigint): TableUpdate => ({
    action: 'set-snapshot-ref',
    'ref-name': branch,
    type: 'branch',
    'snapshot-id': id,
  })

  return {
    storage,
    catalog,
    get now() {
      return clock.now
    },
    set now(value) {
      clock.now = value
    },
    get ahead() {
      return clock.ahead
    },
    set ahead(value) {
      clock.ahead = value
    },
    load,
    async append(branch = 'main', keep = () => true) {
      const table = await load()
      const id = BigInt(++count)
      const parentId = table.metadata.refs[branch]?.['snapshot-id']
      const parent = table.metadata.snapshots.find((one) => one['snapshot-id'] === parentId)
      const parents = parent === undefined ? [] : await listOf(parent['manifest-list'])
      const manifest = manifestFile(spell(`${root}/${folder}/m${id}.avro`), id)
      const base = snapshotOf(table, id)
      const times = table.metadata.snapshots.map((one) => one['timestamp-ms'])
      const snapshot = {
        ...base,
        ...(parent !== undefined && { 'parent-snapshot-id': parent['snapshot-id'] }),
        // No snapshot is older than the one before.
        'timestamp-ms': Math.max(clock.now + clock.ahead, ...times),
        'manifest-list': spell(`${root}/${folder}/snap-${id}.avro`),
      }
      const kept = parents.filter(({ manifest_path: path }, i) => keep(path, i))
      const list = await writeManifestList([manifest, ...kept], snapshot)
      await storage.put(keyOf(manifest.manifest_path), new Uint8Array([1]))
      await storage.put(keyOf(snapshot['manifest-list']), list)
      return commit(table, [{ action: 'add-snapshot', snapshot }, pointing(branch, id)])
    },
    point: async (branch, id) => commit(await load(), [pointing(branch, id)]),
    retain: (by = storage, neededSince = null, bounds = {}) =>
      retainTable(logs, async () => neededSince, {
        ...bounds,
        catalog:
          by === storage ? catalog : createFileCatalog({ storage: by, root, log: noLog, now }),
        storage: by,
        policy,
        clock: { now, sleep: async () => {}, signal: () => new AbortController().signal },
        log: (level, message) => void lines.push(`${level}: ${message}`),
        metrics: noMetrics,
      }),
    lines,
    keys: () =>
      Array.fromAsync(storage.list(`${folder}/`), ({ key }) => key.slice(folder.length + 1)),
    async missing() {
      const missing: string[] = []
      for (const snapshot of (await load()).metadata.snapshots) {
        const path = snapshot['manifest-list']
        if ((await storage.head(keyOf(path))) === null) {
          missing.push(path)
          continue
        }
        for (const { manifest_path: manifest } of await listOf(path)) {
          if ((await storage.head(keyOf(manifest))) === null) missing.push(manifest)
        }
      }
      return missing
    },
  }
}

const manifestFile = (path: string, id: bigint): ManifestFile => ({
  manifest_path: path,
  manifest_length: 1n,
  partition_spec_id: 0,
  content: 0,
  sequence_number: id,
  min_sequence_number: id,
  added_snapshot_id: id,
  added_files_count: 1,
  existing_files_count: 0,
  deleted_files_count: 0,
  added_rows_count: 1n,
  existing_rows_count: 0n,
  deleted_rows_count: 0n,
  partitions: null,
  key_metadata: null,
})
