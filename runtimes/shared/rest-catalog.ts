import type { Config } from '../../src/config.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { OpenFileIO } from '../../src/iceberg/file-io.ts'
import { awsRegion } from '../../src/iceberg/rest/aws-host.ts'
import { createRestCatalog, type Making } from '../../src/iceberg/rest/catalog.ts'
import type { Log } from '../../src/log.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import { restAuth } from './rest-auth.ts'
import type { S3FilesOptions } from './s3-files.ts'

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

/** How files are reached of which the catalog says nothing: in its own region, when no other is configured. */
export const filesConfig = (
  uri: string,
  { icebergWarehouse, s3Region, s3Endpoint }: Config,
): S3FilesOptions['config'] => ({
  s3Region: s3Region ?? awsRegion(uri, icebergWarehouse),
  s3Endpoint,
})
