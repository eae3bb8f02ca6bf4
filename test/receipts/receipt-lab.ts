// Receipts and sweeps around one table, where every call may be held up, fail, lose its answer or be the last of its process.
import { sha256 } from '../../runtimes/shared/sha256.ts'
import type { TableIdentifier } from '../../src/iceberg/catalog.ts'
import { lookAt } from '../../src/iceberg/landed.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import type { Receipt } from '../../src/receipts/receipt.ts'
import { createReceiptStore, type ReceiptStore } from '../../src/receipts/receipt-store.ts'
import { createSweep, type Sweep, type SweepOptions } from '../../src/receipts/sweep.ts'
import { createSweepNotes } from '../../src/receipts/sweep-notes.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { creation } from '../contracts/commits.ts'
import { identifier } from '../faults/model/lake.ts'
import { createProcess } from '../faults/model/process.ts'
import { createMemoryCatalog, memoryFileIO } from '../iceberg/memory-catalog.ts'
import { createLab, fileOf, keyOf, type Lab, tableKey } from '../iceberg/table-lab.ts'
import { requestIdOf } from '../tools/append-request.ts'

/**
 * Around each call to a storage or catalog: it may wait for ever, and what it throws is what the caller sees. `key`: of a
 * call to the storage.
 */
export interface Around {
  readonly before?: (call: string, key?: string) => void | Promise<void>
  readonly after?: (call: string, key?: string) => void | Promise<void>
}

export interface OweOptions {
  readonly by?: string
  readonly ageMs?: number
  readonly receipt?: Partial<Receipt>
}

export interface ReceiptLab extends Lab {
  /** Without interference. */
  readonly store: ReceiptStore
  /** Of a process of its own. */
  readonly sweep: (around?: Around, options?: Partial<SweepOptions>) => Sweep
  /** Puts the file of request `n`, and leaves a receipt. */
  readonly owe: (n: number, options?: OweOptions) => Promise<Receipt>
  /** Sweeps once, with nothing in the way, and says what became of it. */
  readonly swept: (options?: Partial<SweepOptions>) => Promise<unknown>
  readonly owed: () => Promise<string[]>
  readonly quarantined: () => Promise<string[]>
}

/** A table, made. */
export const createReceiptLab = async (): Promise<ReceiptLab> => {
  const lab = createLab()
  await lab.catalog.create(identifier, creation())
  const store = createReceiptStore(lab.storage, sha256)
  const sweep = (around: Around = {}, options: Partial<SweepOptions> = {}) => {
    const storage = through(lab.storage, around)
    const { clock } = createProcess('sweep', lab.world)
    return createSweep({
      store: createReceiptStore(storage, sha256),
      notes: createSweepNotes(storage, clock, noLog),
      catalog: createMemoryCatalog({
        tables: lab.tables,
        io: memoryFileIO(storage),
        now: lab.world.now,
        ...around,
      }),
      version: 'lab',
      clock,
      log: noLog,
      metrics: noMetrics,
      ...options,
    })
  }
  return {
    ...lab,
    store,
    sweep,
    async owe(n, { by = '', ageMs = 0, receipt = {} } = {}) {
      const made = receiptOf(lab, n, by, ageMs, receipt)
      await lab.storage.put(keyOf(n), fileOf(n, by).bytes, { ifNoneMatch: '*' })
      await store.write(made)
      return made
    },
    swept: async (options) => {
      const [swept] = await lab.timed(() => sweep({}, options)(lab.world.now() + 60_000))
      const { paid, quarantined, owed, complete } = swept
      return { paid, quarantined, owed, complete }
    },
    owed: () => keys(store.owed()),
    quarantined: () => keys(store.quarantined()),
  }
}

const receiptOf = (
  lab: Lab,
  n: number,
  by: string,
  ageMs: number,
  receipt: Partial<Receipt>,
): Receipt => {
  const metadata = lab.metadata()
  const { sequence, snapshotId } = lookAt(metadata)
  return {
    identifier: identifier as TableIdentifier,
    tableUuid: metadata['table-uuid'],
    schemaId: metadata['current-schema-id'],
    requestId: requestIdOf(n),
    receivedAt: lab.world.now() - ageMs,
    baseSequence: sequence,
    ...(snapshotId !== undefined && !('baseSequence' in receipt) && { baseSnapshot: snapshotId }),
    files: [owedFile(n, by)],
    ...receipt,
  }
}

/** What a receipt says of the file of request `n`. */
export const owedFile = (n: number, by = '') => {
  const { bytes: _, ...file } = fileOf(n, by)
  return file
}

const keys = async (list: AsyncIterable<{ readonly key: string }>): Promise<string[]> =>
  (await Array.fromAsync(list)).map(({ key }) => key)

const through = (storage: Storage, { before, after }: Around): Storage => {
  const around = async <T>(call: string, key: string, act: () => Promise<T>): Promise<T> => {
    await before?.(call, key)
    const result = await act()
    await after?.(call, key)
    return result
  }
  return {
    ...storage,
    put: (key, bytes, options) => around('put', key, () => storage.put(key, bytes, options)),
    get: (key, options) => around('get', key, () => storage.get(key, options)),
    head: (key) => around('head', key, () => storage.head(key)),
    async *list(prefix) {
      yield* await around('list', prefix, () => Array.fromAsync(storage.list(prefix)))
    },
    delete: (key) => around('delete', key, () => storage.delete(key)),
  }
}

/** Takes the table away and makes another of its name. */
export const recreate = async (lab: Lab): Promise<void> => {
  lab.tables.delete(tableKey)
  await lab.catalog.create(identifier, creation())
}
