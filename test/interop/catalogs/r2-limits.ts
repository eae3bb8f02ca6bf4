/** How often R2 Data Catalog takes what is asked of it ("Limits", rate limits; its documentation of autumn 2026). */

/** What changes something, by the specification's names. */
export type Write = 'createNamespace' | 'createTable' | 'updateTable'

/** In one window of 60 seconds. */
const most = { all: 120, createTable: 10, createNamespace: 20, updateTable: 20 } as const

/** Whether a write is within the limits; one that is counts. `table`: what is written to. */
export type Admit = (write: Write, table: string) => boolean

/**
 * Counts writes in every window of `minuteMs`: what fails otherwise counts, too; what was refused does not. Cloudflare does not
 * tell which windows it looks at; a limit that holds in every one holds in its own.
 */
export const createLimits = (minuteMs: number, now = Date.now): Admit => {
  const taken = new Map<string, number[]>()
  const recent = (name: string): number[] => {
    const kept = (taken.get(name) ?? []).filter((at) => at > now() - minuteMs)
    taken.set(name, kept)
    return kept
  }
  return (write, table) => {
    const own = write === 'updateTable' ? `updateTable ${table}` : write
    const isFull = recent('all').length >= most.all || recent(own).length >= most[write]
    if (!isFull) for (const name of ['all', own]) recent(name).push(now())
    return !isFull
  }
}
