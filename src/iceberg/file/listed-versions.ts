/** The versions of a table's metadata by looking at what is there, ours and what others would put there. */
import { IngestError, KnownError } from '../../errors.ts'
import type { ObjectInfo, Storage } from '../../storage/storage.ts'

/** A version and its object. */
export interface ListedVersion extends ObjectInfo {
  readonly version: number
}

/** The versions whose metadata stand, in their order. `unavailable` where the table's metadata are of another kind. */
export const listVersions = async (storage: Storage, table: string): Promise<number[]> => {
  const versions: number[] = []
  // A folder with the metadata of another catalog is not empty: a table made there would hide the other one. What a writer of
  // ours put there since the first look is a version like any other.
  for (const prefix of ['v', '']) {
    if (versions.length > 0) break
    for await (const { version } of metadataObjects(storage, `${table}/metadata/${prefix}`)) {
      versions.push(version)
    }
  }
  return versions.sort((a, b) => a - b)
}

/** The version that an object of a metadata folder is; null when it is none. */
export const versionOf = (key: string): number | null => {
  const [, digits] = /\/v(\d{1,15})\.metadata\.json$/.exec(key) ?? []
  return digits === undefined ? null : Number(digits)
}

/** The objects of the versions, in no order. `unavailable` where one begins like a version and is of another kind. */
export const versionObjects = (storage: Storage, table: string): AsyncGenerator<ListedVersion> =>
  metadataObjects(storage, `${table}/metadata/v`)

/** The versions among the objects of a prefix, in no order. `unavailable` where metadata of another kind are among them. */
async function* metadataObjects(storage: Storage, prefix: string): AsyncGenerator<ListedVersion> {
  for await (const info of storage.list(prefix)) {
    const version = versionOf(info.key)
    if (version !== null) yield { ...info, version }
    else if (isMetadata(info.key)) throw foreign(info.key)
  }
}

/** `vN.gz.metadata.json` is compressed, `00001-{uuid}.metadata.json` of a catalog that keeps the latest's name elsewhere. */
const isMetadata = (key: string): boolean => /\.metadata\.json(\.gz)?$/.test(key)

const foreign = (key: string): IngestError =>
  new IngestError(
    'unavailable',
    'a table is of another catalog, or compressed: the file catalog reads vN.metadata.json only',
    { cause: new KnownError(key) },
  )
