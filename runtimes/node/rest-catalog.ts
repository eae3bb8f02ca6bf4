import type { Config } from '../../src/config.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import { awsRegion } from '../../src/iceberg/rest/aws-host.ts'
import { createRestCatalog } from '../../src/iceberg/rest/catalog.ts'
import type { Log } from '../../src/log.ts'
import { awsCredentials } from './credentials.ts'
import { createOpenFileIO, type FileIOOptions } from './open-file-io.ts'
import { restAuth } from './rest-auth.ts'

/** The REST catalog at `uri`, as it is configured. What is wrong there is said by the first call, and by `/ready`. */
export const openRestCatalog = (uri: string, config: Config, log: Log): Catalog => {
  const { icebergWarehouse } = config
  const credentials = awsCredentials(process.env)
  return createRestCatalog({
    uri,
    ...(icebergWarehouse !== undefined && { warehouse: icebergWarehouse }),
    auth: restAuth(uri, config, credentials),
    openFileIO: createOpenFileIO({ config: filesConfig(uri, config), credentials, log }),
    log,
  })
}

/** How files are reached of which the catalog says nothing: in its own region, when no other is configured. */
export const filesConfig = (
  uri: string,
  { icebergWarehouse, s3Region, s3Endpoint }: Config,
): FileIOOptions['config'] => ({
  s3Region: s3Region ?? awsRegion(uri, icebergWarehouse),
  s3Endpoint,
})
