import { awsRegion } from '../../src/config/aws-host.ts'
import type { Config } from '../../src/config.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { OpenFileIO } from '../../src/iceberg/file-io.ts'
import { createRestCatalog, type Making } from '../../src/iceberg/rest/catalog.ts'
import type { Log } from '../../src/log.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import { restAuth } from './rest-auth.ts'
import type { FilesConfig, S3FilesOptions } from './s3-files.ts'

export interface RestCatalogOptions {
  readonly config: Config
  /** Those of AWS, for catalogs that want signatures, and for files where the catalog gives none. */
  readonly credentials: CredentialProvider
  /** How this runtime reaches the files of tables. */
  readonly openFiles: (options: S3FilesOptions) => OpenFileIO
  readonly log: Log
  /** The runtime's own, where it is not the global one. */
  readonly fetch?: typeof fetch
  /** What several catalogs at this address share, where one process has them. */
  readonly making?: Making
}

/** The REST catalog at `uri`, as it is configured. What is wrong there is said by the first call, and by `/ready`. */
export const openRestCatalog = (
  uri: string,
  { config, credentials, openFiles, log, fetch, making }: RestCatalogOptions,
): Catalog => {
  const { icebergWarehouse } = config
  return createRestCatalog({
    uri,
    ...(icebergWarehouse !== undefined && { warehouse: icebergWarehouse }),
    auth: restAuth(uri, config, credentials),
    openFileIO: openFiles({ config: filesConfig(uri, config), credentials, log }),
    log,
    ...(fetch !== undefined && { fetch }),
    ...(making !== undefined && { making }),
  })
}

/**
 * How files are reached of which the catalog says nothing: those behind S3 Tables where the table bucket is, others in the
 * catalog's region, when no other is configured. AWS Lambda always names a region, its own.
 */
export const filesConfig = (
  uri: string,
  { icebergWarehouse, s3Region, s3Endpoint }: Config,
): FilesConfig => {
  const tablesRegion = awsRegion(uri, icebergWarehouse)
  return { s3Region: s3Region ?? tablesRegion, s3Endpoint, tablesRegion }
}
