// The servers: where objects and tables are, and how a process of ours reaches them.
import type { Catalog, CommitOutcome, TableIdentifier } from '../../../src/iceberg/catalog.ts'
import { createFileCatalog, type FileCatalog } from '../../../src/iceberg/file/catalog.ts'
import { versionOf } from '../../../src/iceberg/file/listed-versions.ts'
import type { FileIO } from '../../../src/iceberg/file-io.ts'
import { parseTableMetadata, type TableMetadata } from '../../../src/iceberg/table-metadata.ts'
import { noLog } from '../../../src/log.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage, TaggedObjects } from '../../../src/storage/storage.ts'
import {
  createMemoryCatalog,
  memoryFileIO,
  memoryRoot,
  tableName,
} from '../../iceberg/memory-catalog.ts'
import { type Call, count, Failed, type Network } from './network.ts'
import type { Process } from './process.ts'
import type { Chance } from './random.ts'
import type { World } from './world.ts'

/** `service`: a catalog that compares by itself, as REST catalogs do. `file`: the file catalog. */
export type CatalogKind = 'service' | 'file'

export const identifier: TableIdentifier = { namespace: ['otel'], name: 'logs' }

export interface Lake {
  readonly storage: Storage
  /** Where all paths begin, without a trailing slash. */
  readonly root: string
  /** Without faults: for other writers and for looking at the end. */
  readonly catalog: Catalog
  readonly catalogFor: (process: Process) => Catalog
  /** The storage as a process of ours reaches it: for receipts. */
  readonly storageFor: (process: Process) => Storage
  /** Where a process finds what it removes of a table's metadata, in a catalog that leaves this to its programs. */
  readonly keeperFor?: (process: Process) => { storage: Storage; catalog: FileCatalog }
  /** Takes the table away; what is returned brings the same one back. Not where that takes a stop of all writers. */
  readonly drop?: () => () => void
  /** Every state that the table had, the first one first. */
  readonly history: () => Promise<readonly TableMetadata[]>
}

interface Place {
  readonly storage: Storage
  readonly root: string
}

/** A lake whose every way is through `network`. */
export const createLake = (
  kind: CatalogKind,
  world: World,
  network: Network,
  chance: Chance,
  root = memoryRoot,
): Lake => {
  const place = { storage: createMemoryStorage({ now: world.now }), root }
  return kind === 'file'
    ? fileLake(place, world, network)
    : serviceLake(place, world, network, chance)
}

class RecordedTables extends Map<string, TableMetadata> {
  readonly states: TableMetadata[] = []

  override set(name: string, metadata: TableMetadata): this {
    this.states.push(metadata)
    return super.set(name, metadata)
  }
}

const serviceLake = (
  { storage, root }: Place,
  world: World,
  network: Network,
  chance: Chance,
): Lake => {
  const tables = new RecordedTables()
  const io = memoryFileIO(storage, root)
  const name = tableName(identifier)
  return {
    storage,
    root,
    storageFor: (process) => throughStorage(storage, process, network),
    catalog: createMemoryCatalog({ tables, io, root, now: world.shown }),
    history: async () => tables.states,
    drop() {
      const metadata = tables.get(name)
      tables.delete(name)
      return () => {
        if (metadata !== undefined && !tables.has(name)) tables.set(name, metadata)
      }
    },
    catalogFor(process) {
      const { now } = process.clock
      let hasSeen = false
      const seen = <T>(table: T): T => {
        hasSeen ||= table !== null
        return table
      }
      const files = throughFiles(io, process, network)
      const ours = createMemoryCatalog({ tables, io: files, root, now })
      const stale = async () => {
        const loadedAt = now()
        const table = await ours.load(identifier)
        const metadata = chance.pick(tables.states.slice(-6))
        if (table !== null && metadata !== table.metadata) count(network.tally, 'load stale')
        return table && { ...table, loadedAt, metadata }
      }
      return {
        ...ours,
        load: (identifier, { signal } = {}) => {
          const look = network.isStale() ? stale : () => ours.load(identifier)
          return network.send(process, 'load', look, signal).then(seen)
        },
        create: (identifier, creation, { signal } = {}) => {
          if (hasSeen) network.forbidden.add('a table was made again')
          const make = () => ours.create(identifier, creation)
          return network.send(process, 'create', make, signal).then(seen)
        },
        commit: (table, commit, { signal } = {}) =>
          network
            .send(process, 'commit', () => ours.commit(table, commit), signal)
            .catch(outcomeOf),
      }
    },
  }
}

/** What the client of a REST catalog makes of an answer. */
const outcomeOf = (error: unknown): CommitOutcome => {
  if (!(error instanceof Failed)) throw error
  const { fault, retryAfterMs, message: reason } = error
  if (fault === '401') throw error
  if (fault === '409') return { kind: 'conflict', reason }
  return { kind: fault === '429' ? 'throttled' : 'unknown', retryAfterMs, reason }
}

const throughFiles = (io: FileIO, process: Process, network: Network): FileIO => ({
  put: (path, bytes, options) => network.send(process, 'put', () => io.put(path, bytes, options)),
  get: (path) => network.send(process, 'get', () => io.get(path)),
  head: (path) => network.send(process, 'head', () => io.head(path)),
})

const fileLake = ({ storage, root }: Place, world: World, network: Network): Lake => {
  const options = { root, log: noLog }
  const catalog = createFileCatalog({ ...options, storage, now: world.shown })
  const catalogIn = (ours: Storage, process: Process) =>
    createFileCatalog({ ...options, storage: ours, now: process.clock.now })
  return {
    storage,
    root,
    storageFor: (process) => throughStorage(storage, process, network),
    catalog,
    async history() {
      const states: TableMetadata[] = []
      for (let version = await latestOf(storage); ; version--) {
        const bytes = await storage.get(`${metadataFolder}v${version}.metadata.json`)
        // Old ones are removed; what stands behind a gap is of nobody's history.
        if (bytes === null) return states.reverse()
        states.push(parseTableMetadata(new TextDecoder().decode(bytes)))
      }
    },
    catalogFor: (process) => catalogIn(throughStorage(storage, process, network), process),
    keeperFor(process) {
      const ours = throughStorage(storage, process, network, [receipts, metadataFile])
      return { storage: ours, catalog: catalogIn(ours, process) }
    },
  }
}

const metadataFolder = 'otel/logs/metadata/'

const latestOf = async (storage: Storage): Promise<number> => {
  const keys = await Array.fromAsync(storage.list(metadataFolder), ({ key }) => versionOf(key) ?? 0)
  return Math.max(0, ...keys)
}

/** A receipt that was paid is removed, or a lease, or what sweeps noted. */
const receipts = /^_receipts\/(owed\/|(sweep|notes)\.json$)/
/** What retention may remove. */
const metadataFile = /^otel\/logs\/metadata\/([^/]+\.avro|v\d+\.metadata\.json)$/

/** A put of the next version of a table's metadata is its commit. */
const putOf = (key: string): Call => {
  const [, version] = /\/v(\d+)\.metadata\.json$/.exec(key) ?? []
  return version === undefined ? 'put' : version === '1' ? 'create' : 'commit'
}

const throughTags = (tagged: TaggedObjects, process: Process, network: Network): TaggedObjects => ({
  get: (key) => network.send(process, 'get', () => tagged.get(key)),
  replace: (key, tag, bytes) => network.send(process, 'put', () => tagged.replace(key, tag, bytes)),
})

const throughStorage = (
  storage: Storage,
  process: Process,
  network: Network,
  removable: readonly RegExp[] = [receipts],
): Storage => ({
  capabilities: storage.capabilities,
  tagged: storage.tagged && throughTags(storage.tagged, process, network),
  put: (key, bytes, options) =>
    network.send(process, putOf(key), () => storage.put(key, bytes, options)),
  get: (key, options) => network.send(process, 'get', () => storage.get(key, options)),
  head: (key) => network.send(process, 'head', () => storage.head(key)),
  async *list(prefix) {
    yield* await network.send(process, 'list', () => Array.fromAsync(storage.list(prefix)))
  },
  delete: (key) => {
    const call = removable.some((form) => form.test(key)) ? 'remove' : 'delete'
    return network.send(process, call, () => storage.delete(key))
  },
  ready: () => storage.ready(),
})
