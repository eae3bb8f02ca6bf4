import type { Deferral } from '../iceberg/deferral.ts'
import type { Metrics } from '../metrics.ts'
import type { CommitClaims } from './commit-claims.ts'
import type { CommitPolicy } from './commit-policy.ts'
import { newReceipt } from './new-receipt.ts'
import type { ReceiptStore } from './receipt-store.ts'

export interface DeferralOptions {
  readonly store: ReceiptStore
  readonly policy: CommitPolicy
  readonly metrics: Metrics
  /** Of all writers in this memory, where there are several of a table. */
  readonly claims?: CommitClaims
}

/** Leaves receipts of what is not committed now. */
export const createDeferral = ({ store, policy, metrics, claims }: DeferralOptions): Deferral => ({
  ...policy,
  claim: ({ metadata }) => !policy.isShared || (claims?.claim(metadata['table-uuid']) ?? true),
  isOwed: ({ identifier, metadata }, requestId, uuid) =>
    store.owes({ identifier, tableUuid: metadata['table-uuid'], requestId }, [uuid]),
  async defer(table, files, { requestId, receivedAt }) {
    await store.write(newReceipt(table, files, { requestId, receivedAt }))
    metrics.count('receipts', { table: table.identifier.name })
  },
})
