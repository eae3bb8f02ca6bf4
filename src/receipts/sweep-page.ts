/** One page of a sweep: receipts of one table, read, paid in one commit, and removed. */
import { IngestError, wordsOf } from '../errors.ts'
import type { LoadedTable } from '../iceberg/catalog.ts'
import type { CommitContext } from '../iceberg/commit.ts'
import { type Clock, halfwayTo, inTime } from '../iceberg/retry.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { inTurns } from '../turns.ts'
import { affordableOf, type CallsLeft } from './calls.ts'
import { loadIndebted } from './indebted-table.ts'
import type { Page } from './pages.ts'
import { type Hindrance, type Payment, pay, type Unpayable } from './payment.ts'
import { type Receipt, readReceipt } from './receipt.ts'
import { identifierOf, tablePrefix } from './receipt-key.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'

export interface PageOptions {
  readonly store: ReceiptStore
  readonly log: Log
  readonly metrics: Metrics
  /** How many calls to a storage or a catalog the platform still allows, where it limits them. */
  readonly callsLeft?: CallsLeft
}

/** What became of receipts. */
export interface Swept {
  readonly paid: number
  readonly quarantined: number
  readonly owed: number
  /** Whether there was time for all of them. */
  readonly complete: boolean
  /** When the oldest that is left was written, in milliseconds since 1970; null where none is, or the storage does not tell. */
  readonly oldestAt: number | null
}

/** What became of a page, and what kept its files from being committed. */
export interface PageResult extends Swept {
  readonly hindrance: Hindrance | null
}

/** Moments in milliseconds since 1970. */
export interface PageTimes {
  /** Nothing more is paid. */
  readonly until: number
  /** Nothing more is waited for: what was paid is removed until then. */
  readonly deadline: number
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

/** What became of one receipt; `gone`: somebody else has paid it; `later`: there was no time, or no call, to look at it. */
type End = 'paid' | 'quarantined' | 'gone' | 'later' | Owed

/** The next sweep meets it again. */
interface Owed {
  readonly owed: string
  /** Whether its files are in their table. */
  readonly isPaid?: true
}

/** A receipt of a page, and its end. */
type Ended = readonly [ListedReceipt, End]

/**
 * Sweeps a page, and leaves what is not done in time. Never throws: one table's trouble is not another's, nor one receipt's.
 */
export const sweepPage = async (
  page: Page,
  times: PageTimes,
  context: CommitContext,
  options: PageOptions,
): Promise<PageResult> => {
  const [{ key, tableUuid }] = page
  const { until, deadline } = times
  const { clock } = context
  const { store, log, metrics, callsLeft } = options
  // Before they are read: a table that is out of reach may owe thousands.
  const identifier = identifierOf(key)
  // What lies at a key that names no table is told apart when it is read.
  const table =
    identifier === null
      ? 'anew'
      : await loadIndebted(identifier, tableUuid, until, context).catch(owedFor)
  if (table === 'gone' || (typeof table === 'object' && 'owed' in table)) {
    const why = table === 'gone' ? { owed: 'the table is gone' } : table
    return summed(
      page.map((listed) => [listed, why]),
      null,
      options,
    )
  }
  const half = halfwayTo(until, clock)
  const read = await inTurnsUntil(half, page, clock, (listed) => readListed(listed, store, log))
  const all = read.map(([, one]) => one).filter(isKnown)
  const receipts = all.map(({ receipt }) => receipt)
  const known = all.slice(0, affordableOf(receipts, callsLeft, clock.now()))
  const payments = await payKnown(known, table, until, context)
  const ended = await inTurnsUntil(deadline, [...known.entries()], clock, ([i, one]) =>
    end(one, patient(payments[i] as Payment, one.receipt, clock), store, log),
  )
  const others = read.filter((one): one is [ListedReceipt, End] => !isKnown(one[1]))
  const left = all.slice(known.length).map(({ listed }): Ended => [listed, 'later'])
  const paid = ended.map(([[, { listed }], one]): Ended => [listed, one])
  const sum = summed([...others, ...left, ...paid], hindranceOf(payments), options)
  const result = { ...sum, owed: sum.owed + left.length }
  metrics.count('paid_receipts', {}, result.paid)
  return result
}

const isKnown = (one: Known | End): one is Known => typeof one === 'object' && 'receipt' in one

/** Works on each with others, and says what came of it; `later` where nothing did until then. */
const inTurnsUntil = <T, R>(
  time: number,
  items: readonly T[],
  clock: Clock,
  work: (item: T) => Promise<R | End>,
): Promise<[T, R | End][]> => {
  const signal = clock.signal(time)
  return inTurns(items, lanes, async (item) => [
    item,
    clock.now() < time
      ? await inTime(work(item), signal, (): End => 'later').catch(owedFor)
      : 'later',
  ])
}

const payKnown = async (
  known: readonly Known[],
  table: LoadedTable | 'anew',
  until: number,
  context: CommitContext,
): Promise<readonly Payment[]> => {
  const all = (payment: Payment): readonly Payment[] => known.map(() => payment)
  if (table === 'anew') return all(madeAnew)
  const receipts = known.map(({ receipt }) => receipt)
  const { clock } = context
  // What goes on after that finds no time for a commit. If one landed, the next look tells.
  const late = () => Promise.reject(new IngestError('unavailable', 'there was no time for it yet'))
  return inTime(pay(receipts, table, until, context), clock.signal(until), late).catch((error) =>
    all({ kind: 'owed', reason: wordsOf(error), hindrance: 'failed' }),
  )
}

const madeAnew: Payment = {
  kind: 'unpayable',
  reason: 'the table was made anew',
  // By its key a receipt is of a namespace, a table and its uuid, and of no catalog.
  advice:
    'if it was not, programs with another catalog share these receipts: give each a prefix of its own (OTLP2PARQUET_STORAGE_PREFIX), and move this receipt to _receipts/owed/ below that of its catalog',
}

/** Where anything failed, that; a page is smaller the next time for no other reason. */
const hindranceOf = (payments: readonly Payment[]): Hindrance | null => {
  const all = payments.map((payment) => (payment.kind === 'owed' ? payment.hindrance : null))
  return all.find((one) => one === 'failed') ?? all.find((one) => one !== null) ?? null
}

const summed = (
  ended: readonly Ended[],
  hindrance: Hindrance | null,
  { log }: PageOptions,
): PageResult => {
  const ends = ended.map(([, one]) => one)
  const owed = ends.filter((one) => typeof one === 'object')
  tellOwed(ended[0]?.[0].table ?? '', owed, log)
  const left = ended.filter(([, one]) => typeof one === 'object' || one === 'later')
  return {
    paid: ends.filter((one) => one === 'paid').length,
    quarantined: ends.filter((one) => one === 'quarantined').length,
    owed: owed.length,
    complete: !ends.includes('later'),
    oldestAt: oldestOf(left.map(([{ modifiedAt }]) => modifiedAt)),
    hindrance,
  }
}

/** The least of times; null where none is known. */
export const oldestOf = (times: readonly (number | null | undefined)[]): number | null => {
  const oldest = times.reduce<number>((least, time) => Math.min(least, time ?? Infinity), Infinity)
  return oldest === Infinity ? null : oldest
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
  const unpayable = (reason: string): Promise<End> =>
    quarantine({ listed, bytes }, { reason }, store, log)
  if (read.kind === 'unreadable') return unpayable(read.reason)
  const { receipt } = read
  if (!listed.key.startsWith(tablePrefix(receipt))) {
    return unpayable('it is of another table than its key')
  }
  // Whatever changed of it, a path or a bound: who commits it may break the table for every reader.
  if (await store.isWhole(listed, bytes)) return { listed, bytes, receipt }
  return unpayable('its bytes are not those that it was written with')
}

const patient = (payment: Payment, { receivedAt }: Receipt, { now }: Clock): Payment =>
  payment.kind === 'unpayable' && now() - receivedAt < youngMs
    ? { kind: 'owed', reason: payment.reason, hindrance: null }
    : payment

const end = async (known: Known, payment: Payment, store: ReceiptStore, log: Log): Promise<End> => {
  if (payment.kind === 'owed') return { owed: payment.reason }
  if (payment.kind === 'unpayable') {
    const { files } = payment
    const left = files && { ...known.receipt, files: files.others }
    return quarantine({ ...known, ...(left && { left }) }, payment, store, log)
  }
  try {
    await store.remove(known.listed.key)
    return 'paid'
  } catch (error) {
    return { owed: wordsOf(error), isPaid: true }
  }
}

/** `left`: what of the receipt is not in its table, where that is not all. */
const quarantine = async (
  { listed, bytes, left }: Pick<Known, 'listed' | 'bytes'> & { readonly left?: Receipt },
  { reason, advice, files }: Omit<Unpayable, 'kind'>,
  store: ReceiptStore,
  log: Log,
): Promise<End> => {
  const { key, table, requestId } = listed
  const receipt = await store.quarantine(key, bytes, left)
  const message = 'a receipt cannot be paid: rows that were acknowledged are not in their table'
  const inTable = files?.inTable.map(({ dataFile }) => dataFile.file_path)
  log('error', message, {
    ...{ table, requestId, receipt, reason },
    ...(inTable !== undefined && { inTable }),
    ...(advice !== undefined && { advice }),
  })
  return 'quarantined'
}

/** One line for each reason: a table that is gone may owe thousands. */
const tellOwed = (table: string, ends: readonly Owed[], log: Log): void => {
  const { true: paid = [], false: unpaid = [] } = Object.groupBy(ends, ({ isPaid = false }) =>
    String(isPaid),
  )
  const tell = (message: string, some: readonly Owed[]): void => {
    for (const [reason, { length }] of Map.groupBy(some, ({ owed }) => owed)) {
      log('warn', message, { table, reason, receipts: length })
    }
  }
  tell('receipts are still owed', unpaid)
  tell('receipts are paid, but cannot be removed: the next sweep tries again', paid)
}

const owedFor = (error: unknown): Owed => ({ owed: wordsOf(error) })
