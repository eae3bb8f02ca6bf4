import type { Config } from '../../src/config.ts'
import type { Log } from '../../src/log.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { createS3Storage } from '../../src/storage/s3.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { awsCredentials } from './credentials.ts'
import { sha256 } from './sha256.ts'

/** The region of signatures at servers that have none. */
export const noRegion = 'us-east-1'

/**
 * Opens the storage that is configured. A folder has to be there and writable; of a bucket the log says what is
 * wrong, since a network that is down at the start may be up for the first request.
 *
 * @throws IngestError `unavailable` when a folder cannot be used
 */
export const openStorage = async (config: Config, log: Log): Promise<Storage> => {
  const { storageBackend, storagePath, storagePrefix, s3Bucket, s3Region, s3Endpoint } = config
  if (storageBackend === 'fs') return openFileStorage(storagePath)
  const storage = createS3Storage({
    bucket: s3Bucket ?? '',
    region: s3Region ?? noRegion,
    ...(s3Endpoint !== undefined && { endpoint: s3Endpoint }),
    ...(storagePrefix !== undefined && { prefix: storagePrefix }),
    credentials: awsCredentials(process.env),
    sha256,
    log,
  })
  storage.ready().catch((error: unknown) => log('error', 'the bucket is not ready', { error }))
  return storage
}
