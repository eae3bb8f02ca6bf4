import type { Deferral } from '../iceberg/deferral.ts'
import type { Metrics } from '../metrics.ts'
import type { CommitPolicy } from './commit-policy.ts'
import { newReceipt } from './new-receipt.ts'
import type { ReceiptStore } from './receipt-store.ts'

export interface DeferralOptions {
  readonly store: ReceiptStore
  readonly policy: CommitPolicy
  /** Whether commits are few, and due for all who take requests at once. */
  readonly isShared?: boolean
  readonly metrics: Metrics
}

/** Leaves receipts of what is not committed now. */
export const createDeferral = ({
  store,
  policy,
  isShared = false,
  metrics,
}: DeferralOptions): Deferral => ({
  isDue: policy,
  isShared,
  isOwed: ({ identifier, metadata }, requestId, uuid) =>
    store.owes({ identifier, tableUuid: metadata['table-uuid'], requestId }, [uuid]),
  async defer(table, files, { requestId, receivedAt }) {
    await store.write(newReceipt(table, files, { requestId, receivedAt }))
    metrics.count('receipts', { table: table.identifier.name })
  },
})
