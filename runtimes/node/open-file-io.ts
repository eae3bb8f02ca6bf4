import type { OpenFileIO } from '../../src/iceberg/file-io.ts'
import { objectOf, type S3FilesOptions, s3Files } from '../shared/s3-files.ts'

/**
 * Opens the files of tables on S3 (`s3:`, `s3a:`, `s3n:`) and on this machine (`file:`, absolute paths). What reads a
 * folder is loaded for the first table that lies in one.
 */
export const createOpenFileIO = (options: S3FilesOptions): OpenFileIO => {
  let local: Promise<OpenLocal> | undefined
  return async (location, properties, renew) => {
    if (objectOf(location) !== null) return s3Files(options, properties, renew)
    local ??= import('./local-files.ts').then(({ createLocalFiles }) => createLocalFiles())
    return (await local)(location)
  }
}

type OpenLocal = ReturnType<typeof import('./local-files.ts')['createLocalFiles']>
