/**
 * Manifest lists and manifests as they are read: such a file never changes, so what was read or written once is kept by its
 * path.
 */
import { IngestError } from '../errors.ts'
import type { FileIO } from './file-io.ts'
import { dataContent, readFilePaths } from './manifest.ts'
import { withCounts } from './manifest-counts.ts'
import { type ManifestFile, readManifestList } from './manifest-list.ts'
import { createRecent } from './recent.ts'
import type { Snapshot } from './table-metadata.ts'

/** Every promise is `unavailable` when a file is damaged or out of reach. */
export interface MetadataFiles {
  /** The manifests of a list. `unavailable` when it is gone, too. */
  list(path: string, io: FileIO): Promise<readonly ManifestFile[]>
  /** The manifests of data files that a snapshot added; null when its list is gone: it expired. */
  addedBy(snapshot: Snapshot, io: FileIO): Promise<readonly ManifestFile[] | null>
  /** The uuids in the names of all data files that a manifest tells of, whatever it says of them; null when it is gone. */
  uuids(manifestPath: string, io: FileIO): Promise<readonly string[] | null>
  /** What was written just now. */
  keepList(path: string, manifests: readonly ManifestFile[]): void
  keepUuids(manifestPath: string, uuids: readonly string[]): void
}

/** Manifests in all lists that are kept: a list has thousands in a table that nobody maintains. */
const maxListed = 50_000
/** Manifests and uuids: enough for the whole of such a table, or a search that takes long would begin anew each time. */
const maxUuids = 200_000

/** Keeps what it reads. One for each table. */
export const createMetadataFiles = (): MetadataFiles => {
  const lists = createRecent<readonly ManifestFile[]>(maxListed, ({ length }) => 1 + length)
  const added = createRecent<readonly ManifestFile[]>(maxListed, ({ length }) => 1 + length)
  const uuids = createRecent<readonly string[]>(maxUuids, ({ length }) => 1 + length)
  return {
    async list(path, io) {
      const manifests = await lists.get(path, () => read(path, io, (bytes) => listOf(bytes, io)))
      if (manifests === null) throw gone()
      return manifests
    },
    addedBy: (snapshot, io) => {
      const path = snapshot['manifest-list']
      return added.get(path, async () => {
        const manifests = await read(path, io, readManifestList)
        return manifests && addedIn(manifests, snapshot['snapshot-id'])
      })
    },
    uuids: (path, io) => uuids.get(path, () => read(path, io, uuidsOf)),
    keepList: lists.keep,
    keepUuids: uuids.keep,
  }
}

/** A file that the table as it is now needs. */
export const gone = (): IngestError =>
  new IngestError('unavailable', 'a metadata file of the table is gone')

const read = async <T>(
  path: string,
  io: FileIO,
  parse: (bytes: Uint8Array) => Promise<T>,
): Promise<T | null> => {
  const bytes = await io.get(path)
  if (bytes === null) return null
  try {
    return await parse(bytes)
  } catch (cause) {
    throw new IngestError('unavailable', 'a metadata file of the table cannot be read', { cause })
  }
}

const listOf = async (bytes: Uint8Array, io: FileIO): Promise<readonly ManifestFile[]> =>
  withCounts(await readManifestList(bytes), async (path) => {
    const manifest = await io.get(path)
    if (manifest === null) throw gone()
    return manifest
  })

const addedIn = (manifests: readonly ManifestFile[], snapshotId: bigint): ManifestFile[] =>
  manifests.filter(
    ({ content, added_snapshot_id: id }) => content === dataContent && id === snapshotId,
  )

const uuidPattern = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** Other writers' files have uuids in their names as well, many the same one. */
const uuidsOf = async (manifest: Uint8Array): Promise<string[]> => {
  const paths = await readFilePaths(manifest)
  const names = paths.map((path) => path.slice(path.lastIndexOf('/')))
  return [...new Set(names.flatMap((name) => name.match(uuidPattern) ?? []))]
}
