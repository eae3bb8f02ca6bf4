/** Which manifests and manifest lists of a table nothing refers to any longer, nor ever will again. */
import { IngestError } from '../../errors.ts'
import type { ObjectInfo } from '../../storage/storage.ts'
import { type ManifestFile, readManifestList } from '../manifest-list.ts'
import type { Snapshot } from '../table-metadata.ts'
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
 */
export const unreferencedFiles = async (
  table: VersionedTable,
  objects: readonly ObjectInfo[],
): Promise<ObjectInfo[]> => {
  const { snapshots } = table.metadata
  const oldest = Math.min(...snapshots.map((snapshot) => snapshot['timestamp-ms']))
  const old = objects.filter(
    ({ key, modifiedAt = Number.NaN }) => key.endsWith('.avro') && modifiedAt < oldest - marginMs,
  )
  if (old.length === 0 || snapshots.length === 0) return []
  const kept = new Set(snapshots.map((snapshot) => nameOf(snapshot['manifest-list'])))
  for (const snapshot of firstOfLines(table)) {
    for (const { manifest_path: path } of await manifestsOf(snapshot, table)) kept.add(nameOf(path))
  }
  return old.filter(({ key }) => !kept.has(nameOf(key)))
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** The snapshots whose parent is not there, and those that a branch or tag names, to be sure. */
const firstOfLines = ({ metadata }: VersionedTable): Snapshot[] => {
  const ids = new Set(metadata.snapshots.map((snapshot) => snapshot['snapshot-id']))
  const named = new Set(Object.values(metadata.refs).map((ref) => ref['snapshot-id']))
  return metadata.snapshots.filter((snapshot) => {
    const parent = snapshot['parent-snapshot-id']
    return parent === undefined || !ids.has(parent) || named.has(snapshot['snapshot-id'])
  })
}

const manifestsOf = async (
  snapshot: Snapshot,
  { io }: VersionedTable,
): Promise<readonly ManifestFile[]> => {
  const bytes = await io.get(snapshot['manifest-list'])
  if (bytes === null) throw new IngestError('unavailable', 'a manifest list of the table is gone')
  return readManifestList(bytes)
}
