/**
 * Manifest lists and manifests as they are read: such a file never changes, so what was read or written once is kept by its
 * path. The least recently used go first.
 */
import { IngestError } from '../errors.ts'
import type { FileIO } from './file-io.ts'
import { readManifest } from './manifest.ts'
import { type ManifestFile, readManifestList } from './manifest-list.ts'

export interface MetadataFiles {
  /** The manifests of a list. `unavailable` when it is gone or damaged. */
  list(path: string, io: FileIO): Promise<readonly ManifestFile[]>
  /** The paths of all data files that a manifest tells of, whatever it says of them. */
  filePaths(manifestPath: string, io: FileIO): Promise<readonly string[]>
  /** What was written just now. */
  keepList(path: string, manifests: readonly ManifestFile[]): void
  keepFilePaths(manifestPath: string, paths: readonly string[]): void
}

const maxLists = 32
/** Of manifests; a request's has a path or a few. */
const maxManifests = 1024

/** Keeps what it reads. One for each table. */
export const createMetadataFiles = (): MetadataFiles => {
  const lists = createCache<readonly ManifestFile[]>(maxLists)
  const paths = createCache<readonly string[]>(maxManifests)
  return {
    list: (path, io) => lists.get(path, async () => readManifestList(await read(path, io))),
    filePaths: (path, io) =>
      paths.get(path, async () => {
        const entries = await readManifest(await read(path, io))
        return entries.map(({ data_file: file }) => file.file_path)
      }),
    keepList: (path, manifests) => lists.keep(path, Promise.resolve(manifests)),
    keepFilePaths: (path, files) => paths.keep(path, Promise.resolve(files)),
  }
}

const read = async (path: string, io: FileIO): Promise<Uint8Array> => {
  const bytes = await io.get(path)
  if (bytes === null) throw new IngestError('unavailable', 'a metadata file of the table is gone')
  return bytes
}

const createCache = <T>(limit: number) => {
  const kept = new Map<string, Promise<T>>()
  const keep = (key: string, value: Promise<T>): void => {
    kept.delete(key)
    kept.set(key, value)
    const oldest = kept.keys().next().value
    if (kept.size > limit && oldest !== undefined) kept.delete(oldest)
  }
  return {
    keep,
    get(key: string, make: () => Promise<T>): Promise<T> {
      const value = kept.get(key) ?? make()
      keep(key, value)
      value.catch(() => kept.delete(key))
      return value
    },
  }
}
