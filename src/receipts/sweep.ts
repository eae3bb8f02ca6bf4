/**
 * The sweep: pays what is owed to tables, each page of a table's receipts in one commit, and removes a receipt when its files
 * are known to be in the table. It may end anywhere, and several may be at work: the next look tells what is done.
 */
import { wordsOf } from '../errors.ts'
import type { Catalog } from '../iceberg/catalog.ts'
import type { CommitContext } from '../iceberg/commit.ts'
import { createManifestMerger } from '../iceberg/manifest-merger.ts'
import { createMetadataFiles } from '../iceberg/metadata-files.ts'
import type { Clock } from '../iceberg/retry.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { inTurns } from '../turns.ts'
import { type Payment, pay } from './payment.ts'
import { type Receipt, readReceipt } from './receipt.ts'
import { tablePrefix } from './receipt-key.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'

export interface SweepOptions {
  readonly store: ReceiptStore
  readonly catalog: Catalog
  /** The program's version, for snapshot summaries. */
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** In one commit at most. */
  readonly maxReceipts?: number
}

/** How many receipts a sweep met, and what became of them. */
export interface SweepResult {
  readonly paid: number
  readonly quarantined: number
  /** Left as they are: the next sweep meets them again. */
  readonly owed: number
  /** Whether it came to the end of the list. */
  readonly complete: boolean
}

/** Sweeps once. `deadline`: milliseconds since 1970. `unavailable` where the receipts cannot be listed. */
export type Sweep = (deadline: number) => Promise<SweepResult>

/** Receipts in one commit, and their bytes: all of them are in memory at once, decoded. */
const defaultMaxReceipts = 10_000
const maxBytes = 16 * 1024 * 1024

/** Requests to the receipts' storage at once. */
const lanes = 32

/** What is left until the deadline is too short to begin another page. */
const reserveMs = 5_000

/** A sweep that keeps what it learns of tables for the next one. */
export const createSweep = (options: SweepOptions): Sweep => {
  const { store, clock, maxReceipts = defaultMaxReceipts } = options
  const contexts = new Map<string, CommitContext>()
  const contextOf = (table: string): CommitContext => {
    const context = contexts.get(table) ?? {
      ...options,
      files: createMetadataFiles(),
      merger: createManifestMerger(options),
    }
    contexts.set(table, context)
    return context
  }
  return async (deadline) => {
    let total = none
    for await (const page of pages(store.owed(), maxReceipts)) {
      if (clock.now() + reserveMs > deadline) return { ...total, complete: false }
      const [{ table, tableUuid }] = page
      const counts = await sweepPage(page, deadline, contextOf(`${table} ${tableUuid}`), options)
      total = {
        paid: total.paid + counts.paid,
        quarantined: total.quarantined + counts.quarantined,
        owed: total.owed + counts.owed,
      }
    }
    return { ...total, complete: true }
  }
}

type Page = readonly [ListedReceipt, ...ListedReceipt[]]
type Counts = { -readonly [kind in Exclude<keyof SweepResult, 'complete'>]: number }

const none: Counts = { paid: 0, quarantined: 0, owed: 0 }

/** The list in pages of one table each. */
async function* pages(
  list: AsyncIterable<ListedReceipt>,
  maxReceipts: number,
): AsyncGenerator<Page> {
  let page: [ListedReceipt, ...ListedReceipt[]] | null = null
  let bytes = 0
  for await (const receipt of list) {
    const isNext =
      page !== null &&
      (page[0].table !== receipt.table ||
        page[0].tableUuid !== receipt.tableUuid ||
        page.length >= maxReceipts ||
        bytes + receipt.size > maxBytes)
    if (page !== null && isNext) {
      yield page
      page = null
      bytes = 0
    }
    if (page === null) page = [receipt]
    else page.push(receipt)
    bytes += receipt.size
  }
  if (page !== null) yield page
}

/** A receipt that can be paid, as it was read. */
interface Known {
  readonly listed: ListedReceipt
  readonly bytes: Uint8Array
  readonly receipt: Receipt
}

/** What became of one receipt; `gone`: somebody else has paid it. */
type End = 'paid' | 'quarantined' | 'gone' | Owed

/** The next sweep meets it again. */
interface Owed {
  readonly owed: string
}

/** Never throws: one table's trouble is not another's, nor one receipt's. */
const sweepPage = async (
  page: Page,
  deadline: number,
  context: CommitContext,
  { store, log, metrics }: SweepOptions,
): Promise<Counts> => {
  const read = await inTurns(page, lanes, (listed) => readListed(listed, store, log).catch(owedFor))
  const known = read.filter((one) => typeof one !== 'string' && 'receipt' in one)
  const receipts = known.map(({ receipt }) => receipt)
  const payments = await pay(receipts, deadline, context).catch((error) =>
    receipts.map((): Payment => ({ kind: 'owed', reason: wordsOf(error) })),
  )
  const ended = await inTurns([...known.entries()], lanes, ([i, { listed, bytes }]) =>
    end(listed, bytes, payments[i] as Payment, store, log).catch(owedFor),
  )
  const ends = [...read.filter((one) => typeof one === 'string' || 'owed' in one), ...ended]
  const owed = ends.filter((one) => typeof one !== 'string')
  tellOwed(page[0].table, owed, log)
  const paid = ends.filter((one) => one === 'paid').length
  metrics.count('paid_receipts', {}, paid)
  return {
    paid,
    quarantined: ends.filter((one) => one === 'quarantined').length,
    owed: owed.length,
  }
}

const readListed = async (
  listed: ListedReceipt,
  store: ReceiptStore,
  log: Log,
): Promise<Known | End> => {
  const bytes = await store.read(listed.key)
  if (bytes === null) return 'gone'
  const read = readReceipt(bytes)
  if (read.kind === 'later') {
    return { owed: `format version ${read.version} is of a later program` }
  }
  if (read.kind === 'unreadable') return quarantine(listed, bytes, read.reason, store, log)
  const { receipt } = read
  if (listed.key.startsWith(tablePrefix(receipt))) return { listed, bytes, receipt }
  return quarantine(listed, bytes, 'it is of another table than its key', store, log)
}

const end = async (
  listed: ListedReceipt,
  bytes: Uint8Array,
  payment: Payment,
  store: ReceiptStore,
  log: Log,
): Promise<End> => {
  if (payment.kind === 'owed') return { owed: payment.reason }
  if (payment.kind === 'unpayable') return quarantine(listed, bytes, payment.reason, store, log)
  await store.remove(listed.key)
  return 'paid'
}

const quarantine = async (
  { key, table, requestId }: ListedReceipt,
  bytes: Uint8Array,
  reason: string,
  store: ReceiptStore,
  log: Log,
): Promise<End> => {
  await store.quarantine(key, bytes)
  const message = 'a receipt cannot be paid: rows that were acknowledged are not in their table'
  log('error', message, { table, requestId, receipt: key, reason })
  return 'quarantined'
}

/** One line for each reason: a table that is gone may owe thousands. */
const tellOwed = (table: string, ends: readonly Owed[], log: Log): void => {
  for (const [reason, { length }] of Map.groupBy(ends, ({ owed }) => owed)) {
    log('warn', 'receipts are still owed', { table, reason, receipts: length })
  }
}

const owedFor = (error: unknown): Owed => ({ owed: wordsOf(error) })
