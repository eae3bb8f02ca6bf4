/**
 * A catalog that needs no service: a table's metadata are numbered objects, and the one that puts the next number first has
 * changed the table (Iceberg table specification, "File System Tables", with a conditional put in place of a rename).
 */
import { equalBytes } from '../../bytes.ts'
import { IngestError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Storage } from '../../storage/storage.ts'
import type {
  Catalog,
  CommitOutcome,
  LoadedTable,
  TableCommit,
  TableCreation,
  TableIdentifier,
} from '../catalog.ts'
import { newTableMetadata } from '../new-table.ts'
import { inTime } from '../retry.ts'
import { brokenRequirement } from '../table-requirements.ts'
import { applyUpdates } from '../table-updates.ts'
import { readHint, writeHint } from './hint.ts'
import { listVersions } from './listed-versions.ts'
import { metadataBytes, nextMetadata, readMetadata } from './metadata-text.ts'
import { storageFileIO } from './storage-file-io.ts'
import { conflict, isItself, publishHint, swap, type TableStore, unknown } from './swap.ts'
import {
  latestVersion,
  metadataKey,
  tableKey,
  type Version,
  type VersionedTable,
} from './versions.ts'

export interface FileCatalogOptions {
  readonly storage: Storage
  /** Where the storage's objects are for readers: `file:///data`, `s3://bucket/prefix`; no trailing slash. */
  readonly root: string
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Tables as they were last seen, by their keys: of all catalogs on this storage that share a memory, where there are several. */
  readonly lastSeen?: Map<string, VersionedTable>
}

/** A catalog whose tables have versions that retention counts. */
export interface FileCatalog extends Catalog {
  load(identifier: TableIdentifier): Promise<VersionedTable | null>
}

/** Metadata older than this is not built on: the version that follows it may have been there, and been removed. */
const maxMetadataAgeMs = 60_000

/** Tables at `{root}/{namespace}/{table}`. */
export const createFileCatalog = (options: FileCatalogOptions): FileCatalog => {
  const { storage, root, log, now = Date.now, lastSeen = new Map() } = options
  const io = storageFileIO(root, storage)

  const seen = (table: VersionedTable): VersionedTable => {
    lastSeen.set(tableKey(table.identifier), table)
    return table
  }

  const load = async (identifier: TableIdentifier): Promise<VersionedTable | null> => {
    const key = tableKey(identifier)
    const loadedAt = now()
    const known = lastSeen.get(key) ?? null
    const latest = await latestVersion(storage, key, known)
    if (latest === null) {
      lastSeen.delete(key)
      return null
    }
    // What was parsed before, of the same bytes; just now perhaps, by another catalog, that has its own way to the files.
    const same = [known, lastSeen.get(key)].find((table) => table && isVersion(table, latest))
    if (same) return seen({ ...same, io, loadedAt })
    const { version, bytes } = latest
    const metadata = readMetadata(bytes)
    const metadataSize = bytes.length
    return seen({ identifier, metadata, io, loadedAt, version, bytes, metadataSize })
  }

  const store: TableStore = { storage, log, now, load, seen }
  return {
    maxMetadataAgeMs,
    load,
    create: (identifier, creation) => create(identifier, creation, { ...store, root, io }),
    commit: (table, change, { signal } = {}) =>
      commit(table as VersionedTable, change, signal, store),
    ready: () => storage.ready(),
  }
}

const isVersion = (one: Version, other: Version): boolean =>
  one === other || (one.version === other.version && equalBytes(one.bytes, other.bytes))

const create = async (
  identifier: TableIdentifier,
  creation: TableCreation,
  { root, io, ...store }: TableStore & { readonly root: string; readonly io: LoadedTable['io'] },
): Promise<VersionedTable> => {
  const { storage, now, load, seen } = store
  const key = tableKey(identifier)
  const existing = async (): Promise<VersionedTable> => {
    const table = await load(identifier)
    if (table === null) throw new IngestError('unavailable', 'a new table disappeared')
    return table
  }
  // Of a table that was removed while somebody wrote a version may be left, on which he goes on.
  const isEmpty = !storage.capabilities.list || (await listVersions(storage, key)).length === 0
  if (!isEmpty) return existing()
  const loadedAt = now()
  const metadata = newTableMetadata(`${root}/${key}`, creation, loadedAt)
  const bytes = metadataBytes(metadata)
  const metadataSize = bytes.length
  const first = { identifier, metadata, io, loadedAt, version: 1, bytes, metadataSize }
  const result = await storage.put(metadataKey(key, 1), bytes, { ifNoneMatch: '*' })
  if (result === 'created' && ((await readHint(storage, key)) ?? 0) <= 1) {
    await publishHint(first, store, writeHint)
    return seen(first)
  }
  if (result === 'created' && now() - loadedAt > longMs) await takeBack(first, storage)
  return existing()
}

/**
 * Milliseconds between a look and a put in which a table may have been made there and lost its first version, with which retention
 * waits for an hour by clocks that may differ. What stands there after a shorter time is left of one that was removed.
 */
const longMs = 1_800_000

/** Removes a first version that was put where a table stands that has lost its own: two tables would stand there. */
const takeBack = async (first: VersionedTable, storage: Storage): Promise<void> => {
  const table = tableKey(first.identifier)
  if (!storage.capabilities.list) return
  const versions = await listVersions(storage, table)
  if (!versions.some((version) => version > 1)) return
  if (await isItself(storage, first)) await storage.delete(metadataKey(table, 1))
}

const commit = async (
  base: VersionedTable,
  { requirements, updates }: TableCommit,
  signal: AbortSignal | undefined,
  store: TableStore,
): Promise<CommitOutcome> => {
  const broken = brokenRequirement(base.metadata, requirements)
  if (broken !== null) return conflict(broken)
  const loadedAt = store.now()
  if (loadedAt - base.loadedAt > maxMetadataAgeMs) return conflict('the metadata is too old')
  if (signal?.aborted) return conflict('it was given up before it was tried')
  const metadata = nextMetadata(applyUpdates(base.metadata, updates, loadedAt), base)
  const version = base.version + 1
  const bytes = metadataBytes(metadata, base.metadata)
  const next = { ...base, metadata, loadedAt, version, bytes, metadataSize: bytes.length }
  const outcome = swap(base, next, updates, store).catch((error: unknown) => unknown(String(error)))
  return signal === undefined ? outcome : inTime(outcome, signal, () => unknown('it was given up'))
}
