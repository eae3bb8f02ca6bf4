import type { Config } from '../../src/config.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { Deferral } from '../../src/iceberg/deferral.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import { createBalanceTeller } from '../../src/receipts/balance.ts'
import type { CommitClaims } from '../../src/receipts/commit-claims.ts'
import { commitPolicy } from '../../src/receipts/commit-policy.ts'
import { createDeferral } from '../../src/receipts/deferral.ts'
import { createLease } from '../../src/receipts/lease.ts'
import { createReceiptStore, type ReceiptStore } from '../../src/receipts/receipt-store.ts'
import { createSweep, type SweepResult } from '../../src/receipts/sweep.ts'
import { createSweepNotes } from '../../src/receipts/sweep-notes.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { sha256 } from './sha256.ts'

/** Receipts, who leaves them and who pays them. */
export interface OpenReceipts {
  readonly store: ReceiptStore
  readonly deferral: Deferral
  /**
   * Sweeps once, and tells what is left. `deadline`: milliseconds since 1970. `inTurn`: not while another program sweeps.
   * `unavailable` where the receipts cannot be listed.
   */
  sweep(deadline: number, inTurn?: boolean): Promise<Omit<SweepResult, 'oldestAt'>>
}

export interface ReceiptsOptions {
  readonly config: Pick<Config, 'commit' | 'commitInterval'>
  /** Where receipts are: it has to list and to delete. */
  readonly storage: Storage
  readonly catalog: Catalog
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
  /** In one commit at most. */
  readonly maxReceipts?: number
  /** How many calls the platform still allows, where it limits them. */
  readonly callsLeft?: () => number
  /** Of all writers in this memory, where there are several of a table. */
  readonly claims?: CommitClaims
}

/** Milliseconds of a sweep that are for the figures of what is left. */
const balanceMs = 2_000

/** Opens the receipts in a storage. */
export const openReceipts = (options: ReceiptsOptions): OpenReceipts => {
  const { config, storage, metrics, log, claims } = options
  const clock = systemClock
  const store = createReceiptStore(storage, sha256)
  const policy = commitPolicy({
    mode: config.commit,
    intervalMs: config.commitInterval * 1000,
    now: clock.now,
  })
  const notes = createSweepNotes(storage, clock, log)
  const sweep = createSweep({ ...options, store, notes, clock })
  const lease = createLease(storage, clock, log)
  const tellBalance = createBalanceTeller(store, clock.now, metrics)
  return {
    store,
    deferral: createDeferral({ store, policy, metrics, ...(claims !== undefined && { claims }) }),
    async sweep(deadline, inTurn = false) {
      const result = await sweep(deadline - balanceMs, inTurn ? lease : undefined)
      // Figures that cannot be told are no reason to say that a sweep failed which paid.
      const told = await tellBalance(result, clock.signal(deadline)).catch((error: unknown) => {
        log('warn', 'what is still owed cannot be told', { error })
        return true
      })
      if (!told) log('warn', 'more is owed than could be counted in the time of a sweep')
      const { oldestAt: _, ...counts } = result
      const { paid, quarantined, owed } = counts
      if (paid + quarantined + owed > 0) log('info', 'swept', { ...counts })
      return counts
    },
  }
}
