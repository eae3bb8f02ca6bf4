/** What is owed, in figures: what an operator is shown, and warned by. */
import { untilAborted } from '../iceberg/waiting.ts'
import type { Metrics } from '../metrics.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'
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
  for await (const { table, modifiedAt = null } of list) {
    const { receipts, oldestAt } = tables.get(table) ?? { receipts: 0, oldestAt: null }
    tables.set(table, {
      table,
      receipts: receipts + 1,
      oldestAt: oldestOf([oldestAt, modifiedAt]),
    })
  }
  return [...tables.values()]
}

/** What is put aside is listed so often, in milliseconds: it changes by a sweep, nearly always by one's own. */
const quarantineMs = 300_000

/**
 * Sets the gauges of what is owed, and of what was put aside, after a sweep. What cannot be counted before the signal aborts is
 * left out: false then. `unavailable` where receipts cannot be listed.
 */
export const createBalanceTeller = (
  store: ReceiptStore,
  now: () => number,
  metrics: Metrics,
): ((swept: SweepResult, signal: AbortSignal) => Promise<boolean>) => {
  let listAt = Number.NEGATIVE_INFINITY
  let aside: number | null = null
  const tellAside = async (signal: AbortSignal): Promise<void> => {
    if (now() >= listAt) {
      aside = sum(await balances(untilAborted(store.quarantined(), signal)))
      listAt = now() + quarantineMs
    }
    // Every time: where a figure is a line of a log, an alarm takes none for nothing.
    if (aside !== null) metrics.gauge('receipts_quarantined', aside)
  }
  const tellOwed = async (swept: SweepResult, signal: AbortSignal): Promise<void> => {
    // Listings cost: a sweep that came to the end has counted already. One that did not has met others than come first.
    const listed = swept.complete ? [] : await balances(untilAborted(store.owed(), signal))
    const oldest = oldestOf([swept.oldestAt, ...listed.map(({ oldestAt }) => oldestAt)]) ?? now()
    metrics.gauge('receipts_owed', Math.max(swept.owed, sum(listed)))
    metrics.gauge('oldest_receipt_seconds', Math.max(0, now() - oldest) / 1000)
  }
  return async (swept, signal) => {
    if (swept.quarantined > 0) listAt = Number.NEGATIVE_INFINITY
    await Promise.all([tellOwed(swept, signal), tellAside(signal)])
    return !signal.aborted
  }
}

const sum = (all: readonly Balance[]): number =>
  all.reduce((total, { receipts }) => total + receipts, 0)
