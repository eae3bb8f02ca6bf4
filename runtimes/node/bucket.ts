import type { Config } from '../../src/config.ts'
import type { Log } from '../../src/log.ts'
import { createS3Storage, type S3Options } from '../../src/storage/s3.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { serverOf } from '../shared/location.ts'
import { noRegion } from '../shared/regions.ts'
import { sha256 } from '../shared/sha256.ts'
import { awsCredentials } from './credentials.ts'

/**
 * Opens the bucket that is configured. What is wrong with it the log says, since a network that is down at the start may
 * be up for the first request. `readyKey`: what is asked about, where not every key may be touched.
 */
export const openBucket = (config: Config, log: Log, readyKey?: string): Storage => {
  const { storagePrefix } = config
  const { region = noRegion, endpoint } = serverOf(config)
  const storage = createS3Storage({
    ...(config.storageBackend === 'r2' ? ofR2(config) : ofS3(config)),
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(storagePrefix !== undefined && { prefix: storagePrefix }),
    ...(readyKey !== undefined && { readyKey }),
    sha256,
    log,
  })
  storage.ready().catch((error: unknown) => log('error', 'the bucket is not ready', { error }))
  return storage
}

const ofS3 = ({ s3Bucket }: Config) => ({
  bucket: s3Bucket ?? '',
  credentials: awsCredentials(process.env),
})

/** Conditions are documented for objects in one call only ("Extensions", PutObject): none goes in parts. */
const inOneCall = { aboveBytes: 5 * 2 ** 30 }

/** R2 through its S3 API, with keys of its own; a bucket of S3 is named where receipts lie in another than data. */
const ofR2 = ({
  s3Bucket,
  r2Bucket,
  r2AccessKeyId,
  r2SecretAccessKey,
}: Config): Pick<S3Options, 'bucket' | 'credentials' | 'multipart'> => {
  const keys = { accessKeyId: r2AccessKeyId ?? '', secretAccessKey: r2SecretAccessKey ?? '' }
  return {
    bucket: s3Bucket ?? r2Bucket ?? '',
    credentials: async () => keys,
    multipart: inOneCall,
  }
}
