/** What is owed, in figures: what an operator is shown, and warned by. */
import type { Metrics } from '../metrics.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'

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

/** Sets the gauges of what is owed, and of what was put aside. */
export const tellBalance = async (
  store: ReceiptStore,
  now: number,
  metrics: Metrics,
): Promise<void> => {
  const [owed, quarantined] = await Promise.all([
    balances(store.owed()),
    balances(store.quarantined()),
  ])
  const oldest = Math.min(now, ...owed.map(({ oldestAt }) => oldestAt ?? now))
  metrics.gauge('receipts_owed', sum(owed))
  metrics.gauge('oldest_receipt_seconds', (now - oldest) / 1000)
  metrics.gauge('receipts_quarantined', sum(quarantined))
}

const sum = (all: readonly Balance[]): number =>
  all.reduce((total, { receipts }) => total + receipts, 0)
