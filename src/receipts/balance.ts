/** What is owed, in figures: what an operator is shown, and warned by. */
import { untilAborted } from '../iceberg/waiting.ts'
import type { Metrics } from '../metrics.ts'
import { type ListedReceipt, type ReceiptStore, slowList } from './receipt-store.ts'
import type { SweepResult } from './sweep.ts'
import { oldestOf } from './sweep-page.ts'

/** Of one table. */
export interface Balance {
  readonly table: string
  readonly receipts: number
  /** When the oldest was written, in milliseconds since 1970; null where the storage does not tell. */
  readonly oldestAt: number | null
}

/** The figures of each table in a list, from the list alone. */
export const balances = async (list: AsyncIterable<ListedReceipt>): Promise<readonly Balance[]> => {
  const tables = new Map<string, Balance>()
  await tally(list, tables)
  return [...tables.values()]
}

const tally = async (
  list: AsyncIterable<ListedReceipt>,
  tables: Map<string, Balance>,
): Promise<void> => {
  for await (const { table, modifiedAt = null } of list) {
    const { receipts, oldestAt } = tables.get(table) ?? { receipts: 0, oldestAt: null }
    tables.set(table, {
      table,
      receipts: receipts + 1,
      oldestAt: oldestOf([oldestAt, modifiedAt]),
    })
  }
}

/** What is put aside is listed so often, in milliseconds: it changes by a sweep, nearly always by one's own. */
const quarantineMs = 300_000

/**
 * Sets the gauges of what is owed, and of what was put aside, after a sweep. What cannot be counted before the signal aborts is
 * left out: false then. A figure of which nothing at all is known is not told: it would be none that calms whoever is to be warned.
 * `unavailable` where receipts cannot be listed.
 */
export const createBalanceTeller = (
  store: ReceiptStore,
  now: () => number,
  metrics: Metrics,
): ((swept: SweepResult, signal: AbortSignal) => Promise<boolean>) => {
  let listAt = Number.NEGATIVE_INFINITY
  let aside: number | null = null
  /** What kept it from being told, as with the next. */
  const tellAside = async (signal: AbortSignal): Promise<unknown> => {
    let failure: unknown
    if (now() >= listAt) {
      const listed = await counted(store.quarantined(), signal)
      const all = sum(listed.tables)
      if (listed.whole) listAt = now() + quarantineMs
      if (listed.whole || all > (aside ?? 0)) aside = all
      failure = listed.failure
      if (aside === null) failure ??= slowList()
    }
    // Every time: where a figure is a line of a log, an alarm takes none for nothing.
    if (aside !== null) metrics.gauge('receipts_quarantined', aside)
    return failure
  }
  const tellOwed = async (swept: SweepResult, signal: AbortSignal): Promise<unknown> => {
    // Listings cost: a sweep that came to the end has counted already. One that did not has met others than come first.
    const { tables, whole, failure } = swept.complete ? ended : await counted(store.owed(), signal)
    const owed = Math.max(swept.owed, sum(tables))
    const oldest = oldestOf([swept.oldestAt, ...tables.map(({ oldestAt }) => oldestAt)])
    if (whole || owed > 0) metrics.gauge('receipts_owed', owed)
    if (whole || oldest !== null) {
      metrics.gauge('oldest_receipt_seconds', Math.max(0, now() - (oldest ?? now())) / 1000)
    }
    return failure ?? (whole || owed > 0 ? undefined : slowList())
  }
  return async (swept, signal) => {
    if (swept.quarantined > 0) listAt = Number.NEGATIVE_INFINITY
    const failures = await Promise.all([tellOwed(swept, signal), tellAside(signal)])
    for (const failure of failures) if (failure !== undefined) throw failure
    return !signal.aborted
  }
}

/** As much of a list as could be read. */
interface Counted {
  readonly tables: readonly Balance[]
  /** Whether that is all of it. */
  readonly whole: boolean
  readonly failure?: unknown
}

const ended: Counted = { tables: [], whole: true }

const counted = async (
  list: AsyncIterable<ListedReceipt>,
  signal: AbortSignal,
): Promise<Counted> => {
  const tables = new Map<string, Balance>()
  const failure = await tally(untilAborted(list, signal), tables).catch((error: unknown) => error)
  return {
    tables: [...tables.values()],
    whole: failure === undefined && !signal.aborted,
    failure,
  }
}

const sum = (all: readonly Balance[]): number =>
  all.reduce((total, { receipts }) => total + receipts, 0)
