/**
 * What keeps a file catalog's tables from growing for ever: old snapshots are removed from a table's metadata, and after
 * that what only they needed. Crashing anywhere leaves files that the next round finds, and several programs may do it at
 * once. Never removed: a data file, and whatever this program does not know.
 */
import { IngestError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import type { ObjectInfo, Storage } from '../../storage/storage.ts'
import type { TableCommit, TableIdentifier } from '../catalog.ts'
import { backoff, type Clock } from '../retry.ts'
import { mainBranch, type Snapshot, type TableMetadata } from '../table-metadata.ts'
import type { FileCatalog } from './catalog.ts'
import { expiredSnapshots, policyOf, type RetentionPolicy } from './expired-snapshots.ts'
import { readHint } from './hint.ts'
import { oldVersions } from './old-versions.ts'
import { unreferencedFiles } from './unreferenced-files.ts'
import { publish, tableKey, type VersionedTable } from './versions.ts'

export interface RetentionOptions {
  readonly catalog: FileCatalog
  /** Where the catalog's tables are. */
  readonly storage: Storage
  readonly policy: RetentionPolicy
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Milliseconds since 1970 from which on nothing more is begun; not given: never. */
  readonly deadline?: number | undefined
  /** How many calls to the storage the platform still allows, where it limits them. */
  readonly callsLeft?: (() => number) | undefined
}

/** What a round removed of a table. */
export interface Removed {
  readonly snapshots: number
  /** Manifests and manifest lists. */
  readonly files: number
  /** Old metadata. */
  readonly versions: number
}

const nothing: Removed = { snapshots: 0, files: 0, versions: 0 }

/** How often the removal of snapshots is tried beside writers who are faster. */
const maxAttempts = 10

/** Milliseconds after which what was seen of a table is too old to remove anything of it. */
const maxRoundMs = 60_000

/** Manifests and lists that are removed at once. */
const lanes = 8

/** Calls for looking at a table and for removing its snapshots, attempts that fail among them. */
const reservedCalls = 200

/** Whether there is time, and are calls, to begin with a table, or to remove more of one. */
export const mayGoOn = ({
  deadline = Number.POSITIVE_INFINITY,
  callsLeft,
  clock,
}: Pick<RetentionOptions, 'deadline' | 'callsLeft' | 'clock'>): boolean =>
  clock.now() < deadline && (callsLeft === undefined || callsLeft() >= reservedCalls)

/**
 * The lowest sequence number after which somebody may still look for his files in the table of that uuid; null where nobody
 * does.
 */
export type NeededSince = (tableUuid: string) => Promise<number | null>

/** Removes what has expired of a table. `IngestError` `unavailable` where that failed, at whatever point. */
export const retainTable = async (
  identifier: TableIdentifier,
  neededSince: NeededSince,
  options: RetentionOptions,
): Promise<Removed> => {
  const { storage, policy, log, metrics } = options
  const { capabilities } = storage
  const expired = await expire(identifier, neededSince, options)
  if (expired === null) return nothing
  const { table, snapshots } = expired
  tellOfClocks(table, options)
  const { maxAgeMs } = policyOf(table.metadata, policy)
  const isCleaned =
    capabilities.list && capabilities.delete && maxAgeMs !== Number.POSITIVE_INFINITY
  const removed = { snapshots, ...(isCleaned ? await clean(table, options) : noFiles) }
  const total = removed.files + removed.versions
  if (snapshots + total === 0) return removed
  metrics.count('expired_snapshots', { table: identifier.name }, snapshots)
  metrics.count('removed_metadata_files', { table: identifier.name }, total)
  log('info', 'removed what has expired', { table: identifier.name, ...removed })
  return removed
}

const noFiles = { files: 0, versions: 0 }

/** Milliseconds by which clocks may differ. */
const clockSkewMs = 10 * 60_000

/** What has a time that is still to come does not expire until then: whoever sets clocks should know. */
const tellOfClocks = (
  { identifier: { name }, metadata }: VersionedTable,
  { clock, log }: RetentionOptions,
): void => {
  const ahead = metadata['last-updated-ms'] - clock.now()
  if (ahead < clockSkewMs) return
  const message = 'a table was changed at a time that is still to come: a clock is wrong'
  log('warn', message, { table: name, aheadSeconds: Math.round(ahead / 1_000) })
}

/** Removes snapshots from the metadata: the table as it is then, and how many; null where there is no table. */
const expire = async (
  identifier: TableIdentifier,
  neededSince: NeededSince,
  { catalog, policy, clock }: RetentionOptions,
): Promise<{ table: VersionedTable; snapshots: number } | null> => {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const table = await catalog.load(identifier)
    if (table === null) return null
    const { metadata } = table
    const since = await neededSince(metadata['table-uuid'])
    const expired = expiredSnapshots(metadata, policy, clock.now(), since)
    if (expired.length === 0) return { table, snapshots: 0 }
    const outcome = await catalog.commit(table, removalOf(expired, metadata))
    if (outcome.kind === 'committed') {
      return { table: outcome.table as VersionedTable, snapshots: expired.length }
    }
    await clock.sleep(backoff(attempt))
  }
  throw new IngestError('unavailable', 'writers were faster than the removal of old snapshots')
}

const removalOf = (snapshots: readonly Snapshot[], metadata: TableMetadata): TableCommit => ({
  requirements: [
    { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
    {
      type: 'assert-ref-snapshot-id',
      ref: mainBranch,
      'snapshot-id': metadata.refs[mainBranch]?.['snapshot-id'] ?? null,
    },
  ],
  updates: [
    {
      action: 'remove-snapshots',
      'snapshot-ids': snapshots.map((snapshot) => snapshot['snapshot-id']),
    },
  ],
})

/** Removes the files that nothing refers to, and metadata of long ago. */
const clean = async (
  table: VersionedTable,
  options: RetentionOptions,
): Promise<Omit<Removed, 'snapshots'>> => {
  const { storage, clock } = options
  const key = tableKey(table.identifier)
  const objects = await Array.fromAsync(storage.list(`${key}/metadata/`))
  // Loading stands on the hint where versions are missing.
  if (((await readHint(storage, key)) ?? 0) < table.version) {
    await publish(storage, key, table)
  }
  const isOver = () => clock.now() - table.loadedAt > maxRoundMs || !mayGoOn(options)
  const files = await unreferencedFiles(table, objects)
  return {
    files: await removeAll(files, lanes, isOver, storage),
    // One after the other: see `isFirst` in swap.ts, which relies on the order.
    versions: await removeAll(oldVersions(table, objects), 1, isOver, storage),
  }
}

/** Removes objects in their order, so many at once, until they are gone or it is over; how many. */
const removeAll = async (
  objects: readonly ObjectInfo[],
  lanes: number,
  isOver: () => boolean,
  storage: Storage,
): Promise<number> => {
  let removed = 0
  for (let at = 0; at < objects.length && !isOver(); at += lanes) {
    const batch = objects.slice(at, at + lanes)
    await Promise.all(batch.map(({ key }) => storage.delete(key)))
    removed += batch.length
  }
  return removed
}
