/** What a sweep knows of those before it: by their notes or, where these are out of reach, by what its own process saw. */
import { createPageSizes, type PageSizes, triedIn } from './page-sizes.ts'
import { type Page, tableOf } from './pages.ts'
import type { SweepNotes } from './sweep-notes.ts'

/** `deadline`: the sweep's, in milliseconds since 1970. */
export interface SweepMemory {
  readonly sizes: Omit<PageSizes, 'begin' | 'notes'>
  /** Something is owed: what the last sweep left is read, once in a sweep. Never throws. */
  recall(deadline: number): Promise<void>
  /** Whether the sweep before ended amid a page. */
  wasCut(): boolean
  /** The table with which a sweep begins; '' where it is that with the oldest receipt. */
  firstTable(): string
  /** The next sweep begins with this table: for it there was no time, or no call. */
  beginNextAt(table: string): void
  /**
   * Notes that a page is going to be tried, so that the next sweep learns from this one even if it ends without a word: it has
   * failed then, and the other tables come first. Never throws.
   */
  trying(page: Page, tables: readonly Page[], deadline: number): Promise<void>
  /** The sweep ends, and what the next has to know is noted. Never throws. */
  leave(deadline: number): Promise<void>
}

/**
 * The memory of each sweep of a process; two may be at work at once. `maxReceipts`: in a page at most; `now`: milliseconds since
 * 1970.
 */
export const createSweepMemories = (
  notes: SweepNotes,
  maxReceipts: number,
  now: () => number,
): (() => SweepMemory) => {
  const seen = { sizes: createPageSizes(maxReceipts, now), firstTable: '' }
  return () => memoryOf(seen, notes)
}

/** `seen`: by all sweeps of the process. */
const memoryOf = (
  seen: { readonly sizes: PageSizes; firstTable: string },
  notes: SweepNotes,
): SweepMemory => {
  const { sizes } = seen
  let [hasRecalled, wasCut] = [false, false]
  return {
    sizes,
    async recall(deadline) {
      if (hasRecalled) return
      hasRecalled = true
      const left = await notes.read(deadline)
      if (left !== null) seen.firstTable = left.firstTable
      wasCut = left !== null && left.tried !== null
      sizes.begin(left)
    },
    wasCut: () => wasCut,
    firstTable: () => seen.firstTable,
    beginNextAt(table) {
      seen.firstTable = table
    },
    trying(page, tables, deadline) {
      const firstTable = tableAfter(page, tables)
      return notes.write({ firstTable, tried: triedIn(page), ...sizes.notes() }, deadline)
    },
    async leave(deadline) {
      if (!hasRecalled) return
      const { firstTable } = seen
      await notes.write({ firstTable, tried: null, ...sizes.notes() }, deadline)
    },
  }
}

/** The table that comes after a page's own. */
const tableAfter = ([first]: Page, tables: readonly Page[]): string => {
  const at = tables.findIndex(([one]) => tableOf(one) === tableOf(first))
  const [next = first] = tables[(at + 1) % tables.length] ?? []
  return tableOf(next)
}
