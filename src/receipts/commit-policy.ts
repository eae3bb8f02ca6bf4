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

export interface CommitPolicy {
  /**
   * Whether files are committed now to a table as it is known; else a receipt is left. To be asked again of every younger
   * look at the table: of many who saw an old one together, the first alone has to commit. `isCommitting`: whether this
   * process is about to commit others.
   */
  isDue(table: Pick<LoadedTable, 'metadata' | 'metadataSize'>, isCommitting: boolean): boolean
  /** Whether a commit is due for all who take requests at once. */
  readonly isShared: boolean
}

/** Of metadata beyond this `auto` leaves all to the sweep, which commits more seldom: S3 Tables refuses 50 MB. */
const mostBytes = 32 * 1024 * 1024

/** The policy of a mode. */
export const commitPolicy = ({ mode, intervalMs, now }: CommitPolicyOptions): CommitPolicy => {
  if (mode !== 'auto') return { isDue: () => mode === 'inline', isShared: false }
  return {
    isDue({ metadata, metadataSize = 0 }, isCommitting) {
      // When they are committed the table is as young as can be.
      if (isCommitting || metadataSize > mostBytes) return false
      const newest = currentSnapshot(metadata)?.['timestamp-ms']
      // By a clock that is ahead of ours, a snapshot is young for an interval at most.
      return newest === undefined || Math.abs(now() - newest) >= intervalMs
    },
    isShared: true,
  }
}
