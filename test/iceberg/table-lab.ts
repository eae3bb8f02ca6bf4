// Writers of a table in a world of its own, where every call takes a millisecond: the time that something takes is the number
// of calls that it waited for, one after another.
import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { Deferral } from '../../src/iceberg/deferral.ts'
import type { EncodedDataFile } from '../../src/iceberg/new-data-file.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { createTableWriter, type TableWriter } from '../../src/iceberg/table-writer.ts'
import { type Log, noLog } from '../../src/log.ts'
import { type Metrics, noMetrics } from '../../src/metrics.ts'
import { createMemoryStorage, type Operation } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { creation } from '../contracts/commits.ts'
import { identifier } from '../faults/model/lake.ts'
import { dataFile, type Others } from '../faults/model/others.ts'
import { createProcess } from '../faults/model/process.ts'
import { createChance } from '../faults/model/random.ts'
import { bytesOf, manifestsOf } from '../faults/model/rows.ts'
import { createWorld, type World } from '../faults/model/world.ts'
import { requestBy } from '../tools/append-request.ts'
import { type CatalogCall, createMemoryCatalog, memoryFileIO } from './memory-catalog.ts'

/** What a test does to calls: it waits, or throws. */
export interface Interference {
  object: (operation: Operation, key: string) => void | Promise<void>
  before: (call: CatalogCall) => void | Promise<void>
  after: (call: CatalogCall) => void | Promise<void>
}

export interface Lab {
  readonly world: World
  readonly tables: Map<string, TableMetadata>
  /** Without interference, and without time. */
  readonly storage: Storage
  readonly catalog: Catalog
  readonly interfere: Interference
  readonly calls: string[]
  /** A writer as another process has it. */
  readonly writer: (options?: WriterOptions) => TableWriter
  /** The outcome of work, and the milliseconds that it took. */
  readonly timed: <T>(work: () => Promise<T>) => Promise<[T, number]>
  /** The table as it is. */
  readonly metadata: () => TableMetadata
  readonly snapshots: () => number
  /** Names of the live files of the table. */
  readonly files: () => Promise<string[]>
  /** Who changes the table besides. */
  readonly others: () => Others
  /** Sends by one writer: the outcome of a request, and the milliseconds that it took; `one` without the time. */
  readonly sendIn: (writer?: TableWriter) => SendIn
}

interface SendIn {
  (n: number, options?: SendOptions): Promise<[string, number]>
  readonly one: (n: number, options?: SendOptions) => Promise<string>
}

interface SendOptions {
  readonly by?: string
  readonly patienceMs?: number
}

export interface WriterOptions {
  readonly catalog?: Partial<Catalog>
  readonly log?: Log
  readonly metrics?: Metrics
  readonly deferral?: Deferral
}

/** Where the table is in `tables`. */
export const tableKey = 'otel/logs'

export const createLab = (): Lab => {
  const world = createWorld(createChance(1))
  const calls: string[] = []
  const interfere: Interference = { object() {}, before() {}, after() {} }
  const storage = createMemoryStorage({ now: world.now })
  const slow: Storage = slowStorage(storage, async (operation, key) => {
    calls.push(`${operation} ${key}`)
    await world.sleep(1)
    await interfere.object(operation, key)
  })
  const tables = new Map<string, TableMetadata>()
  const { clock } = createProcess('p', world)
  const open = () =>
    createMemoryCatalog({
      tables,
      io: memoryFileIO(slow),
      now: world.now,
      before: async (call) => {
        calls.push(call)
        await world.sleep(1)
        await interfere.before(call)
      },
      after: (call) => interfere.after(call),
    })
  const lab: Lab = {
    world,
    tables,
    storage,
    interfere,
    calls,
    catalog: createMemoryCatalog({ tables, io: memoryFileIO(storage), now: world.now }),
    writer: ({ catalog = {}, log = noLog, metrics = noMetrics, ...deferring } = {}) =>
      createTableWriter({
        ...deferring,
        catalog: { ...open(), ...catalog },
        identifier,
        creation: creation(),
        clock,
        version: 'lab',
        log,
        metrics,
      }),
    async timed(work) {
      const began = world.now()
      let took = 0
      const outcome = work().finally(() => {
        took = world.now() - began
      })
      outcome.catch(() => {})
      await world.run(Number.POSITIVE_INFINITY)
      return [await outcome, took]
    },
    metadata() {
      const found = tables.get(tableKey)
      if (found === undefined) throw new Error('no table')
      return found
    },
    snapshots: () => lab.metadata().snapshots.length,
    async files() {
      const table = await lab.catalog.load(identifier)
      if (table === null) return []
      const entries = (await manifestsOf(table)).flatMap((manifest) => manifest.entries)
      const live = entries.filter(({ status }) => status !== 2)
      const paths = live.map(({ data_file: { file_path: path } }) => path)
      return paths.map((path) => path.replace('memory://lake/', '')).sort()
    },
    others: () => ({
      catalog: lab.catalog,
      chance: createChance(3),
      now: world.now,
      pause: async () => {},
    }),
    sendIn(writer = lab.writer()) {
      const one = (n: number, options?: SendOptions) => send(writer, n, world, options)
      return Object.assign((n: number, options?: SendOptions) => lab.timed(() => one(n, options)), {
        one,
      })
    },
  }
  return lab
}

const slowStorage = (
  storage: Storage,
  before: (operation: Operation, key: string) => Promise<void>,
): Storage => ({
  ...storage,
  async put(key, bytes, options) {
    await before('put', key)
    return storage.put(key, bytes, options)
  },
  async get(key) {
    await before('get', key)
    return storage.get(key)
  },
  async head(key) {
    await before('head', key)
    return storage.head(key)
  },
})

const uuidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** Where the file of request `n` is put first. */
export const keyOf = (n: number): string => `otel/logs/data/5-${uuidOf(n)}.parquet`

/** The file of request `n`, of one row. `by`: of one attempt alone. */
export const fileOf = (n: number, by = ''): EncodedDataFile => {
  const rows = [{ id: `r${n}`, count: 1 }]
  const bytes = bytesOf(rows, by)
  const path = `memory://lake/${keyOf(n)}`
  return {
    uuid: uuidOf(n),
    specId: 0,
    partition: [20_000],
    bytes,
    dataFile: dataFile(path, 20_000, rows, bytes.length),
  }
}

/** Sends the file of request `n` by a writer: the outcome, or what the sender is told. */
export const send = async (
  writer: TableWriter,
  n: number,
  { now }: Pick<World, 'now'>,
  { by = '', patienceMs = 8_000 }: SendOptions = {},
): Promise<string> => {
  try {
    const table = await writer.open()
    const [outcome] = await writer.append(
      table,
      [fileOf(n, by)],
      requestBy(now() + patienceMs, n, now()),
    )
    return outcome ?? 'nothing'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
