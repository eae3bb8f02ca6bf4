/** One page of a sweep: receipts of one table, read, paid in one commit, and removed. */
import { wordsOf } from '../errors.ts'
import type { CommitContext } from '../iceberg/commit.ts'
import { type Clock, halfwayTo } from '../iceberg/retry.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { inTurns } from '../turns.ts'
import { loadIndebted } from './indebted-table.ts'
import { type Payment, pay } from './payment.ts'
import { type Receipt, readReceipt } from './receipt.ts'
import { identifierOf, tablePrefix } from './receipt-key.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'

/** Receipts of one table. */
export type Page = readonly [ListedReceipt, ...ListedReceipt[]]

export interface PageOptions {
  readonly store: ReceiptStore
  readonly log: Log
  readonly metrics: Metrics
}

/** What became of a page's receipts. */
export interface PageResult {
  readonly paid: number
  readonly quarantined: number
  readonly owed: number
  /** Whether there was time for all of them. */
  readonly complete: boolean
}

/** Requests to the receipts' storage at once. */
const lanes = 32

/**
 * A receipt that is younger, in milliseconds, is not put aside for what its table looks like: a catalog that answers from an
 * old copy does so for a while, and what is put aside is not looked for again.
 */
const youngMs = 600_000

/** A receipt that can be paid, as it was read. */
interface Known {
  readonly listed: ListedReceipt
  readonly bytes: Uint8Array
  readonly receipt: Receipt
}

/** What became of one receipt; `gone`: somebody else has paid it; `later`: there was no time to look at it. */
type End = 'paid' | 'quarantined' | 'gone' | 'later' | Owed

/** The next sweep meets it again. */
interface Owed {
  readonly owed: string
}

/**
 * Sweeps a page. `until`: milliseconds since 1970, when nothing more is begun but to remove what was paid. Never throws: one
 * table's trouble is not another's, nor one receipt's.
 */
export const sweepPage = async (
  page: Page,
  until: number,
  context: CommitContext,
  options: PageOptions,
): Promise<PageResult> => {
  const [{ key, table: name, tableUuid }] = page
  const { clock } = context
  const { store, log, metrics } = options
  // Before they are read: a table that is out of reach may owe thousands.
  const identifier = identifierOf(key)
  // What lies at a key that names no table is told apart when it is read.
  const table =
    identifier === null ? 'anew' : await loadIndebted(identifier, tableUuid, context).catch(owedFor)
  if (table === 'gone' || (typeof table === 'object' && 'owed' in table)) {
    const why = table === 'gone' ? { owed: 'the table is gone' } : table
    return summed(name, Array<End>(page.length).fill(why), options)
  }
  const half = halfwayTo(until, clock)
  const read = await inTurns(page, lanes, async (listed) =>
    clock.now() < half ? readListed(listed, store, log).catch(owedFor) : 'later',
  )
  const known = read.filter((one) => typeof one !== 'string' && 'receipt' in one)
  const receipts = known.map(({ receipt }) => receipt)
  const payments =
    table === 'anew'
      ? receipts.map((): Payment => ({ kind: 'unpayable', reason: 'the table was made anew' }))
      : await pay(receipts, table, until, context).catch((error) =>
          receipts.map((): Payment => ({ kind: 'owed', reason: wordsOf(error) })),
        )
  const ended = await inTurns([...known.entries()], lanes, ([i, one]) =>
    end(one, patient(payments[i] as Payment, one.receipt, clock), store, log).catch(owedFor),
  )
  const others = read.filter((one) => typeof one === 'string' || 'owed' in one)
  const result = summed(name, [...others, ...ended], options)
  metrics.count('paid_receipts', {}, result.paid)
  return result
}

const summed = (table: string, ends: readonly End[], { log }: PageOptions): PageResult => {
  const owed = ends.filter((one) => typeof one !== 'string')
  tellOwed(table, owed, log)
  return {
    paid: ends.filter((one) => one === 'paid').length,
    quarantined: ends.filter((one) => one === 'quarantined').length,
    owed: owed.length,
    complete: !ends.includes('later'),
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
  if (!listed.key.startsWith(tablePrefix(receipt))) {
    return quarantine(listed, bytes, 'it is of another table than its key', store, log)
  }
  // Whatever changed of it, a path or a bound: who commits it may break the table for every reader.
  if (await store.isWhole(listed, bytes)) return { listed, bytes, receipt }
  return quarantine(listed, bytes, 'its bytes are not those that it was written with', store, log)
}

const patient = (payment: Payment, { receivedAt }: Receipt, { now }: Clock): Payment =>
  payment.kind === 'unpayable' && now() - receivedAt < youngMs
    ? { kind: 'owed', reason: payment.reason }
    : payment

const end = async (
  { listed, bytes }: Known,
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
