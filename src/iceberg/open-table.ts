/** A table as it was known lately. */
import { IngestError, OutdatedFilesError } from '../errors.ts'
import type { Catalog, LoadedTable, TableCreation, TableIdentifier } from './catalog.ts'
import { type Clock, inTime } from './retry.ts'
import { singleFlight } from './waiting.ts'

export interface OpenTableOptions {
  readonly catalog: Catalog
  readonly identifier: TableIdentifier
  /** What the table is made of when there is none. */
  readonly creation: TableCreation
  /** Makes a table that was loaded fit to be written to; `unavailable` when it cannot be. */
  readonly makeFit?: (table: LoadedTable) => Promise<LoadedTable>
  readonly clock: Clock
  /** Told of the table whenever it was loaded. */
  readonly seen?: (table: LoadedTable) => void
  /** Milliseconds for which what is known serves. */
  readonly freshMs?: number
}

export interface OpenTable {
  /** What is known of the table, if that is not too old; else it is loaded, and made when there is none. */
  open(): Promise<LoadedTable>
  /**
   * Loads the table, and makes it where there is none, even where one was known: whoever asks for that has a reason.
   * `deadline`: milliseconds since 1970, until when it is worked at, since nobody else waits for it.
   */
  prepare(deadline: number): Promise<LoadedTable>
  /** The table as it is now. */
  reload(): Promise<LoadedTable>
  /** What is known, however old, if it is the same table as `table`; else that. */
  latest(table: LoadedTable): LoadedTable
  /** Whether another table is known to be in its place. */
  isReplaced(table: LoadedTable): boolean
  /** The table as it is after a change of ours. */
  learn(table: LoadedTable): void
  /** Has it loaded anew. */
  forget(): void
}

/** For a table that requests wait for, all of them together, whatever time each of them has. */
const openMs = 5_000

/** Metadata older than this is loaded anew: the table may have been changed by somebody, or be gone. */
const defaultFreshMs = 300_000

/** Keeps a table. */
export const createOpenTable = (options: OpenTableOptions): OpenTable => {
  const { catalog, identifier, creation, clock, makeFit = async (table) => table } = options
  const { freshMs = defaultFreshMs } = options
  const maxAgeMs = Math.min(freshMs, (catalog.maxMetadataAgeMs ?? freshMs) / 2)
  let known: LoadedTable | null = null
  let wasSeen = false

  const learn = (table: LoadedTable): void => {
    // Every request opens the table; nothing of it is new then.
    if (table === known) return
    options.seen?.(table)
    if (known === null || !isSame(known, table) || isLater(table, known, maxAgeMs)) known = table
  }
  const load = async (deadline: number, isAsked: boolean): Promise<LoadedTable> => {
    const signal = clock.signal(deadline)
    const table = await catalog.load(identifier, { signal })
    // Whoever dropped or renamed it meanwhile had a reason: a table is made once, unless one is asked for.
    if (table === null && wasSeen && !isAsked) throw lost(identifier.name)
    const there = table ?? (await catalog.create(identifier, creation, { signal }))
    wasSeen = true
    return fitted(there)
  }
  const fitted = async (table: LoadedTable): Promise<LoadedTable> => {
    try {
      const fit = await makeFit(table)
      learn(fit)
      return fit
    } catch (error) {
      // Whoever mends it should not have to wait for us.
      known = null
      throw error
    }
  }

  const loadBy = (deadline: number, isAsked: boolean): Promise<LoadedTable> =>
    inTime(load(deadline, isAsked), clock.signal(deadline), late)
  const loadOnce = singleFlight(() => loadBy(clock.now() + openMs, false))

  return {
    async open() {
      // A commit's answer may show what somebody else made of the table meanwhile.
      if (known !== null && clock.now() - known.loadedAt < maxAgeMs) return fitted(known)
      return loadOnce()
    },
    prepare: (deadline) => loadBy(deadline, true),
    reload: loadOnce,
    latest: (table) => (known !== null && isSame(known, table) ? known : table),
    isReplaced: (table) => known !== null && !isSame(known, table),
    learn,
    forget() {
      known = null
    },
  }
}

const isSame = (one: LoadedTable, other: LoadedTable): boolean =>
  one.metadata['table-uuid'] === other.metadata['table-uuid']

/**
 * Whether a look shows a table as it was after another look at it. One with a lower number began before our last change, or
 * is an old copy's; after so long it is neither: an older state was restored. Should it be an old copy's after all, commits that
 * build on it fail, and search more than they need to.
 */
const isLater = (table: LoadedTable, other: LoadedTable, maxAgeMs: number): boolean =>
  sequence(other) <= sequence(table) || table.loadedAt - other.loadedAt >= maxAgeMs

const sequence = ({ metadata }: LoadedTable): number => metadata['last-sequence-number']

const lost = (name: string): IngestError =>
  new OutdatedFilesError(`table ${name} is gone: make it again, or restart to have it made`)

const late = (): Promise<never> =>
  Promise.reject(new IngestError('unavailable', 'the catalog takes too long to load a table'))
