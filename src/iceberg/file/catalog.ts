/**
 * A catalog that needs no service: a table's metadata are numbered objects, and the one that puts the next number first has
 * changed the table (Iceberg table specification, "File System Tables", with a conditional put in place of a rename).
 */
import { equalBytes } from '../../bytes.ts'
import { IngestError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Catalog, CommitOutcome, LoadedTable, TableIdentifier } from '../catalog.ts'
import { newTableMetadata } from '../new-table.ts'
import { brokenRequirement } from '../table-requirements.ts'
import { applyUpdates, type TableUpdate } from '../table-updates.ts'
import { metadataBytes, nextMetadata, readMetadata } from './metadata-text.ts'
import { storageFileIO } from './storage-file-io.ts'
import { latestVersion, metadataKey, publish, readHint, type Version } from './versions.ts'

export interface FileCatalogOptions {
  readonly storage: Storage
  /** Where the storage's objects are for readers: `file:///data`, `s3://bucket/prefix`; no trailing slash. */
  readonly root: string
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** A loaded table and the version of its metadata. */
export interface VersionedTable extends LoadedTable, Version {}

/** A catalog whose tables have versions that retention counts. */
export interface FileCatalog extends Catalog {
  load(identifier: TableIdentifier): Promise<VersionedTable | null>
}

/** Metadata older than this is not built on: the version that follows it may have been there, and been removed. */
const maxMetadataAgeMs = 60_000

/** Metadata younger than this has not been overtaken by a hundred versions that then were removed, whatever clocks say. */
const certainMs = 5_000

/** Where a table is below the root. */
export const tableKey = ({ namespace, name }: TableIdentifier): string =>
  [...namespace, name].join('/')

/** Tables at `{root}/{namespace}/{table}`. */
export const createFileCatalog = (options: FileCatalogOptions): FileCatalog => {
  const { storage, root, log, now = Date.now } = options
  const io = storageFileIO(root, storage)
  const lastSeen = new Map<string, VersionedTable>()

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
    // What was parsed before, of the same bytes.
    if (latest === known) return seen({ ...known, loadedAt })
    const { version, bytes } = latest
    return seen({ identifier, metadata: readMetadata(bytes), io, loadedAt, version, bytes })
  }

  const publishHint = async ({ identifier, version }: VersionedTable): Promise<void> => {
    const table = tableKey(identifier)
    await publish(storage, table, version).catch((error: unknown) =>
      log('warn', 'a version hint could not be written', { table, error }),
    )
  }

  /** Puts `next`, the version after `base`, which stands no more when somebody removed the table meanwhile. */
  const swap = async (
    base: VersionedTable,
    next: VersionedTable,
    updates: readonly TableUpdate[],
  ): Promise<CommitOutcome> => {
    const key = tableKey(next.identifier)
    const [result, standing] = await Promise.all([
      storage.put(metadataKey(key, next.version), next.bytes, { ifNoneMatch: '*' }),
      storage.head(metadataKey(key, base.version)),
    ])
    if (result === 'exists' && !(await isStanding(storage, next))) {
      return conflict(`version ${next.version} is there already`)
    }
    if (standing === null) return unknown(`version ${base.version} is gone`)
    const isLate = now() - base.loadedAt > certainMs
    if (isLate && !(await isFirst(storage, base))) return confirm(next.identifier, updates)
    await publishHint(next)
    return { kind: 'committed', table: seen(next) }
  }

  /** Whether snapshots that may have been overtaken by others are in the table, or have fallen behind it. */
  const confirm = async (
    identifier: TableIdentifier,
    updates: readonly TableUpdate[],
  ): Promise<CommitOutcome> => {
    const table = await load(identifier)
    const ids = new Set(table?.metadata.snapshots.map((snapshot) => snapshot['snapshot-id']))
    const added = updates.flatMap((update) =>
      update.action === 'add-snapshot' ? [update.snapshot['snapshot-id']] : [],
    )
    return table !== null && added.length > 0 && added.every((id) => ids.has(id))
      ? { kind: 'committed', table }
      : unknown('others were faster, and it cannot be told by how much')
  }

  return {
    maxMetadataAgeMs,
    load,
    async create(identifier, creation) {
      const key = tableKey(identifier)
      const loadedAt = now()
      const metadata = newTableMetadata(`${root}/${key}`, creation, loadedAt)
      const bytes = metadataBytes(metadata)
      const first = { identifier, metadata, io, loadedAt, version: 1, bytes }
      const result = await storage.put(metadataKey(key, 1), bytes, { ifNoneMatch: '*' })
      // A table that is there may have lost its first version long ago.
      if (result === 'created' && ((await readHint(storage, key)) ?? 0) <= 1) {
        await publishHint(first)
        return seen(first)
      }
      const table = await load(identifier)
      if (table === null) throw new IngestError('unavailable', 'a new table disappeared')
      return table
    },
    async commit(table, { requirements, updates }, { signal } = {}) {
      const base = table as VersionedTable
      const broken = brokenRequirement(base.metadata, requirements)
      if (broken !== null) return conflict(broken)
      const loadedAt = now()
      if (loadedAt - base.loadedAt > maxMetadataAgeMs) return conflict('the metadata is too old')
      if (signal?.aborted) return conflict('it was given up before it was tried')
      const metadata = nextMetadata(applyUpdates(base.metadata, updates, loadedAt), base)
      const version = base.version + 1
      const next = { ...base, metadata, loadedAt, version, bytes: metadataBytes(metadata) }
      return untilGivenUp(swap(base, next, updates), signal).catch((error: unknown) =>
        unknown(String(error)),
      )
    },
    ready: () => storage.ready(),
  }
}

const conflict = (reason: string): CommitOutcome => ({ kind: 'conflict', reason })

const unknown = (reason: string): CommitOutcome => ({ kind: 'unknown', retryAfterMs: 0, reason })

/** Whether the version that stands is this one: an earlier answer to the same put was lost. */
const isStanding = async (
  storage: Storage,
  { identifier, version, bytes }: VersionedTable,
): Promise<boolean> => {
  const standing = await storage.get(metadataKey(tableKey(identifier), version))
  return standing !== null && equalBytes(standing, bytes)
}

/**
 * Whether the version that was just put after `base` is the first of its number: none was there that has been removed. Old
 * versions are removed before younger ones, so `base` would be gone too; and the hint would be ahead.
 */
const isFirst = async (storage: Storage, { identifier, version }: VersionedTable) => {
  const key = tableKey(identifier)
  const [hint, standing] = await Promise.all([
    readHint(storage, key),
    storage.head(metadataKey(key, version)),
  ])
  return standing !== null && (hint ?? 0) <= version + 1
}

/** The outcome, or a rejection as soon as nobody waits for it any longer. */
const untilGivenUp = async <T>(
  outcome: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> => {
  if (signal === undefined) return outcome
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(new Error('it was given up'))
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    return await Promise.race([outcome, promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
    outcome.catch(() => undefined)
  }
}
