import { IngestError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { FileIO } from '../file-io.ts'

/** The files under `root` (a path without a trailing slash) as the objects of a storage. */
export const storageFileIO = (root: string, storage: Storage): FileIO => {
  const keyOf = (path: string): string => {
    if (path.startsWith(`${root}/`)) return path.slice(root.length + 1)
    throw new IngestError('unavailable', 'a table names a file outside of its storage', {
      cause: new Error(path),
    })
  }
  return {
    put: async (path, bytes, options) => storage.put(keyOf(path), bytes, options),
    get: async (path) => storage.get(keyOf(path)),
    head: async (path) => storage.head(keyOf(path)),
  }
}
