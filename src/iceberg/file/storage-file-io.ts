import { IngestError, KnownError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { FileIO } from '../file-io.ts'

/** The files under `root` (a path without a trailing slash) as the objects of a storage. */
export const storageFileIO = (root: string, storage: Storage): FileIO => {
  const folder = `${spelled(root)}/`
  const keyOf = (path: string): string => {
    const own = spelled(path)
    if (own.startsWith(folder)) return own.slice(folder.length)
    throw new IngestError('unavailable', 'a table names a file outside of its storage', {
      cause: new KnownError(path),
    })
  }
  return {
    put: async (path, bytes, options) => storage.put(keyOf(path), bytes, options),
    get: async (path) => storage.get(keyOf(path)),
    head: async (path) => storage.head(keyOf(path)),
  }
}

/** Hadoop's ways to spell the same place: `/x` and `file:/x` for `file:///x`, `s3a://` and `s3n://` for `s3://`. */
const spelled = (path: string): string =>
  path.replace(/^(?:file:)?\/+/, 'file:///').replace(/^s3[an]:/, 's3:')
