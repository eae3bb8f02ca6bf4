import type { Config } from '../../src/config.ts'

/** Where the storage lies, as query engines name it: a folder's path or `s3://bucket/prefix`. */
export const locationOf = (config: Config): string => {
  const { storageBackend, storagePath, storagePrefix, s3Bucket, r2Bucket } = config
  if (storageBackend === 'fs') return storagePath
  const bucket = storageBackend === 'r2' ? r2Bucket : s3Bucket
  return ['s3:/', bucket, ...(storagePrefix === undefined ? [] : [storagePrefix])].join('/')
}

/** The S3 server of the bucket that is configured: its region where it has one, and its URL where it is not Amazon's. */
export interface S3Server {
  readonly region: string | undefined
  readonly endpoint: string | undefined
}

/** Where the bucket is that is configured. R2 is an S3 server of one region for each account ("S3 API compatibility"). */
export const serverOf = ({
  storageBackend,
  s3Region: region,
  s3Endpoint: endpoint,
  r2AccountId,
}: Config): S3Server =>
  storageBackend === 'r2'
    ? { region: 'auto', endpoint: endpoint ?? `https://${r2AccountId}.r2.cloudflarestorage.com` }
    : { region, endpoint }
