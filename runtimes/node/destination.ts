/** What opens the place where rows go, and what it gives. */
import type { Config } from '../../src/config.ts'
import type { Destination } from '../../src/ingest/destination.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'

export interface DestinationOptions {
  readonly config: Config
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
}

/** Where this configuration sends rows to. */
export interface OpenDestination {
  readonly to: (encoder: Encoder) => Destination
  /** Resolves when rows could be stored now. */
  readonly ready: () => Promise<void>
  /** Makes every table that is not there yet; where there are tables. */
  readonly prepare?: () => Promise<void>
  /** Removes what has expired; there where nobody else does it. */
  readonly retain?: () => Promise<void>
}
