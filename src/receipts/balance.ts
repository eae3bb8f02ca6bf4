/** What is owed, in figures: what an operator is shown, and warned by. */
import type { Metrics } from '../metrics.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'
import type { SweepResult } from './sweep.ts'

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
    const oldest = Math.min(oldestAt ?? Infinity, modifiedAt ?? Infinity)
    tables.set(table, {
      table,
      receipts: receipts + 1,
      oldestAt: oldest === Infinity ? null : oldest,
    })
  }
  return [...tables.values()]
}

/** What is put aside is listed so often, in milliseconds: it changes by a sweep, nearly always by one's own. */
const quarantineMs = 300_000

/** Sets the gauges of what is owed, and of what was put aside, after a sweep. `unavailable` where they cannot be listed. */
export const createBalanceTeller = (
  store: ReceiptStore,
  now: () => number,
  metrics: Metrics,
): ((swept: SweepResult) => Promise<void>) => {
  let listAt = Number.NEGATIVE_INFINITY
  let aside = 0
  return async ({ paid, quarantined, owed, complete }) => {
    const metNone = complete && paid + quarantined + owed === 0
    // Listings cost: one that came to the end and met nothing has told already.
    const left = metNone ? [] : await balances(store.owed())
    const oldest = Math.min(now(), ...left.map(({ oldestAt }) => oldestAt ?? now()))
    metrics.gauge('receipts_owed', sum(left))
    metrics.gauge('oldest_receipt_seconds', (now() - oldest) / 1000)
    if (quarantined > 0) listAt = Number.NEGATIVE_INFINITY
    if (now() >= listAt) {
      aside = sum(await balances(store.quarantined()))
      listAt = now() + quarantineMs
    }
    // Every time: where a figure is a line of a log, an alarm takes none for nothing.
    metrics.gauge('receipts_quarantined', aside)
  }
}

const sum = (all: readonly Balance[]): number =>
  all.reduce((total, { receipts }) => total + receipts, 0)
