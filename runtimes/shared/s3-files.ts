import type { Config } from '../../src/config.ts'
import { IngestError } from '../../src/errors.ts'
import type { FileIO, FileProperties } from '../../src/iceberg/file-io.ts'
import { s3Location, vendedCredentials } from '../../src/iceberg/rest/credentials.ts'
import type { Log } from '../../src/log.ts'
import { createS3Storage, type S3Options } from '../../src/storage/s3.ts'
import { isTableBucket } from '../../src/storage/s3-address.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { noRegion } from './regions.ts'
import { sha256 } from './sha256.ts'

export interface S3FilesOptions {
  /** What counts where the catalog says nothing. */
  readonly config: FilesConfig
  readonly credentials: CredentialProvider
  readonly log: Log
  /** The runtime's own, where it is not the global one. */
  readonly fetch?: typeof fetch
}

export interface FilesConfig extends Pick<Config, 's3Region' | 's3Endpoint'> {
  /** Of the buckets behind S3 Tables: where the table bucket is, whatever other buckets are near. */
  readonly tablesRegion?: string | undefined
}

/** Asks the catalog for properties with new credentials. */
export type Renew = () => Promise<FileProperties>

/** That the files of a table cannot be reached, and why. */
export const unreachable = (reason: string): IngestError =>
  new IngestError('unavailable', `the files of a table cannot be reached: ${reason}`)

/** Bucket and key of a path. Paths in metadata are not percent-encoded: what follows the bucket is the key. */
export const objectOf = (path: string): { bucket: string; key: string } | null => {
  const [, bucket, key = ''] = /^s3[an]?:\/\/([^/]+)(?:\/([\s\S]*))?$/.exec(path) ?? []
  return bucket === undefined ? null : { bucket, key }
}

/** The files of a table in any bucket of S3; one whose metadata names others is refused. */
export const s3Files = (
  options: S3FilesOptions,
  properties: FileProperties,
  renew?: Renew,
): FileIO => {
  const settingsOf = s3Settings(options, properties, renew)
  const buckets = new Map<string, Storage>()
  const at = <T>(path: string, act: (storage: Storage, key: string) => Promise<T>): Promise<T> => {
    const { bucket, key } = objectOf(path) ?? {}
    if (bucket === undefined || key === undefined) throw unreachable('some of them are not on S3')
    const storage =
      buckets.get(bucket) ?? createS3Storage({ ...settingsOf(bucket), ...ofBucket(bucket) })
    buckets.set(bucket, storage)
    return act(storage, key)
  }
  return {
    put: async (path, bytes, put) => at(path, (storage, key) => storage.put(key, bytes, put)),
    get: async (path) => at(path, (storage, key) => storage.get(key)),
    head: async (path) => at(path, (storage, key) => storage.head(key)),
  }
}

/** What is behind S3 Tables knows no lists and no deletes. */
const ofBucket = (bucket: string): Pick<S3Options, 'bucket' | 'capabilities'> =>
  isTableBucket(bucket) ? { bucket, capabilities: { list: false, delete: false } } : { bucket }

/** Iceberg's names for what a client of S3 has to know; what the catalog says stands above what is configured. */
const s3Settings = (
  { config, credentials, log, fetch }: S3FilesOptions,
  properties: FileProperties,
  renew?: Renew,
): ((bucket: string) => Omit<S3Options, 'bucket'>) => {
  const { s3Region, s3Endpoint, tablesRegion = s3Region } = config
  const { region, endpoint = s3Endpoint, pathStyle } = s3Location(properties)
  const own = region ?? s3Region
  if (own === undefined && endpoint === undefined) {
    throw unreachable('no region is configured for S3')
  }
  const shared = {
    ...(endpoint !== undefined && { endpoint }),
    ...(pathStyle !== undefined && { pathStyle }),
    credentials: vendedCredentials(properties, renew) ?? credentials,
    anyKey: true,
    sha256,
    log,
    ...(fetch !== undefined && { fetch }),
  }
  return (bucket) => {
    const known = isTableBucket(bucket) ? (region ?? tablesRegion) : own
    return { ...shared, region: known ?? noRegion }
  }
}
