import type { Config } from '../../src/config.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { Deferral } from '../../src/iceberg/deferral.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import { tellBalance } from '../../src/receipts/balance.ts'
import { commitPolicy } from '../../src/receipts/commit-policy.ts'
import { createDeferral } from '../../src/receipts/deferral.ts'
import { createReceiptStore, type ReceiptStore } from '../../src/receipts/receipt-store.ts'
import { createSweep, type Sweep } from '../../src/receipts/sweep.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { sha256 } from './sha256.ts'

/** Receipts, who leaves them and who pays them. */
export interface OpenReceipts {
  readonly store: ReceiptStore
  readonly deferral: Deferral
  /** Sweeps once, and tells what is left. */
  readonly sweep: Sweep
}

export interface ReceiptsOptions {
  readonly config: Pick<Config, 'commit' | 'commitInterval'>
  /** Where receipts are: it has to list and to delete. */
  readonly storage: Storage
  readonly catalog: Catalog
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
}

/** Opens the receipts in a storage. */
export const openReceipts = (options: ReceiptsOptions): OpenReceipts => {
  const { config, storage, metrics, log } = options
  const clock = systemClock
  const store = createReceiptStore(storage, sha256)
  const policy = commitPolicy({
    mode: config.commit,
    intervalMs: config.commitInterval * 1000,
    now: clock.now,
  })
  const sweep = createSweep({ ...options, store, clock })
  return {
    store,
    deferral: createDeferral({ store, policy, metrics }),
    async sweep(deadline) {
      const result = await sweep(deadline)
      await tellBalance(store, clock.now(), metrics)
      const { paid, quarantined, owed } = result
      if (paid + quarantined + owed > 0) log('info', 'swept', { ...result })
      return result
    },
  }
}
