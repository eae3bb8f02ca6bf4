/**
 * The sweep: pays what is owed to tables, each page of a table's receipts in one commit, and removes a receipt when its files
 * are known to be in the table. It may end anywhere, and several may be at work: the next look tells what is done.
 */
import type { Catalog } from '../iceberg/catalog.ts'
import type { CommitContext } from '../iceberg/commit.ts'
import { createManifestMerger } from '../iceberg/manifest-merger.ts'
import { createMetadataFiles } from '../iceberg/metadata-files.ts'
import { type Clock, halfwayTo, inTime } from '../iceberg/retry.ts'
import { untilAborted } from '../iceberg/waiting.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { HeldLease, Lease } from './lease.ts'
import { createPageSizes } from './page-sizes.ts'
import { type Page, pagesOf, startingAt, tableOf } from './pages.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'
import { oldestOf, type Swept, sweepPage } from './sweep-page.ts'

export interface SweepOptions {
  readonly store: ReceiptStore
  readonly catalog: Catalog
  /** The program's version, for snapshot summaries. */
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** In one commit at most. */
  readonly maxReceipts?: number
}

/** What became of the receipts that a sweep met; `owed`: the next one meets them again. */
export type SweepResult = Swept

/**
 * Sweeps once. `deadline`: milliseconds since 1970. `lease`: without it the sweep takes place whoever else is at work; with it,
 * only when nobody is and something is owed. `unavailable` where the receipts cannot be listed.
 */
export type Sweep = (deadline: number, lease?: Lease) => Promise<SweepResult>

/** Receipts in one commit. */
const defaultMaxReceipts = 10_000

/** What is left until the deadline is too short to begin another page. */
const reserveMs = 5_000

/** A sweep that keeps what it learns of tables for the next one. */
export const createSweep = (options: SweepOptions): Sweep => {
  const { store, clock, log, maxReceipts = defaultMaxReceipts } = options
  const sizes = createPageSizes(maxReceipts, clock.now)
  const contexts = new Map<string, CommitContext>()
  const contextOf = (table: string): CommitContext => {
    const context = contexts.get(table) ?? {
      ...options,
      files: createMetadataFiles(),
      merger: createManifestMerger(options),
    }
    contexts.set(table, context)
    return context
  }
  /** Where the next sweep begins: where the last one had no time left, or was at work when it was given up. */
  let begin = ''
  const pay = async (page: Page, deadline: number): Promise<Swept> => {
    const table = tableOf(page[0])
    // A table that cannot be changed must not take the time of all others.
    if (sizes.isGivenUp(table)) return untouched(page)
    const [first, ...others] = page.filter(({ key }) => !sizes.isResting(key))
    if (first === undefined) return untouched(page)
    const tried: Page = [first, ...others]
    const until = halfwayTo(deadline, clock)
    const result = await sweepPage(tried, { until, deadline }, contextOf(table), options)
    if (result.failed) sizes.learn(tried, 'failed')
    else if (result.paid > 0) sizes.learn(tried, 'paid')
    if (tried.length === page.length) return result
    return sumOf(result, untouched(page.filter(({ key }) => sizes.isResting(key))))
  }
  const sweepAll = async (
    deadline: number,
    mayGoOn: () => Promise<boolean>,
  ): Promise<SweepResult> => {
    let total = nothing
    const cut = (): SweepResult => ({ ...total, complete: false })
    sizes.begin()
    const signal = clock.signal(deadline)
    const list = untilAborted(startingAt(begin, store), signal)
    for await (const page of pagesOf(list, sizes.of)) {
      const left = deadline - clock.now()
      if (left < reserveMs) {
        if (total === nothing) tellNoTime(left, log)
        begin = page[0].key
        return cut()
      }
      if (!(await mayGoOn())) return cut()
      begin = page[0].key
      total = sumOf(total, await pay(page, deadline))
    }
    if (signal.aborted) return cut()
    begin = ''
    return total
  }
  return async (deadline, lease) => {
    let held: HeldLease | null | undefined
    const mayGoOn = async (): Promise<boolean> => {
      if (lease === undefined) return true
      if (held !== undefined) return held?.renew() ?? false
      held = await lease.take(deadline)
      return held !== null
    }
    try {
      return await sweepAll(deadline, mayGoOn)
    } finally {
      // One that is left ends by itself.
      const signal = clock.signal(Math.max(deadline, clock.now() + releaseMs))
      await inTime(held?.release() ?? Promise.resolve(), signal, () => {})
    }
  }
}

/** Milliseconds for giving a lease back, where the sweep has none left. */
const releaseMs = 500

const nothing: SweepResult = { paid: 0, quarantined: 0, owed: 0, complete: true, oldestAt: null }

const sumOf = (one: SweepResult, other: Swept): SweepResult => ({
  paid: one.paid + other.paid,
  quarantined: one.quarantined + other.quarantined,
  owed: one.owed + other.owed,
  complete: one.complete && other.complete,
  oldestAt: oldestOf([one.oldestAt, other.oldestAt]),
})

/** What failed, and has cost the others time enough. */
const untouched = (receipts: readonly ListedReceipt[]): Swept => ({
  ...nothing,
  owed: receipts.length,
  complete: false,
  oldestAt: oldestOf(receipts.map(({ modifiedAt }) => modifiedAt)),
})

const tellNoTime = (leftMs: number, log: Log): void =>
  log('warn', 'a sweep had no time to pay anything: give it more, or receipts are owed for ever', {
    leftMs,
    neededMs: reserveMs,
  })
