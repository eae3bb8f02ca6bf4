/** Which versions of a table's metadata nobody needs any longer. */
import type { ObjectInfo } from '../../storage/storage.ts'
import { versionOf } from './listed-versions.ts'
import type { VersionedTable } from './versions.ts'

/** Versions that stay behind the latest: those that its metadata log names, and a hundred at least. */
const minKept = 100

/**
 * A version stays for as long as somebody might hold the one before it for the latest, which is a minute (`maxMetadataAgeMs`):
 * where it is gone, that one's next version would seem to be the first of its number.
 */
const minAgeMs = 3_600_000

/**
 * Of the objects in a table's metadata folder the versions that may go, the oldest first, without a gap. Ages are told by the
 * storage alone, from one version to the latest: no clock of another machine has a say.
 */
export const oldVersions = (
  { version: latest, metadata }: VersionedTable,
  objects: readonly ObjectInfo[],
): ObjectInfo[] => {
  const versions = objects
    .map((object) => ({ ...object, version: versionOf(object.key) ?? 0 }))
    .filter(({ version }) => version > 0)
    .sort((a, b) => a.version - b.version)
  const newest = versions.findLast(({ version }) => version === latest)?.modifiedAt ?? Number.NaN
  const kept = Math.max(minKept, metadata['metadata-log'].length)
  const end = versions.findIndex(
    ({ version, modifiedAt = Number.NaN }) =>
      !(version < latest - kept && modifiedAt < newest - minAgeMs),
  )
  return versions.slice(0, end)
}
