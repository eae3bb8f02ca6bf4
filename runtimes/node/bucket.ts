import type { Config } from '../../src/config.ts'
import type { Log } from '../../src/log.ts'
import { createS3Storage } from '../../src/storage/s3.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { noRegion } from '../shared/regions.ts'
import { sha256 } from '../shared/sha256.ts'
import { awsCredentials } from './credentials.ts'

/**
 * Opens the bucket that is configured. What is wrong with it the log says, since a network that is down at the start may
 * be up for the first request. `readyKey`: what is asked about, where not every key may be touched.
 */
export const openBucket = (config: Config, log: Log, readyKey?: string): Storage => {
  const { storagePrefix, s3Bucket, s3Region, s3Endpoint } = config
  const storage = createS3Storage({
    bucket: s3Bucket ?? '',
    region: s3Region ?? noRegion,
    ...(s3Endpoint !== undefined && { endpoint: s3Endpoint }),
    ...(storagePrefix !== undefined && { prefix: storagePrefix }),
    ...(readyKey !== undefined && { readyKey }),
    credentials: awsCredentials(process.env),
    sha256,
    log,
  })
  storage.ready().catch((error: unknown) => log('error', 'the bucket is not ready', { error }))
  return storage
}
