/** Whether files are in a table already, or were. */
import type { LoadedTable } from './catalog.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { MetadataFiles } from './metadata-files.ts'
import { currentSnapshot, type Snapshot, type TableMetadata } from './table-metadata.ts'

export interface Landed {
  /** The uuids found. */
  readonly found: ReadonlySet<string>
  /** Whether those not found cannot have been in the table: its history reaches back far enough. */
  readonly conclusive: boolean
}

/**
 * Looks for data files by the uuids in their names, in `table` as it was loaded: in every manifest that was added after
 * sequence number `since`, and in those that a retained snapshot added and that were replaced since. Entries of any status
 * count: EXISTING after a merge of manifests, DELETED after a compaction.
 */
export const landed = async (
  { metadata, io }: Pick<LoadedTable, 'metadata' | 'io'>,
  uuids: ReadonlySet<string>,
  since: number,
  files: MetadataFiles,
): Promise<Landed> => {
  const found = new Set<string>()
  const seen = new Set<string>()
  const look = async (manifests: readonly ManifestFile[]) => {
    const later = manifests.filter(
      ({ manifest_path: path, sequence_number: sequence }) =>
        sequence > BigInt(since) && !seen.has(path),
    )
    for (const { manifest_path: path } of later) seen.add(path)
    const names = await Promise.all(later.map(({ manifest_path: p }) => files.filePaths(p, io)))
    for (const uuid of uuids) {
      if (names.some((paths) => paths.some((path) => path.includes(uuid)))) found.add(uuid)
    }
  }
  const current = currentSnapshot(metadata)
  if (current !== null) await look(await files.list(current['manifest-list'], io))
  for (const snapshot of snapshotsAfter(metadata, since)) {
    if (found.size === uuids.size) break
    const own = await files.list(snapshot['manifest-list'], io)
    await look(own.filter((manifest) => manifest.added_snapshot_id === snapshot['snapshot-id']))
  }
  return { found, conclusive: isWhole(metadata, since) }
}

const snapshotsAfter = ({ snapshots }: TableMetadata, since: number): readonly Snapshot[] =>
  snapshots.filter((snapshot) => snapshot['sequence-number'] > since)

/** Every snapshot after `since` is still known: each takes one sequence number. */
const isWhole = (metadata: TableMetadata, since: number): boolean => {
  const numbers = snapshotsAfter(metadata, since).map((snapshot) => snapshot['sequence-number'])
  return new Set(numbers).size === metadata['last-sequence-number'] - since
}
