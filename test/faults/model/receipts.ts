// Receipts in the model: processes that leave them, and sweeps that pay them, one after the other or several at once.

import { sha256 } from '../../../runtimes/shared/sha256.ts'
import type { Deferral } from '../../../src/iceberg/deferral.ts'
import { noLog } from '../../../src/log.ts'
import type { Metrics } from '../../../src/metrics.ts'
import type { CommitMode } from '../../../src/receipts/commit-policy.ts'
import { commitPolicy } from '../../../src/receipts/commit-policy.ts'
import { createDeferral } from '../../../src/receipts/deferral.ts'
import { createLease } from '../../../src/receipts/lease.ts'
import { createReceiptStore, type ReceiptStore } from '../../../src/receipts/receipt-store.ts'
import { createSweep } from '../../../src/receipts/sweep.ts'
import { createSweepNotes } from '../../../src/receipts/sweep-notes.ts'
import type { Lake } from './lake.ts'
import { createProcess, type Process } from './process.ts'
import type { Chance } from './random.ts'
import type { World } from './world.ts'

/** How all processes of a run are configured. */
export interface ReceiptSettings {
  readonly mode: CommitMode
  readonly intervalMs: number
  /** Whether processes are those of Lambda. */
  readonly onLambda: boolean
  /** The most receipts in one commit. */
  readonly maxReceipts: number
}

export const settingsOf = (chance: Chance): ReceiptSettings => ({
  mode: chance.pick(['auto', 'auto', 'inline', 'deferred'] as const),
  onLambda: chance.happens(0.5),
  intervalMs: chance.pick([1_000, 4_000, 20_000]),
  maxReceipts: chance.pick([1, 3, 1_000]),
})

/** Who takes what a process does not commit. */
export const deferralOf = (
  { mode, intervalMs }: ReceiptSettings,
  process: Process,
  lake: Lake,
  metrics: Metrics,
): Deferral =>
  createDeferral({
    store: createReceiptStore(lake.storageFor(process), sha256),
    policy: commitPolicy({ mode, intervalMs, now: process.clock.now }),
    metrics,
  })

export interface SweepScene {
  readonly world: World
  readonly chance: Chance
  readonly lake: Lake
  readonly metrics: Metrics
  readonly settings: ReceiptSettings
}

let sweepers = 0

/** A process sweeps once; it may crash while it does, or stand still. */
export const sweepOnce = async (
  { world, chance, lake, metrics, settings }: SweepScene,
  isCalm: boolean,
): Promise<void> => {
  const process = createProcess(`sweep${sweepers++}`, world)
  const storage = lake.storageFor(process)
  const sweep = createSweep({
    store: createReceiptStore(storage, sha256),
    notes: createSweepNotes(storage, process.clock, noLog),
    catalog: lake.catalogFor(process),
    version: 'model',
    clock: process.clock,
    log: noLog,
    metrics,
    maxReceipts: settings.maxReceipts,
  })
  if (!isCalm && chance.happens(0.3)) {
    world.at(world.now() + chance.between(0, 2_000), process.crash)
  }
  if (!isCalm && chance.happens(0.2)) {
    world.at(world.now() + chance.between(0, 2_000), () => process.stop(chance.pick([500, 20_000])))
  }
  // At the end nothing may be left to others.
  const lease =
    !isCalm && chance.happens(0.5) ? createLease(storage, process.clock, noLog) : undefined
  await sweep(process.clock.now() + 60_000, lease).catch(() => {})
}

/** What is owed at the end, and the ids of requests whose receipts were put aside. */
export const leftOf = async (
  lake: Lake,
): Promise<{ owed: readonly string[]; aside: ReadonlySet<string> }> => {
  const store: ReceiptStore = createReceiptStore(lake.storage)
  const owed = await Array.fromAsync(store.owed(), ({ requestId }) => requestId)
  const aside = await Array.fromAsync(store.quarantined(), ({ requestId }) => requestId)
  return { owed, aside: new Set(aside) }
}
