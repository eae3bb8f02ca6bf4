/** Which manifests and manifest lists of a table nothing refers to any longer, nor ever will again. */
import { IngestError } from '../../errors.ts'
import type { ObjectInfo } from '../../storage/storage.ts'
import { type ManifestFile, readManifestList } from '../manifest-list.ts'
import { currentSnapshot, namedSnapshots, type Snapshot } from '../table-metadata.ts'
import type { VersionedTable } from './versions.ts'

/**
 * How much older than the oldest snapshot that is kept. Since such a file was written others have committed, so that nobody's
 * compare-and-swap with it can succeed any longer; and who loaded a snapshot just before it expired reads it for as long.
 */
const marginMs = 24 * 3_600_000

/**
 * Of the objects in a table's metadata folder the lists and manifests that may go: those of expired snapshots, and those of
 * attempts that came to nothing. `IngestError` `unavailable` when a list is missing that should be there.
 *
 * A manifest is older than every snapshot that is kept, or it is kept itself. Then a snapshot that has it has it from its
 * parent; so the lists of those whose parent is gone name all that are needed. Files are known by their names, which hold
 * a UUID: writers spell the folders before it differently.
 *
 * A snapshot is no younger than its list in the storage: the time in the metadata is that of its writer's clock, and one that was
 * ahead by a year would make everything old that is written until then.
 */
export const unreferencedFiles = async (
  table: VersionedTable,
  objects: readonly ObjectInfo[],
): Promise<ObjectInfo[]> => {
  const times = new Map(objects.map(({ key, modifiedAt }) => [nameOf(key), modifiedAt]))
  const writtenAt = (snapshot: Snapshot) => {
    const time = times.get(nameOf(snapshot['manifest-list']))
    return time && Math.min(time, snapshot['timestamp-ms'])
  }
  const oldest = oldestOf(table, writtenAt)
  const old = objects.filter(
    ({ key, modifiedAt = Number.NaN }) => key.endsWith('.avro') && modifiedAt < oldest - marginMs,
  )
  if (old.length === 0) return []
  const { snapshots } = table.metadata
  const kept = new Set(snapshots.map((snapshot) => nameOf(snapshot['manifest-list'])))
  for (const snapshot of snapshotsToRead(table, writtenAt)) {
    for (const { manifest_path: path } of await manifestsOf(snapshot, table)) kept.add(nameOf(path))
  }
  return old.filter(({ key }) => !kept.has(nameOf(key)))
}

/** When a snapshot was written at the latest, in milliseconds since 1970; undefined where the storage does not tell. */
type WrittenAt = (snapshot: Snapshot) => number | undefined

/**
 * When the oldest of the snapshots was written, but for those whose lists are read: a tag of last year's snapshot is to keep
 * that one's files alone. The current one counts in any case, since whoever commits now commits to it.
 */
const oldestOf = ({ metadata }: VersionedTable, writtenAt: WrittenAt): number => {
  const current = currentSnapshot(metadata)
  if (current === null) return Number.NaN
  const named = namedSnapshots(metadata)
  const times = metadata.snapshots
    .filter((snapshot) => !named.has(snapshot['snapshot-id']))
    .flatMap((snapshot) => writtenAt(snapshot) ?? [])
  return Math.min(...times, writtenAt(current) ?? Number.NaN)
}

/** The snapshots whose parent is not there, and those of which it is not known by their age what they may have added. */
const snapshotsToRead = ({ metadata }: VersionedTable, writtenAt: WrittenAt): Snapshot[] => {
  const ids = new Set(metadata.snapshots.map((snapshot) => snapshot['snapshot-id']))
  const named = namedSnapshots(metadata)
  return metadata.snapshots.filter((snapshot) => {
    const parent = snapshot['parent-snapshot-id']
    const isFirst = parent === undefined || !ids.has(parent)
    return isFirst || named.has(snapshot['snapshot-id']) || writtenAt(snapshot) === undefined
  })
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const manifestsOf = async (
  snapshot: Snapshot,
  { io }: VersionedTable,
): Promise<readonly ManifestFile[]> => {
  const bytes = await io.get(snapshot['manifest-list'])
  if (bytes === null) throw new IngestError('unavailable', 'a manifest list of the table is gone')
  return readManifestList(bytes)
}
