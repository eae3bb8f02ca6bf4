import { access } from 'node:fs/promises'
import type { Config } from '../../src/config.ts'
import { IngestError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { balances } from '../../src/receipts/balance.ts'
import { readReceipt } from '../../src/receipts/receipt.ts'
import type { ReceiptStore } from '../../src/receipts/receipt-store.ts'
import type { OpenReceipts } from '../shared/receipts.ts'
import { openDestination } from './open-destination.ts'

/** What `otlp2parquet sweep` and `otlp2parquet receipts` need. */
export interface ReceiptCommandOptions {
  readonly config: Config
  readonly version: string
  readonly log: Log
  /** Takes a line of the result. */
  readonly print: (line: string) => void
}

/**
 * Sweeps once, to the end of what is owed; whether nothing is left for certain.
 * @throws when there is no place for receipts, or it cannot be read
 */
export const sweepNow = async (options: ReceiptCommandOptions): Promise<boolean> => {
  const receipts = await open(options)
  const { paid, owed, quarantined, complete } = await receipts.sweep(Number.POSITIVE_INFINITY)
  options.print(`receipts paid: ${paid}, still owed: ${owed}, put into quarantine: ${quarantined}`)
  if (!complete) {
    options.print(
      'not all receipts could be listed, or paid in time: the log says why; sweep again',
    )
  }
  return complete && owed + quarantined === 0
}

/**
 * Prints what is owed, table by table, and every receipt in quarantine with its files.
 * @throws when there is no place for receipts, or it cannot be read
 */
export const listReceipts = async (options: ReceiptCommandOptions): Promise<void> => {
  const { print } = options
  const { store } = await open(options)
  const strangers: string[] = []
  const owed = await balances(store.owed((key) => void strangers.push(key)))
  for (const { table, receipts, oldestAt } of owed) {
    const since = oldestAt === null ? '' : `, the oldest of ${new Date(oldestAt).toISOString()}`
    print(`${table}: ${receipts} owed${since}`)
  }
  const [example] = strangers
  if (example !== undefined) {
    const { length } = strangers
    print(`${length} objects there are no receipts of this version, such as ${example}`)
  }
  let quarantined = 0
  for await (const { key, table } of store.quarantined()) {
    quarantined++
    print(`${table}: cannot be paid: ${key}`)
    for (const path of await pathsIn(key, store)) print(`  not in its table: ${path}`)
  }
  if (owed.length + strangers.length + quarantined === 0) print('no receipts')
}

/** What a receipt names, where it can be read. */
const pathsIn = async (key: string, store: ReceiptStore): Promise<readonly string[]> => {
  const bytes = await store.read(key)
  const read = bytes && readReceipt(bytes)
  if (read?.kind !== 'receipt') return []
  return read.receipt.files.map(({ dataFile }) => dataFile.file_path)
}

const open = async ({ config, version, log }: ReceiptCommandOptions): Promise<OpenReceipts> => {
  // To open a folder makes it, and in a new one nothing is owed: a name that is mistyped has to be told.
  if (config.storageBackend === 'fs' && config.icebergCatalog !== undefined) {
    await access(config.storagePath).catch((cause: unknown) => {
      throw new IngestError('unsupported', `there is no folder ${config.storagePath}`, { cause })
    })
  }
  const { receipts } = await openDestination({ config, version, log, metrics: noMetrics })
  if (receipts !== undefined) return receipts
  const where = 'a file catalog, or a REST catalog with OTLP2PARQUET_STATE_BUCKET'
  throw new IngestError('unsupported', `there are no receipts: they need ${where}`)
}
