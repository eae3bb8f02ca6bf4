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
import { affordableReceipts, type CallsLeft } from './calls.ts'
import type { HeldLease, Lease } from './lease.ts'
import { triedIn } from './page-sizes.ts'
import {
  type Backlog,
  oldestFirst,
  type Page,
  pagesOf,
  restingApart,
  startingAt,
  tableOf,
} from './pages.ts'
import { type ListedReceipt, type ReceiptStore, slowList } from './receipt-store.ts'
import { createSweepMemories, type SweepMemory } from './sweep-memory.ts'
import type { SweepNotes } from './sweep-notes.ts'
import { oldestOf, type Swept, sweepPage } from './sweep-page.ts'

export interface SweepOptions {
  readonly store: ReceiptStore
  readonly notes: SweepNotes
  readonly catalog: Catalog
  /** The program's version, for snapshot summaries. */
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** In one commit at most. */
  readonly maxReceipts?: number
  /** How many calls to a storage or a catalog the platform still allows, where it limits them. */
  readonly callsLeft?: CallsLeft
}

/** What became of the receipts that a sweep met; `owed`: the next one meets them again. */
export type SweepResult = Swept

/**
 * Sweeps once. `deadline`: milliseconds since 1970. `lease`: without it the sweep takes place whoever else is at work; with it,
 * only when nobody is and something is owed. `unavailable` where none of the receipts can be listed.
 */
export type Sweep = (deadline: number, lease?: Lease) => Promise<SweepResult>

/** Receipts in one commit. */
const defaultMaxReceipts = 10_000

/** Pages of a table whose receipts are held at once; what is younger is listed again after them. */
const maxPages = 5

/** What is left until the deadline is too short to begin another page. */
const reserveMs = 5_000

/**
 * Why a listing was all; `more`: some were left out, `list`: it was not read to its end, `turn`: another sweeps, `late`: there
 * was no time for anything.
 */
type End = 'done' | 'more' | 'list' | 'time' | 'late' | 'calls' | 'turn'

/** One sweep. */
interface Sweeping {
  readonly memory: SweepMemory
  readonly deadline: number
  /** Whether it is still this sweep's turn. */
  readonly inTurn: () => Promise<boolean>
  /** Of each table the youngest that it met. */
  readonly met: Map<string, ListedReceipt>
}

/** A sweep that goes on with what those before it learned of tables. */
export const createSweep = (options: SweepOptions): Sweep => {
  const { clock, log, maxReceipts = defaultMaxReceipts } = options
  const affordable = () => affordableReceipts(options.callsLeft)
  const memoryOfOne = createSweepMemories(options.notes, maxReceipts, clock.now)
  const list = createLister(options, maxPages * maxReceipts)
  const pay = createPayer(options)
  const sweepListed = async ({
    memory,
    deadline,
    inTurn,
    met,
  }: Sweeping): Promise<SweepResult & { readonly end: End }> => {
    let total = nothing
    let end = undefined as End | undefined
    const mayGoOn = async (): Promise<boolean> => {
      if (deadline - clock.now() < reserveMs) end = 'time'
      else if (affordable() < leastReceipts) end = 'calls'
      else if (!(await inTurn())) end = 'turn'
      return end === undefined
    }
    // However long a list is, something of it is paid.
    const signal = clock.signal(halfwayTo(deadline, clock))
    const { tables, more, failure } = await list(signal, mayGoOn, met)
    if (tables.length > 0) await memory.recall(deadline)
    const sizeOf = (table: string): number => Math.min(memory.sizes.of(table), affordable())
    const { ordered, left } = orderOf(tables, memory)
    total = untouched(left)
    let hasTried = false
    for (const page of pagesOf(ordered, sizeOf)) {
      if (end === undefined && !(await mayGoOn())) memory.beginNextAt(tableOf(page[0]))
      const isTried = end === undefined
      total = sumOf(total, isTried ? await pay(page, ordered, memory, deadline) : untouched(page))
      hasTried ||= isTried
    }
    if (end !== undefined) return { ...total, end: hasTried || end !== 'time' ? end : 'late' }
    memory.beginNextAt('')
    for (const receipts of tables) met.set(tableOf(receipts[0]), receipts.at(-1) ?? receipts[0])
    return { ...total, end: failure !== undefined ? 'list' : more ? 'more' : 'done' }
  }
  const sweepAll = async (memory: SweepMemory, deadline: number, inTurn: Sweeping['inTurn']) => {
    const sweeping = { memory, deadline, inTurn, met: new Map<string, ListedReceipt>() }
    for (let total = nothing; ; ) {
      const { end, ...round } = await sweepListed(sweeping)
      total = sumOf(total, round)
      if (end !== 'more') return { ...total, complete: total.complete && end === 'done', end }
    }
  }
  return async (deadline, lease) => {
    const turn = turnOf(lease, deadline)
    const memory = memoryOfOne()
    let ended: End | undefined
    try {
      const { end, ...result } = await sweepAll(memory, deadline, turn.mine)
      ended = end
      tellEnd(end, result, deadline - clock.now(), log)
      return result
    } finally {
      const until = Math.max(deadline, clock.now() + endMs)
      // Who took the lease over has notes of his own there.
      if (ended !== 'turn') await memory.leave(until)
      // One that is left ends by itself.
      await inTime(turn.release(), clock.signal(until), () => {})
    }
  }
}

/**
 * Lists the oldest that are owed, until the signal aborts, and tells of what kept it from the end; of what lies among receipts
 * and is none, too, once, where nothing was met before. `mayBegin` and `met`: of `oldestFirst`.
 */
const createLister = ({ store, log }: SweepOptions, most: number) => {
  let told = 0
  return async (
    signal: AbortSignal,
    mayBegin: () => Promise<boolean>,
    met: ReadonlyMap<string, ListedReceipt>,
  ): Promise<Backlog> => {
    let [strangers, example, isMine] = [0, '', true]
    const stranger = (key: string): void => {
      if (strangers++ === 0) example = key
    }
    const mayGoOn = async (): Promise<boolean> => {
      isMine = await mayBegin()
      return isMine
    }
    const backlog = await oldestFirst(
      untilAborted(store.owed(stranger), signal),
      most,
      mayGoOn,
      met,
    )
    const failure = signal.aborted ? slowList() : backlog.failure
    const isAnything = backlog.tables.length + met.size > 0
    // What answers nothing at all is not to pass for a place where nothing is owed.
    if (failure !== undefined && isMine && !isAnything) throw failure
    if (failure !== undefined) log('warn', brokenOff, { error: failure })
    // Once: they stay until somebody does something about them.
    if (strangers > told && met.size === 0) {
      told = strangers
      log('warn', noReceipts, { objects: strangers, example })
    }
    return { ...backlog, failure }
  }
}

const brokenOff =
  'receipts could not be listed to the end: the next sweep may meet what this one did not'
const noReceipts = 'objects among the receipts are none of this version: nobody pays them'

/** Pays a page of these tables, and learns from what becomes of it. */
const createPayer = (options: SweepOptions) => {
  const { clock } = options
  const contextOf = createContexts(options)
  return async (
    page: Page,
    tables: readonly Page[],
    { sizes, trying }: SweepMemory,
    deadline: number,
  ): Promise<Swept> => {
    const table = tableOf(page[0])
    // A table that cannot be changed must not take the time of all others.
    if (sizes.isGivenUp(table)) return untouched(page)
    await trying(page, tables, deadline)
    const until = halfwayTo(deadline, clock)
    const result = await sweepPage(page, { until, deadline }, contextOf(table), options)
    if (result.hindrance !== null) sizes.learn(triedIn(page), result.hindrance)
    else if (result.paid > 0) sizes.learn(triedIn(page), 'paid')
    return result
  }
}

/**
 * What is tried, in its order, and what is left. Those that rest are tried where nobody has to wait for them: last, when
 * nothing else of their table is owed; and not right after a sweep that ended amid a page, so that one of them does end, and
 * tells what is owed.
 */
const orderOf = (tables: readonly Page[], memory: SweepMemory) => {
  const { awake, asleep, left } = restingApart(
    startingAt(memory.firstTable(), tables),
    memory.sizes.isResting,
  )
  return memory.wasCut()
    ? { ordered: awake, left: [...left, ...asleep.flat()] }
    : { ordered: [...awake, ...asleep], left }
}

/** What a commit needs, and what is known of its table. */
const createContexts = (options: SweepOptions): ((table: string) => CommitContext) => {
  const contexts = new Map<string, CommitContext>()
  return (table) => {
    const context = contexts.get(table) ?? {
      ...options,
      files: createMetadataFiles(),
      merger: createManifestMerger(options),
    }
    contexts.set(table, context)
    return context
  }
}

/** Receipts for which a commit is worth while, where there are no calls left for more. */
const leastReceipts = 50

/** The lease, taken when it is asked for whose turn it is. Without one it is everybody's. */
const turnOf = (lease: Lease | undefined, deadline: number) => {
  let held: HeldLease | null | undefined
  return {
    async mine(): Promise<boolean> {
      if (lease === undefined) return true
      if (held !== undefined) return held?.renew() ?? false
      held = await lease.take(deadline)
      return held !== null
    },
    release: async (): Promise<void> => held?.release(),
  }
}

/** Milliseconds for leaving notes and giving a lease back, where the sweep has none left. */
const endMs = 500

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
  complete: receipts.length === 0,
  oldestAt: oldestOf(receipts.map(({ modifiedAt }) => modifiedAt)),
})

const tellEnd = (end: End, swept: Swept, leftMs: number, log: Log): void => {
  const { paid, quarantined } = swept
  if (end === 'calls') {
    log('info', 'a sweep ends before its platform allows it no more calls: the next one goes on', {
      paid,
    })
  }
  if (end === 'late' && paid + quarantined === 0) {
    const message =
      'a sweep had no time to pay anything: give it more, or receipts are owed for ever'
    log('warn', message, { leftMs, neededMs: reserveMs })
  }
}
