/** What opens the place where rows go, and what it gives. */
import type { Config } from '../../src/config.ts'
import type { VersionedTable } from '../../src/iceberg/file/versions.ts'
import type { Destination } from '../../src/ingest/destination.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'
import type { CommitClaims } from '../../src/receipts/commit-claims.ts'
import type { OpenReceipts } from './receipts.ts'

export interface DestinationOptions {
  readonly config: Config
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
  /** Receipts that one commit of a sweep pays at most, where the platform allows few calls. */
  readonly maxReceipts?: number
  /** How many calls the platform still allows, where it limits them: a sweep, and a round of retention, end before. */
  readonly callsLeft?: () => number
  /** Of all destinations that share a memory, where there are several. */
  readonly claims?: CommitClaims
  /** Tables of a file catalog as they were last seen, the same. */
  readonly lastSeen?: Map<string, VersionedTable>
}

/** Where this configuration sends rows to. */
export interface OpenDestination {
  readonly to: (encoder: Encoder) => Destination
  /** Resolves when rows could be stored now. */
  readonly ready: () => Promise<void>
  /** Asks a catalog what the first request would ask it for otherwise; where there is one to ask. */
  readonly prefetch?: () => Promise<void>
  /**
   * Makes every table that is not there yet, and looks whether its files can be reached; where there are tables. It is worked at
   * until `deadline`, milliseconds since 1970.
   */
  readonly prepare?: (deadline: number) => Promise<void>
  /** What is left for later, and paid then; where there is a place for it. */
  readonly receipts?: OpenReceipts
  /** Removes what has expired; there where nobody else does it. `deadline`: milliseconds since 1970, after which the rest waits. */
  readonly retain?: (deadline?: number) => Promise<void>
}
