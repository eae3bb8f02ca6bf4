/** Whether files are in a table already, or were. */
import { inTurns } from '../turns.ts'
import type { LoadedTable } from './catalog.ts'
import { dataContent } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import { gone, type MetadataFiles } from './metadata-files.ts'
import { type KnownPartition, mayHold } from './partition-filter.ts'
import { currentSnapshot, type Snapshot, type TableMetadata } from './table-metadata.ts'

/** A file that is looked for. */
export interface Sought {
  readonly uuid: string
  readonly specId: number
  /** What every file with this uuid has in common. */
  readonly partition: KnownPartition
}

export interface Landed {
  /** The uuids found. */
  readonly found: ReadonlySet<string>
  /** Whether those not found cannot have been in the table: its history reaches back far enough. */
  readonly conclusive: boolean
}

/** Requests at once. */
const concurrency = 16

/**
 * Looks for data files by the uuids in their names, in `table` as it was loaded, among all that were added after sequence
 * number `lastLook`. Entries of any status count: EXISTING after a merge of manifests, DELETED after a compaction.
 *
 * A file added since then is either in the current snapshot, in a younger manifest; or a younger ancestor of
 * that snapshot removed it, which is no append and added the manifest with its DELETED entry; or only snapshots have it
 * that are no ancestors, after a rollback. So the lists of ancestors that appended, nearly all, need not be read.
 * Where `lastLook` is beyond the table's own last number, all of the table is looked at (`looksIn`).
 * `unavailable` when what the current snapshot needs cannot be read.
 */
export const landed = async (
  { metadata, io }: Pick<LoadedTable, 'metadata' | 'io'>,
  sought: readonly Sought[],
  lastLook: number,
  files: MetadataFiles,
): Promise<Landed> => {
  const since = looksIn(metadata)({ sequence: lastLook })
  const uuids = new Set(sought.map(({ uuid }) => uuid))
  const found = new Set<string>()
  if (metadata['last-sequence-number'] === since) return { found, conclusive: true }

  /** Whether the manifest could be read, if that was needed. */
  const look = async (manifest: ManifestFile): Promise<boolean> => {
    if (found.size === uuids.size) return true
    if (!sought.some((file) => mayHold(manifest, file, metadata))) return true
    const names = await files.uuids(manifest.manifest_path, io)
    for (const uuid of names ?? []) if (uuids.has(uuid)) found.add(uuid)
    return names !== null
  }
  const current = await currentManifests(metadata, since, files, io)
  await inTurns(current, concurrency, async (manifest) => {
    if (!(await look(manifest))) throw gone()
  })
  const whole = await inTurns(detours(metadata, since), concurrency, async (snapshot) => {
    if (found.size === uuids.size) return true
    const added = await files.addedBy(snapshot, io)
    if (added === null) return false
    return (await Promise.all(added.map(look))).every(Boolean)
  })
  return { found, conclusive: whole.every(Boolean) && isWhole(metadata, since, current) }
}

/**
 * The sequence number after which a file has to be looked for that a look at the table did not show. One at a state that is none
 * of the table's own is no look: an older state may have been restored, which numbers on from there, so that what was added since
 * has a lower number than the look, or its own. (An old copy looks the same. Nothing can be committed to that.)
 */
export const looksIn = (metadata: TableMetadata): ((look: Look) => number) => {
  let ids: ReadonlyMap<number, bigint> | undefined
  const idOf = (sequence: number): bigint | undefined => {
    // Thousands, and many a look names no snapshot.
    ids ??= new Map(
      metadata.snapshots.map((known) => [known['sequence-number'], known['snapshot-id']]),
    )
    return ids.get(sequence)
  }
  return ({ sequence, snapshotId }) => {
    if (sequence > metadata['last-sequence-number']) return 0
    const isOwn = snapshotId === undefined || snapshotId === (idOf(sequence) ?? snapshotId)
    return isOwn ? sequence : 0
  }
}

/** A look at a table. */
export interface Look {
  /** The table's last sequence number. */
  readonly sequence: number
  /** The snapshot of that number, where the table had it still. */
  readonly snapshotId?: bigint | undefined
}

/** A look at a table as these metadata have it. */
export const lookAt = ({
  'last-sequence-number': sequence,
  snapshots,
}: Pick<TableMetadata, 'last-sequence-number' | 'snapshots'>): Look => {
  const last = snapshots.findLast((snapshot) => snapshot['sequence-number'] === sequence)
  return { sequence, snapshotId: last?.['snapshot-id'] }
}

/** Shows none of a table's files. */
export const noLook: Look = { sequence: 0 }

/** The current snapshot's younger manifests, the youngest first: a resend comes soon. */
const currentManifests = async (
  metadata: TableMetadata,
  since: number,
  files: MetadataFiles,
  io: LoadedTable['io'],
): Promise<readonly ManifestFile[]> => {
  const current = currentSnapshot(metadata)
  if (current === null) return []
  const list = await files.list(current['manifest-list'], io)
  return list
    .filter((manifest) => manifest.content === dataContent && manifest.sequence_number > since)
    .sort((a, b) => Number(b.sequence_number - a.sequence_number))
}

/** The younger snapshots whose own manifests tell what the current list does not. */
const detours = (metadata: TableMetadata, since: number): readonly Snapshot[] => {
  const ancestors = ancestorsOf(metadata)
  const current = currentSnapshot(metadata)
  return snapshotsAfter(metadata, since).filter(
    (snapshot) =>
      snapshot !== current &&
      !(snapshot.summary?.operation === 'append' && ancestors.has(snapshot)),
  )
}

/** The current snapshot and those before it, as far as they are known without a gap. */
const ancestorsOf = (metadata: TableMetadata): ReadonlySet<Snapshot> => {
  const byId = new Map(metadata.snapshots.map((known) => [known['snapshot-id'], known]))
  const ancestors = new Set<Snapshot>()
  let next = currentSnapshot(metadata) ?? undefined
  while (next !== undefined && !ancestors.has(next)) {
    ancestors.add(next)
    next = byId.get(next['parent-snapshot-id'] ?? 0n)
  }
  return ancestors
}

const snapshotsAfter = ({ snapshots }: TableMetadata, since: number): readonly Snapshot[] =>
  snapshots.filter((snapshot) => snapshot['sequence-number'] > since)

/**
 * Whether everything that was added after `since` was looked at: each snapshot takes one sequence number, and is known; or
 * its manifest still is in the current list as it was written. Nessie shows a table's current snapshot alone. With more
 * partition specs than one, a snapshot of ours may have had another manifest, which is gone.
 */
const isWhole = (
  metadata: TableMetadata,
  since: number,
  current: readonly ManifestFile[],
): boolean => {
  const known = snapshotsAfter(metadata, since).map((snapshot) => snapshot['sequence-number'])
  const kept = metadata['partition-specs'].length === 1 ? current.filter(isAsAdded) : []
  const numbers = [...known, ...kept.map((manifest) => Number(manifest.sequence_number))]
  return new Set(numbers).size === metadata['last-sequence-number'] - since
}

/** Whether a manifest holds what its snapshot added, and nothing else. */
const isAsAdded = (manifest: ManifestFile): boolean =>
  (manifest.added_files_count ?? 0) > 0 &&
  manifest.existing_files_count === 0 &&
  manifest.deleted_files_count === 0
