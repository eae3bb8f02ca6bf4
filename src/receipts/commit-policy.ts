/** When a request's files are committed at once, and when a receipt is left for the sweep. */
import type { LoadedTable } from '../iceberg/catalog.ts'
import { currentSnapshot } from '../iceberg/table-metadata.ts'

/**
 * - `inline`: every request
 * - `deferred`: none
 * - `auto`: one whose table was not changed for an interval. A quiet table shows rows at once; a busy one gets a bounded
 *   number of snapshots, however many requests and processes there are
 */
export type CommitMode = 'auto' | 'inline' | 'deferred'

export interface CommitPolicyOptions {
  readonly mode: CommitMode
  /** The least time between snapshots in `auto`. */
  readonly intervalMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A table as it was loaded. */
type Look = Pick<LoadedTable, 'metadata' | 'metadataSize' | 'loadedAt'>

export interface CommitPolicy {
  /**
   * Whether files are committed now to a table as it is known; else a receipt is left. To be asked again of every younger
   * look at the table: of many who saw an old one together, the first alone has to commit. `isCommitting`: whether this
   * process is about to commit others.
   */
  isDue(table: Look, isCommitting: boolean): boolean
  /** Whether a commit is due for all who take requests at once. */
  readonly isShared: boolean
}

/** Of metadata beyond this `auto` leaves all to the sweep, which commits more seldom: S3 Tables refuses 50 MB. */
const mostBytes = 32 * 1024 * 1024

/** The policy of a mode. */
export const commitPolicy = ({ mode, intervalMs, now }: CommitPolicyOptions): CommitPolicy => {
  if (mode !== 'auto') return { isDue: () => mode === 'inline', isShared: false }
  const madeAt = createSightings(intervalMs, now)
  return {
    isDue(table, isCommitting) {
      const newest = madeAt(table)
      // When they are committed the table is as young as can be.
      if (isCommitting || (table.metadataSize ?? 0) > mostBytes) return false
      // At the first look by a clock that is far ahead of ours, or behind: of what comes then the time is known.
      return newest === undefined || Math.abs(now() - newest) >= intervalMs
    },
    isShared: true,
  }
}

/** A table's current snapshot, as this process saw it. */
interface Sighting {
  readonly snapshotId: bigint | undefined
  /** When it was made. */
  readonly at: number | undefined
  /** When it was current still. */
  readonly lookedAt: number
}

/**
 * Tells when a table's current snapshot was made, in milliseconds since 1970 by our own clock; undefined where there is none. Whoever
 * made it may have a clock that is wrong, or the one who made those before, since no snapshot is older than its parent: so its
 * own time counts only within the looks between which it came. A busy table would get a commit for each request otherwise, for as
 * long as its newest snapshot is of a time to come, or our clock is behind.
 */
const createSightings = (
  intervalMs: number,
  now: () => number,
): ((look: Look) => number | undefined) => {
  const sightings = new Map<string, Sighting>()
  return ({ metadata, loadedAt }) => {
    const newest = currentSnapshot(metadata)
    const [snapshotId, told] = [newest?.['snapshot-id'], newest?.['timestamp-ms']]
    const last = sightings.get(metadata['table-uuid'])
    // Of a time to come is what our clock said before it was put back.
    const isPast = last !== undefined && last.lookedAt <= now()
    const see = (at: number | undefined, lookedAt: number): number | undefined => {
      sightings.set(metadata['table-uuid'], { snapshotId, at, lookedAt })
      return at
    }
    if (last === undefined) return see(told, loadedAt)
    if (last.snapshotId === snapshotId) {
      return see(last.at, isPast ? Math.max(last.lookedAt, loadedAt) : loadedAt)
    }
    // An older look than the last, or an old copy's.
    if (isPast && loadedAt < last.lookedAt) return last.at
    // A commit takes a while from when its time is taken until it is there.
    const isTrue =
      told !== undefined && told <= loadedAt && told >= last.lookedAt - intervalMs && isPast
    return see(isTrue ? Math.max(told, last.lookedAt) : told && loadedAt, loadedAt)
  }
}
