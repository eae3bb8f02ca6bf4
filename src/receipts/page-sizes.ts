/**
 * How many receipts of each table are paid in one commit. All that are at hand, until a commit fails: the next is half as large,
 * down to a single receipt, and one that fails alone rests for a while. So what cannot be committed, or not in the time that there
 * is, holds up no others for ever.
 */
import { type Page, tableOf } from './pages.ts'
import type { Notes, Tried } from './sweep-notes.ts'

/** What of the notes is about sizes. */
export type SizeNotes = Pick<Notes, 'tables' | 'resting'>

export interface PageSizes {
  /** A sweep begins: tables that failed are tried again. `notes`: those of the last one, where it is not known from here. */
  begin(notes: Notes | null): void
  /** The most receipts in a table's next page. */
  of(table: string): number
  /** `throttled`: the catalog was asked too often, which says nothing of the page. */
  learn(page: Tried, outcome: 'paid' | 'failed' | 'throttled'): void
  /** Whether what is left of this sweep's time is for other tables: this one failed too often, or was throttled. */
  isGivenUp(table: string): boolean
  /** Whether a receipt failed alone, a while ago at most. */
  isResting(key: string): boolean
  /** What the next sweep has to know. */
  notes(): SizeNotes
}

/** Pages that failed in one sweep. Each may take half of the time that is left. */
const maxFailures = 2

/** Milliseconds for which a receipt rests. */
const restMs = 600_000

interface SetbackNow {
  /** Receipts in the first page of a sweep: what stands there fails again each time. */
  first: number
  /** In the next page. */
  next: number
  /** In this sweep. */
  failures: number
}

/** As much of a page as there is to be learned from. */
export const triedIn = (page: Page): Tried => ({
  table: tableOf(page[0]),
  receipts: page.length,
  first: page[0].key,
})

/** `most`: receipts in a page at most; `now`: milliseconds since 1970. */
export const createPageSizes = (most: number, now: () => number): PageSizes => {
  // Of tables that failed lately: all others have the most.
  const setbacks = new Map<string, SetbackNow>()
  const restUntil = new Map<string, number>()

  const adopt = ({ tables, resting, tried }: Notes): void => {
    setbacks.clear()
    restUntil.clear()
    for (const [table, { first, failed }] of tables) {
      const size = Math.min(most, first)
      setbacks.set(table, { first: size, next: size, failures: failed ? 1 : 0 })
    }
    // However wrong the clock was by which they were set.
    const latest = now() + restMs
    for (const [key, time] of resting) restUntil.set(key, Math.min(time, latest))
    if (tried !== null) fail(tried)
  }
  const fail = ({ table, receipts, first }: Tried): void => {
    const half = Math.max(1, Math.floor(receipts / 2))
    const failures = (setbacks.get(table)?.failures ?? 0) + 1
    setbacks.set(table, { first: half, next: half, failures })
    if (receipts === 1) restUntil.set(first, now() + restMs)
  }
  const giveUp = (table: string): void => {
    const setback = setbacks.get(table) ?? { first: most, next: most }
    setbacks.set(table, { ...setback, failures: maxFailures })
  }
  return {
    begin(notes) {
      if (notes !== null) adopt(notes)
      for (const [table, one] of setbacks) {
        if (one.failures === 0) one.first = Math.min(most, one.first * 2)
        one.next = one.first
        one.failures = 0
        if (one.first === most) setbacks.delete(table)
      }
      for (const [key, time] of restUntil) if (now() >= time) restUntil.delete(key)
      // Where one receipt is too much for a sweep, another of its table may be, too: the others have this one for themselves.
      if (notes?.tried?.receipts === 1) giveUp(notes.tried.table)
    },
    of: (table) => setbacks.get(table)?.next ?? most,
    learn(page, outcome) {
      if (outcome === 'failed') return fail(page)
      if (outcome === 'throttled') return giveUp(page.table)
      const setback = setbacks.get(page.table)
      if (setback !== undefined) setback.next = Math.min(most, setback.next * 2)
    },
    isGivenUp: (table) => (setbacks.get(table)?.failures ?? 0) >= maxFailures,
    isResting: (key) => now() < (restUntil.get(key) ?? 0),
    notes: () => ({
      tables: new Map(
        [...setbacks].map(([table, { first, failures }]) => [
          table,
          { first, failed: failures > 0 },
        ]),
      ),
      resting: restUntil,
    }),
  }
}
