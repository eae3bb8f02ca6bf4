/** How large a table's metadata is: every commit reads and writes all of it, and catalogs refuse it one day. */
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { LoadedTable } from './catalog.ts'

/** A third of what S3 Tables takes. */
const warnBytes = 16 * 1024 * 1024

/** Tells of a table's metadata whenever it was loaded; a warning once when it has become large. */
export const createSizeTeller = ({
  log,
  metrics,
}: {
  readonly log: Log
  readonly metrics: Metrics
}): ((table: LoadedTable) => void) => {
  let isWarned = false
  return ({ identifier: { name: table }, metadata, metadataSize: bytes }) => {
    if (bytes === undefined) return
    metrics.gauge('metadata_bytes', bytes, { table })
    const isLarge = bytes > warnBytes
    if (isLarge && !isWarned) {
      const message = "a table's metadata is large: commit more seldom, or keep fewer snapshots"
      log('warn', message, { table, bytes, snapshots: metadata.snapshots.length })
    }
    isWarned = isLarge
  }
}
