// A catalog in memory: real metadata, real requirement checks, and every state that a table ever had.
import type { Catalog, CommitOutcome, TableIdentifier } from '../../src/iceberg/catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io.ts'
import { newTableMetadata } from '../../src/iceberg/new-table.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { brokenRequirement } from '../../src/iceberg/table-requirements.ts'
import { applyUpdates } from '../../src/iceberg/table-updates.ts'
import type { Storage } from '../../src/storage/storage.ts'

export type CatalogCall = 'load' | 'create' | 'commit'

/** Called around a call: it may wait, and what it throws is what the caller sees; of a commit, `unknown`. */
export type CatalogHook = (call: CatalogCall) => void | Promise<void>

export interface MemoryCatalogOptions {
  /** What several clients share. */
  readonly tables: Map<string, TableMetadata>
  readonly io: FileIO
  /** Where tables are made; `memoryRoot` without it. */
  readonly root?: string
  readonly now?: () => number
  /** Before anything happens: throwing here is a request that never arrived. */
  readonly before?: CatalogHook
  /** After it happened: throwing here is an answer that was lost. */
  readonly after?: CatalogHook
}

/** Where paths begin that are nobody's. */
export const memoryRoot = 'memory://lake'

/** The name of a table among `tables`. */
export const tableName = ({ namespace, name }: TableIdentifier): string =>
  [...namespace, name].join('/')

/** A client of a catalog. */
export const createMemoryCatalog = (options: MemoryCatalogOptions): Catalog => {
  const { tables, io, root = memoryRoot, now = Date.now, before, after } = options
  const around = async <T>(call: CatalogCall, act: () => T): Promise<T> => {
    await before?.(call)
    const result = act()
    await after?.(call)
    return result
  }
  const opened = (identifier: TableIdentifier, metadata: TableMetadata, loadedAt: number) => ({
    identifier,
    metadata,
    io,
    loadedAt,
  })
  return {
    async load(identifier) {
      const loadedAt = now()
      const metadata = await around('load', () => tables.get(tableName(identifier)))
      return metadata === undefined ? null : opened(identifier, metadata, loadedAt)
    },
    async create(identifier, creation) {
      const loadedAt = now()
      const name = tableName(identifier)
      const metadata = await around('create', () => {
        const made = tables.get(name) ?? newTableMetadata(`${root}/${name}`, creation, now())
        tables.set(name, made)
        return made
      })
      return opened(identifier, metadata, loadedAt)
    },
    async commit({ identifier }, { requirements, updates }) {
      const loadedAt = now()
      const name = tableName(identifier)
      const swap = (): CommitOutcome => {
        const metadata = tables.get(name)
        if (metadata === undefined) return { kind: 'conflict', reason: 'the table is gone' }
        const broken = brokenRequirement(metadata, requirements)
        if (broken !== null) return { kind: 'conflict', reason: broken }
        const next = applyUpdates(metadata, updates, now())
        tables.set(name, next)
        return { kind: 'committed', table: opened(identifier, next, loadedAt) }
      }
      return around('commit', swap).catch((error: unknown) => ({
        kind: 'unknown',
        retryAfterMs: 0,
        reason: String(error),
      }))
    },
    ready: async () => undefined,
  }
}

/** The files of a memory storage, under `root`. */
export const memoryFileIO = (storage: Storage, root = memoryRoot): FileIO => {
  const key = (path: string) => path.replace(`${root}/`, '')
  return {
    put: async (path, bytes, options) => storage.put(key(path), bytes, options),
    get: async (path) => storage.get(key(path)),
    head: async (path) => storage.head(key(path)),
  }
}
