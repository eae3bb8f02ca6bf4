// A table bucket, as far as its documentation says how S3 Tables treats a table: it forgets snapshots by age, removes what
// only those named, keeps the last hundred names of metadata files, and refuses metadata that grow too large.
import type { Catalog, TableIdentifier } from '../../../src/iceberg/catalog.ts'
import type { FileIO } from '../../../src/iceberg/file-io.ts'
import { stringifyJson } from '../../../src/iceberg/json.ts'
import { readFilePaths } from '../../../src/iceberg/manifest.ts'
import { readManifestList } from '../../../src/iceberg/manifest-list.ts'
import { diagnosisOf, refusal } from '../../../src/iceberg/rest/advice.ts'
import { randomSnapshotId } from '../../../src/iceberg/snapshot-id.ts'
import {
  currentSnapshot,
  type Snapshot,
  type TableMetadata,
} from '../../../src/iceberg/table-metadata.ts'
import { brokenRequirement } from '../../../src/iceberg/table-requirements.ts'
import { applyUpdates } from '../../../src/iceberg/table-updates.ts'
import { createMemoryCatalog, tableName } from '../../iceberg/memory-catalog.ts'
import { bodyOf, numberOf, putAt } from './numbered-files.ts'

/** Bytes: "metadata.json > 50 MB" is refused. */
export const mostMetadata = 50_000_000

/** What deploy.sh sets for each table. */
const maxAgeMs = 24 * 3_600_000
const minCount = 100

/** Whoever wrote metadata files longer ago, and they are in no snapshot, has lost a race: every call has ended by then. */
const orphanMs = 3_600_000

/** Of `write.metadata.previous-versions-max`. */
const maxVersions = 100

export interface TableBucket {
  /** As a process reaches it. `wait` before each call. */
  readonly catalogFor: (wait: Wait) => Catalog
  readonly metadata: () => TableMetadata
  /** Commits that it was asked for so far, whatever became of them: services count these. */
  readonly asked: () => number
  /** Bytes of the metadata as JSON. */
  readonly size: () => number
  /**
   * As if snapshots like the current one had been added until the metadata had so many bytes, all of them `at` then or
   * a little later, in milliseconds since 1970.
   */
  readonly fill: (bytes: number, at: number) => Promise<void>
  /** Forgets what is too old, as the service does by itself. */
  readonly maintain: () => Promise<void>
  /** How often each data file is in the table, by its number. */
  readonly stored: (count: number) => Promise<Uint8Array>
  /** Bytes of the current manifest list, and the manifests in it. */
  readonly list: () => Promise<{ readonly bytes: number; readonly manifests: number }>
}

export type Call = 'put' | 'get' | 'head' | 'load' | 'commit'
export type Wait = (call: Call) => Promise<void>

export interface BucketOptions {
  readonly identifier: TableIdentifier
  readonly now: () => number
}

/** A bucket with nothing in it. */
export const createTableBucket = ({ identifier, now }: BucketOptions): TableBucket => {
  const name = tableName(identifier)
  const tables = new Map<string, TableMetadata>()
  const files = createFiles(now)
  const size = createSizes()
  const named = new Set<string>()
  let asked = 0
  const metadata = (): TableMetadata => {
    const found = tables.get(name)
    if (found === undefined) throw new Error('no table')
    return found
  }
  const change = (next: TableMetadata): TableMetadata => {
    const changed = { ...next, 'metadata-log': loggedVersion(next, now()) }
    tables.set(name, changed)
    return changed
  }
  const list = async (path: string) => {
    const bytes = await files.get(path)
    // Those of snapshots that were filled in are not there.
    return bytes === null ? [] : readManifestList(bytes)
  }
  /** Keeps in mind what a new snapshot names: who lost a race named nothing. */
  const keepNamed = async (changed: TableMetadata): Promise<void> => {
    const path = currentSnapshot(changed)?.['manifest-list']
    if (path === undefined || named.has(path)) return
    named.add(path)
    for (const { manifest_path: manifest } of await list(path)) named.add(manifest)
  }
  const remove = (path: string): void => {
    files.remove(path)
    named.delete(path)
  }
  return {
    metadata,
    size: () => size(metadata()),
    catalogFor: (wait) => {
      const io = waiting(files, wait)
      const catalog = createMemoryCatalog({ tables, io, now })
      return {
        ...catalog,
        async load(identifier) {
          await wait('load')
          const table = await catalog.load(identifier)
          return table && { ...table, metadataSize: size(table.metadata) }
        },
        async commit(table, commit) {
          asked++
          await wait('commit')
          const isNext = brokenRequirement(metadata(), commit.requirements) === null
          if (isNext && size(applyUpdates(metadata(), commit.updates, now())) > mostMetadata) {
            throw refusal(question, tooLarge, diagnosisOf(question, tooLarge, 's3tables'))
          }
          const outcome = await catalog.commit(table, commit)
          if (outcome.kind !== 'committed') return outcome
          const changed = change(outcome.table.metadata)
          await keepNamed(changed)
          const metadataSize = size(changed)
          return { ...outcome, table: { ...outcome.table, metadata: changed, metadataSize } }
        },
      }
    },
    asked: () => asked,
    async fill(bytes, at) {
      const before = metadata()
      const current = currentSnapshot(before)
      if (current === null) throw new Error('no snapshot to be like')
      const snapshots = like(before, current, bytes - size(before), at)
      const last = snapshots.at(-1) ?? current
      const content = await files.get(current['manifest-list'])
      await files.put(last['manifest-list'], content ?? new Uint8Array())
      const log = snapshots.map(lineOf)
      const filled = change({
        ...before,
        snapshots,
        'snapshot-log': log,
        'last-sequence-number': last['sequence-number'],
        'current-snapshot-id': last['snapshot-id'],
        refs: { main: { type: 'branch', 'snapshot-id': last['snapshot-id'] } },
      })
      await keepNamed(filled)
    },
    async maintain() {
      files.removeOlder(now() - orphanMs, (path) => named.has(path))
      const before = metadata()
      const kept = new Set(before.snapshots.slice(-minCount))
      const old = before.snapshots.filter(
        (snapshot) => now() - snapshot['timestamp-ms'] > maxAgeMs && !kept.has(snapshot),
      )
      if (old.length === 0) return
      const ids = old.map((snapshot) => snapshot['snapshot-id'])
      const update = { action: 'remove-snapshots', 'snapshot-ids': ids } as const
      change(applyUpdates(before, [update], now()))
      // What is in a list and not in the next is in none after: the oldest that is kept tells what is needed.
      const needed = new Set<string>()
      for (const { 'manifest-list': path } of before.snapshots.slice(old.length)) {
        for (const { manifest_path: manifest } of await list(path)) needed.add(manifest)
        if (needed.size > 0) break
      }
      for (const { 'manifest-list': path } of old) {
        for (const { manifest_path: manifest } of await list(path)) {
          if (!needed.has(manifest)) remove(manifest)
        }
        remove(path)
      }
    },
    async stored(count) {
      const times = new Uint8Array(count)
      const current = currentSnapshot(metadata())?.['manifest-list'] ?? ''
      for (const { manifest_path: manifest } of await list(current)) {
        for (const path of await readFilePaths((await files.get(manifest)) ?? new Uint8Array())) {
          const n = numberOf(path) ?? count
          if (n >= count) throw new Error(`a file that nobody put: ${path}`)
          times[n] = (times[n] ?? 0) + 1
        }
      }
      return times
    },
    async list() {
      const path = currentSnapshot(metadata())?.['manifest-list'] ?? ''
      return { bytes: (await files.get(path))?.length ?? 0, manifests: (await list(path)).length }
    },
  }
}

/** The snapshots, and as many more like the current one as have so many bytes, with their lines in the log. */
const like = (
  { snapshots, location }: TableMetadata,
  current: Snapshot,
  bytes: number,
  at: number,
): Snapshot[] => {
  const all: Snapshot[] = snapshots.map((one, i) => ({ ...one, 'timestamp-ms': at + i }))
  for (let left = bytes; ; ) {
    const id = randomSnapshotId()
    const next = {
      ...current,
      'snapshot-id': id,
      'parent-snapshot-id': all.at(-1)?.['snapshot-id'] ?? 0n,
      'sequence-number': current['sequence-number'] + all.length + 1 - snapshots.length,
      'timestamp-ms': at + all.length,
      'manifest-list': `${location}/metadata/snap-${id}-${crypto.randomUUID()}.avro`,
    }
    // Two commas instead of one and two brackets.
    left -= stringifyJson([next, lineOf(next)]).length - 1
    if (left < 0) return all
    all.push(next)
  }
}

const lineOf = (snapshot: Snapshot) => ({
  'snapshot-id': snapshot['snapshot-id'],
  'timestamp-ms': snapshot['timestamp-ms'],
})

const question = { asked: 'updateTable' } as const

/** A refusal as a REST catalog words it. */
const tooLarge = {
  status: 400,
  json: { error: { message: 'The metadata is too large', type: 'BadRequestException', code: 400 } },
  text: '',
}

const loggedVersion = ({ location, 'metadata-log': log }: TableMetadata, now: number) => [
  ...log.slice(1 - maxVersions),
  {
    'metadata-file': `${location}/metadata/${String(log.length).padStart(5, '0')}-${crypto.randomUUID()}.metadata.json`,
    'timestamp-ms': now,
  },
]

/** Metadata files as they are; of data files only how large they are: there are millions. */
interface Files extends FileIO {
  readonly remove: (path: string) => void
  /** Removes the metadata files that were put before that time, but for some. */
  readonly removeOlder: (time: number, isNeeded: (path: string) => boolean) => void
}

const createFiles = (now: () => number): Files => {
  const objects = new Map<string, Uint8Array>()
  // In the order in which they were put.
  let young: { readonly path: string; readonly time: number }[] = []
  let sizes = new Uint32Array(1024)
  const sizeOf = (path: string): number | undefined => {
    const n = numberOf(path)
    return n === undefined ? objects.get(path)?.length : sizes[n] || undefined
  }
  const grow = (n: number): void => {
    if (n < sizes.length) return
    const larger = new Uint32Array(2 * n)
    larger.set(sizes)
    sizes = larger
  }
  return {
    async put(path, bytes, options) {
      if (options?.ifNoneMatch === '*' && sizeOf(path) !== undefined) return 'exists'
      const n = numberOf(path)
      if (n === undefined) {
        objects.set(path, bytes.slice())
        young.push({ path, time: now() })
      } else {
        grow(n)
        sizes[n] = bytes.length
      }
      return 'created'
    },
    async get(path) {
      const size = sizeOf(path)
      if (size === undefined) return null
      return objects.get(path) ?? bodyOf(size)
    },
    async head(path) {
      const size = sizeOf(path)
      return size === undefined ? null : { key: path, size, modifiedAt: putAt(path) }
    },
    remove: (path) => void objects.delete(path),
    removeOlder(time, isNeeded) {
      for (const { path, time: put } of young)
        if (put < time && !isNeeded(path)) objects.delete(path)
      young = young.filter(({ time: put }) => put >= time)
    },
  }
}

const waiting = (files: FileIO, wait: Wait): FileIO => ({
  async put(path, bytes, options) {
    await wait('put')
    return files.put(path, bytes, options)
  },
  async get(path) {
    await wait('get')
    return files.get(path)
  },
  async head(path) {
    await wait('head')
    return files.head(path)
  },
})

/** How many bytes metadata has as JSON, without writing what was there before once more. */
const createSizes = (): ((metadata: TableMetadata) => number) => {
  const [snapshots, log, versions, schemas] = [items(), items(), items(), items()]
  return (metadata) =>
    stringifyJson({
      ...metadata,
      snapshots: [],
      'snapshot-log': [],
      'metadata-log': [],
      schemas: [],
    }).length +
    snapshots(metadata.snapshots) +
    log(metadata['snapshot-log']) +
    versions(metadata['metadata-log']) +
    schemas(metadata.schemas)
}

/** Bytes of what is between the brackets of an array, which mostly is the last one with one item more. */
const items = (): ((array: readonly object[]) => number) => {
  const known = new WeakMap<object, number>()
  const bytesOf = (item: object): number => {
    const bytes = known.get(item) ?? stringifyJson(item).length + ','.length
    known.set(item, bytes)
    return bytes
  }
  let last: { readonly array: readonly object[]; readonly bytes: number } = { array: [], bytes: 0 }
  return (array) => {
    const { length } = last.array
    const extra = array.length - length
    const goesOn =
      length > 0 && array[0] === last.array[0] && array[length - 1] === last.array[length - 1]
    const bytes =
      goesOn && extra >= 0
        ? array.slice(length).reduce((sum, item) => sum + bytesOf(item), last.bytes)
        : array.reduce((sum, item) => sum + bytesOf(item), 0)
    last = { array, bytes }
    return Math.max(0, bytes - ','.length)
  }
}
