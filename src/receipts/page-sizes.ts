/**
 * How many receipts of each table are paid in one commit. All that are at hand, until a commit fails: the next is half as large,
 * down to a single receipt, and one that fails alone rests for a while. So what cannot be committed, or not in the time that there
 * is, holds up no others for ever.
 */
import { type Page, tableOf } from './pages.ts'

export interface PageSizes {
  /** A sweep begins: tables that failed are tried again. */
  begin(): void
  /** The most receipts in a table's next page. */
  of(table: string): number
  learn(page: Page, outcome: 'paid' | 'failed'): void
  /** Whether a table failed so often in this sweep that what is left of the time is for others. */
  isGivenUp(table: string): boolean
  /** Whether a receipt failed alone, a while ago at most. */
  isResting(key: string): boolean
}

/** Pages that failed in one sweep. Each may take half of the time that is left. */
const maxFailures = 2

/** Milliseconds for which a receipt rests. */
const restMs = 600_000

interface Setback {
  /** Receipts in the first page of a sweep: what stands there fails again each time. */
  first: number
  /** In the next page. */
  next: number
  /** In this sweep. */
  failures: number
}

/** `most`: receipts in a page at most; `now`: milliseconds since 1970. */
export const createPageSizes = (most: number, now: () => number): PageSizes => {
  // Of tables that failed lately: all others have the most.
  const setbacks = new Map<string, Setback>()
  const restUntil = new Map<string, number>()
  return {
    begin() {
      for (const [table, one] of setbacks) {
        if (one.failures === 0) one.first = Math.min(most, one.first * 2)
        one.next = one.first
        one.failures = 0
        if (one.first === most) setbacks.delete(table)
      }
      for (const [key, time] of restUntil) if (now() >= time) restUntil.delete(key)
    },
    of: (table) => setbacks.get(table)?.next ?? most,
    learn(page, outcome) {
      const table = tableOf(page[0])
      const before = setbacks.get(table)
      if (outcome === 'failed') {
        const half = Math.max(1, Math.floor(page.length / 2))
        setbacks.set(table, { first: half, next: half, failures: (before?.failures ?? 0) + 1 })
        if (page.length === 1) restUntil.set(page[0].key, now() + restMs)
      } else if (before !== undefined) before.next = Math.min(most, before.next * 2)
    },
    isGivenUp: (table) => (setbacks.get(table)?.failures ?? 0) >= maxFailures,
    isResting: (key) => now() < (restUntil.get(key) ?? 0),
  }
}
