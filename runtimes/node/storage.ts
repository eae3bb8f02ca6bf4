import type { Config } from '../../src/config.ts'
import type { Log } from '../../src/log.ts'
import type { Storage } from '../../src/storage/storage.ts'

/**
 * Opens the storage that is configured. A folder has to be there and writable; what speaks to a folder or a bucket is
 * loaded only where there is one.
 *
 * @throws IngestError `unavailable` when a folder cannot be used
 */
export const openStorage = async (config: Config, log: Log): Promise<Storage> => {
  if (config.storageBackend === 'fs') {
    const { openFileStorage } = await import('../../src/storage/fs.ts')
    return openFileStorage(config.storagePath)
  }
  const { openBucket } = await import('./bucket.ts')
  return openBucket(config, log)
}
