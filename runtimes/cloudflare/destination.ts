import type { Config } from '../../src/config.ts'
import { KnownError } from '../../src/errors.ts'
import { storageFileIO } from '../../src/iceberg/file/storage-file-io.ts'
import type { FileIO, OpenFileIO } from '../../src/iceberg/file-io.ts'
import type { Making } from '../../src/iceberg/rest/catalog.ts'
import { createPlainDestination } from '../../src/ingest/plain.ts'
import { readyKey } from '../../src/receipts/receipt-key.ts'
import { createR2Storage } from '../../src/storage/r2.ts'
import type { R2Binding } from '../../src/storage/r2-binding.ts'
import { createS3Storage } from '../../src/storage/s3.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { awsKeys } from '../shared/aws-keys.ts'
import type { DestinationOptions, OpenDestination } from '../shared/destination.ts'
import { openCatalogIn } from '../shared/file-catalog.ts'
import { locationOf, serverOf } from '../shared/location.ts'
import { noRegion } from '../shared/regions.ts'
import { openRestCatalog } from '../shared/rest-catalog.ts'
import { objectOf, s3Files } from '../shared/s3-files.ts'
import { sha256 } from '../shared/sha256.ts'
import { fileTablesOf, tablesOf } from '../shared/tables.ts'
import { type Bindings, environmentOf } from './bindings.ts'
import { type Pending, watchedCatalog, watchedFiles, watchedStorage } from './pending.ts'
import { type SharedMetadata, sharingMetadata } from './shared-metadata.ts'

export interface WorkerDestinationOptions extends DestinationOptions {
  readonly env: Bindings
  /** The bucket that is bound, or undefined. */
  readonly bucket: R2Binding | undefined
  readonly fetch: typeof fetch
  /** Of all that are opened in this isolate. */
  readonly metadata: SharedMetadata
  /** Told of every call. */
  readonly pending: Pending
  /** Of the whole isolate. */
  readonly making: Making
}

/** Opens the bucket, or the catalog that says where files go. @throws when one cannot be used */
export const openDestination = async (
  options: WorkerDestinationOptions,
): Promise<OpenDestination> => {
  const { config, metrics, pending } = options
  const { icebergRestUri, icebergCatalog } = config
  if (icebergRestUri !== undefined) {
    const catalog = openRestCatalog(icebergRestUri, {
      ...options,
      credentials: keysOf(options.env),
      openFiles: (files) => openFilesWith(options, files),
    })
    const sharing = sharingMetadata(catalog, options.metadata)
    return tablesOf(watchedCatalog(sharing, pending), openReceiptStorage(options), options)
  }
  const storage = openStorage(options)
  if (icebergCatalog === undefined) {
    return {
      to: ({ encode }) => createPlainDestination({ storage, encode, sha256, metrics }),
      ready: () => storage.ready(),
    }
  }
  const opened = await openCatalogIn(storage, locationOf(config), options)
  return fileTablesOf(
    { ...opened, catalog: watchedCatalog(opened.catalog, pending) },
    storage,
    options,
  )
}

/** The storage that is configured: the bucket that is bound, or one of S3. */
const openStorage = (options: WorkerDestinationOptions): Storage => {
  const { config, bucket, log, pending } = options
  if (config.storageBackend === 's3') return openS3(config.s3Bucket ?? '', options)
  if (bucket === undefined) throw new KnownError('no bucket is bound')
  return watchedStorage(createR2Storage({ bucket, ...prefixOf(config), sha256, log }), pending)
}

/** Where receipts lie beside a REST catalog: the bucket that is bound, or one of S3 that is named for them. Null: nowhere. */
const openReceiptStorage = (options: WorkerDestinationOptions): Storage | null => {
  const { storageBackend, stateBucket } = options.config
  if (storageBackend !== 's3') return openStorage(options)
  return stateBucket === undefined ? null : openS3(stateBucket, options, readyKey)
}

const openS3 = (
  bucket: string,
  { config, env, fetch, log, pending }: WorkerDestinationOptions,
  readyKey?: string,
): Storage => {
  const { region = noRegion, endpoint } = serverOf(config)
  const storage = createS3Storage({
    bucket,
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...prefixOf(config),
    ...(readyKey !== undefined && { readyKey }),
    credentials: keysOf(env),
    ...{ fetch, sha256, log },
  })
  return watchedStorage(storage, pending)
}

const prefixOf = ({ storagePrefix }: Config) =>
  storagePrefix !== undefined && { prefix: storagePrefix }

/** Files of tables: in the bucket that is bound without a signature, in others as the catalog says. */
const openFilesWith = (
  { config, bucket, fetch, log, pending }: WorkerDestinationOptions,
  files: Parameters<typeof s3Files>[0],
): OpenFileIO => {
  const name = config.r2Bucket
  const own =
    bucket && watchedStorage(createR2Storage({ bucket, anyKey: true, sha256, log }), pending)
  return (location, properties, renew) => {
    const onS3 = () => watchedFiles(s3Files({ ...files, fetch }, properties, renew), pending)
    if (own === undefined || objectOf(location)?.bucket !== name) return onS3()
    const ours = storageFileIO(`s3://${name}`, own)
    let others: FileIO | undefined
    const filesOf = (path: string): FileIO => {
      if (objectOf(path)?.bucket === name) return ours
      // Only when one is named: the catalog need not say how S3 is reached where all of them are ours.
      others ??= onS3()
      return others
    }
    return {
      put: async (path, bytes, put) => filesOf(path).put(path, bytes, put),
      get: async (path) => filesOf(path).get(path),
      head: async (path) => filesOf(path).head(path),
    }
  }
}

/** Keys that are secrets of the Worker, by AWS's own names. */
const keysOf = (env: Bindings): CredentialProvider => {
  const keys = awsKeys(environmentOf(env))
  return async () => {
    if (keys !== undefined) return keys
    throw new KnownError('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not among the secrets')
  }
}
