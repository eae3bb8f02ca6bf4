// Opens catalogs for tests: their tables' files are in memory.
import type { FileIO, OpenFileIO } from '../../../src/iceberg/file-io.ts'
import { createRestCatalog, type RestCatalogOptions } from '../../../src/iceberg/rest/catalog.ts'
import { noLog } from '../../../src/log.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'

/** Files at `s3://bucket/key`, one memory for all who get the same one. */
export const memoryFiles = (storage = createMemoryStorage()): OpenFileIO => {
  const key = (path: string) => path.replace('s3://', '')
  const io: FileIO = {
    put: (path, bytes, options) => storage.put(key(path), bytes, options),
    get: (path) => storage.get(key(path)),
    head: (path) => storage.head(key(path)),
  }
  return () => io
}

/** A catalog at `uri`, with nothing but what a test says. */
export const openCatalog = (uri: string, options: Partial<RestCatalogOptions> = {}) =>
  createRestCatalog({
    uri,
    auth: { type: 'none' },
    openFileIO: memoryFiles(),
    log: noLog,
    timeoutMs: 5_000,
    ...options,
  })
