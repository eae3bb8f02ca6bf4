/**
 * A catalog that needs no service: a table's metadata are numbered objects, and the one that puts the next number first has
 * changed the table (Iceberg table specification, "File System Tables", with a conditional put in place of a rename).
 */
import { IngestError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Catalog, CommitOutcome, LoadedTable, TableIdentifier } from '../catalog.ts'
import { stringifyLists } from '../json.ts'
import { newTableMetadata } from '../new-table.ts'
import { parseTableMetadata, type TableMetadata } from '../table-metadata.ts'
import { brokenRequirement } from '../table-requirements.ts'
import { applyUpdates } from '../table-updates.ts'
import { storageFileIO } from './storage-file-io.ts'
import { latestVersion, metadataKey, readHint, writeHint } from './versions.ts'

export interface FileCatalogOptions {
  readonly storage: Storage
  /** Where the storage's objects are for readers: `file:///data`, `s3://bucket/prefix`; no trailing slash. */
  readonly root: string
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** A loaded table and the version of its metadata. */
interface VersionedTable extends LoadedTable {
  readonly version: number
}

/** Metadata older than this is not built on: what it would replace may have been cleaned up meanwhile. */
const maxMetadataAgeMs = 60_000

/** Tables at `{root}/{namespace}/{table}`. */
export const createFileCatalog = (options: FileCatalogOptions): Catalog => {
  const { storage, root, log, now = Date.now } = options
  const io = storageFileIO(root, storage)
  const versions = new Map<string, number>()

  const loaded = (
    identifier: TableIdentifier,
    version: number,
    metadata: TableMetadata,
    loadedAt: number,
  ): VersionedTable => {
    versions.set(tableKey(identifier), version)
    return { identifier, metadata, io, loadedAt, version }
  }

  const load = async (identifier: TableIdentifier): Promise<VersionedTable | null> => {
    const key = tableKey(identifier)
    const loadedAt = now()
    const latest = await latestVersion(storage, key, versions.get(key) ?? null)
    if (latest === null) return null
    const metadata = parseTableMetadata(new TextDecoder().decode(latest.bytes))
    return loaded(identifier, latest.version, metadata, loadedAt)
  }

  /** Puts a version where none is. `unknown` when it may stand without being the table's latest. */
  const put = async (
    identifier: TableIdentifier,
    version: number,
    metadata: TableMetadata,
    loadedAt: number,
  ): Promise<CommitOutcome> => {
    const key = tableKey(identifier)
    const bytes = new TextEncoder().encode(metadataText(metadata))
    const result = await storage.put(metadataKey(key, version), bytes, { ifNoneMatch: '*' })
    if (result === 'exists') return conflict(`version ${version} is there already`)
    const hint = (await readHint(storage, key)) ?? 0
    if (hint >= version) return unknown(`version ${version} was put behind version ${hint}`)
    await writeHint(storage, key, version).catch((error: unknown) =>
      log('warn', 'a version hint could not be written', { table: key, error }),
    )
    return { kind: 'committed', table: loaded(identifier, version, metadata, loadedAt) }
  }

  return {
    maxMetadataAgeMs,
    load,
    async create(identifier, creation) {
      const location = `${root}/${tableKey(identifier)}`
      const loadedAt = now()
      const metadata = newTableMetadata(location, creation, loadedAt)
      const outcome = await put(identifier, 1, metadata, loadedAt)
      const table = outcome.kind === 'committed' ? outcome.table : await load(identifier)
      if (table === null) throw new IngestError('unavailable', 'a new table disappeared')
      return table
    },
    async commit(table, { requirements, updates }) {
      const { identifier, metadata, loadedAt, version } = table as VersionedTable
      const broken = brokenRequirement(metadata, requirements)
      if (broken !== null) return conflict(broken)
      if (now() - loadedAt > maxMetadataAgeMs) return conflict('the metadata is too old')
      const startedAt = now()
      const next = withLog(applyUpdates(metadata, updates, startedAt), metadata, version)
      return put(identifier, version + 1, next, startedAt).catch((error: unknown) =>
        unknown(String(error)),
      )
    },
    ready: () => storage.ready(),
  }
}

const conflict = (reason: string): CommitOutcome => ({ kind: 'conflict', reason })

const unknown = (reason: string): CommitOutcome => ({ kind: 'unknown', retryAfterMs: 0, reason })

const tableKey = ({ namespace, name }: TableIdentifier): string => [...namespace, name].join('/')

/** `current-snapshot-id` is -1 where there is none, as Iceberg's own writers have it. */
const metadataText = (metadata: TableMetadata): string =>
  stringifyLists({ ...metadata, 'current-snapshot-id': metadata['current-snapshot-id'] ?? -1 })

/** "Metadata Log": the files that held earlier metadata, as many as the table asks for. */
const withLog = (next: TableMetadata, before: TableMetadata, version: number): TableMetadata => {
  const kept = Number(next.properties['write.metadata.previous-versions-max'] ?? 100)
  const entry = {
    'metadata-file': `${before.location}/metadata/v${version}.metadata.json`,
    'timestamp-ms': before['last-updated-ms'],
  }
  return { ...next, 'metadata-log': [...before['metadata-log'], entry].slice(-kept) }
}
