/**
 * The sweep: pays what is owed to tables, each page of a table's receipts in one commit, and removes a receipt when its files
 * are known to be in the table. It may end anywhere, and several may be at work: the next look tells what is done.
 */
import type { Catalog } from '../iceberg/catalog.ts'
import type { CommitContext } from '../iceberg/commit.ts'
import { createManifestMerger } from '../iceberg/manifest-merger.ts'
import { createMetadataFiles } from '../iceberg/metadata-files.ts'
import { type Clock, halfwayTo } from '../iceberg/retry.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { HeldLease, Lease } from './lease.ts'
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'
import { type Page, type PageResult, sweepPage } from './sweep-page.ts'

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
export type SweepResult = PageResult

/**
 * Sweeps once. `deadline`: milliseconds since 1970. `lease`: without it the sweep takes place whoever else is at work; with it,
 * only when nobody is and something is owed. `unavailable` where the receipts cannot be listed.
 */
export type Sweep = (deadline: number, lease?: Lease) => Promise<SweepResult>

/** Receipts in one commit, and their bytes: all of them are in memory at once, decoded. */
const defaultMaxReceipts = 10_000
const maxBytes = 16 * 1024 * 1024

/** What is left until the deadline is too short to begin another page. */
const reserveMs = 5_000

/** A sweep that keeps what it learns of tables for the next one. */
export const createSweep = (options: SweepOptions): Sweep => {
  const { store, clock, maxReceipts = defaultMaxReceipts } = options
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
  /** Where the last sweep had no time left. */
  let begin = ''
  const sweepAll = async (deadline: number, take: () => Promise<boolean>): Promise<SweepResult> => {
    let total = nothing
    for await (const page of pages(startingAt(begin, store), maxReceipts)) {
      const [{ key, table, tableUuid }] = page
      if (clock.now() + reserveMs > deadline) {
        begin = key
        return { ...total, complete: false }
      }
      if (!(await take())) return { ...total, complete: false }
      // A table that cannot be changed must not take the time of all others.
      const until = halfwayTo(deadline, clock)
      const counts = await sweepPage(page, until, contextOf(`${table} ${tableUuid}`), options)
      total = {
        paid: total.paid + counts.paid,
        quarantined: total.quarantined + counts.quarantined,
        owed: total.owed + counts.owed,
        complete: total.complete && counts.complete,
      }
    }
    begin = ''
    return total
  }
  return async (deadline, lease) => {
    let held: HeldLease | null | undefined
    const take = async (): Promise<boolean> => {
      if (lease === undefined) return true
      if (held === undefined) held = await lease.take(deadline)
      return held !== null
    }
    try {
      return await sweepAll(deadline, take)
    } finally {
      await held?.release()
    }
  }
}

const nothing: SweepResult = { paid: 0, quarantined: 0, owed: 0, complete: true }

/** All that is owed, from a key on, and then what is before it. */
async function* startingAt(begin: string, store: ReceiptStore): AsyncGenerator<ListedReceipt> {
  for await (const receipt of store.owed()) if (receipt.key >= begin) yield receipt
  if (begin === '') return
  for await (const receipt of store.owed()) if (receipt.key < begin) yield receipt
}

/** The list in pages of one table each. */
async function* pages(
  list: AsyncIterable<ListedReceipt>,
  maxReceipts: number,
): AsyncGenerator<Page> {
  let page: [ListedReceipt, ...ListedReceipt[]] | null = null
  let bytes = 0
  for await (const receipt of list) {
    const isNext =
      page !== null &&
      (page[0].table !== receipt.table ||
        page[0].tableUuid !== receipt.tableUuid ||
        page.length >= maxReceipts ||
        bytes + receipt.size > maxBytes)
    if (page !== null && isNext) {
      yield page
      page = null
      bytes = 0
    }
    if (page === null) page = [receipt]
    else page.push(receipt)
    bytes += receipt.size
  }
  if (page !== null) yield page
}
