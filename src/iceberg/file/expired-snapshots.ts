/** Which snapshots of a table nobody needs any longer. */
import { namedSnapshots, type Snapshot, type TableMetadata } from '../table-metadata.ts'

export interface RetentionPolicy {
  /** Milliseconds: older snapshots go; `Infinity` keeps all. */
  readonly maxAgeMs: number
  /** As many of the newest stay, however old they are. */
  readonly minCount: number
}

/** Every commit writes all snapshots anew, 0.7 kB each: beyond this many they go before their time. */
const maxCount = 10_000
/**
 * But not before this: senders send again for five minutes, and queries take their time. A snapshot that is from as late as this
 * after now is as old as nobody knows; a clock that was ahead once must not keep all that come after it.
 */
const minAgeMs = 10 * 60_000

/**
 * A table's own policy: what its owner set stands above the program's ("Table properties", `history.expire.…`). Nothing is
 * removed where its owner forbids it (`gc.enabled`).
 */
export const policyOf = (
  { properties }: Pick<TableMetadata, 'properties'>,
  { maxAgeMs, minCount }: RetentionPolicy,
): RetentionPolicy =>
  properties['gc.enabled'] === 'false'
    ? { maxAgeMs: Number.POSITIVE_INFINITY, minCount }
    : {
        maxAgeMs: count(properties['history.expire.max-snapshot-age-ms']) ?? maxAgeMs,
        minCount: count(properties['history.expire.min-snapshots-to-keep']) ?? minCount,
      }

const count = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined

/**
 * The snapshots to remove at `now` (milliseconds since 1970), oldest first: never the current one, one that a branch or tag
 * names, or one after sequence number `neededSince`, in which somebody may still look for files of his.
 */
export const expiredSnapshots = (
  metadata: TableMetadata,
  policy: RetentionPolicy,
  now: number,
  neededSince: number | null,
): Snapshot[] => {
  const { maxAgeMs, minCount } = policyOf(metadata, policy)
  if (maxAgeMs === Number.POSITIVE_INFINITY) return []
  const named = namedSnapshots(metadata)
  if (metadata['current-snapshot-id'] !== null) named.add(metadata['current-snapshot-id'])
  const newestFirst = metadata.snapshots.toSorted(
    (a, b) => b['sequence-number'] - a['sequence-number'],
  )
  return newestFirst
    .filter((snapshot, newer) => {
      const age = now - snapshot['timestamp-ms']
      const isNeeded = neededSince !== null && snapshot['sequence-number'] > neededSince
      if (newer < minCount || isNeeded || named.has(snapshot['snapshot-id'])) return false
      return age > maxAgeMs || (newer >= maxCount && Math.abs(age) > minAgeMs)
    })
    .reverse()
}
