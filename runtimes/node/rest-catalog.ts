import type { Config } from '../../src/config.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import { createRestCatalog } from '../../src/iceberg/rest/catalog.ts'
import type { Log } from '../../src/log.ts'
import { awsCredentials } from './credentials.ts'
import { createOpenFileIO } from './open-file-io.ts'
import { restAuth } from './rest-auth.ts'

/** The REST catalog at `uri`, as it is configured. What is wrong there is said by the first call, and by `/ready`. */
export const openRestCatalog = (uri: string, config: Config, log: Log): Catalog => {
  const { icebergWarehouse } = config
  const credentials = awsCredentials(process.env)
  return createRestCatalog({
    uri,
    ...(icebergWarehouse !== undefined && { warehouse: icebergWarehouse }),
    auth: restAuth(uri, config, credentials),
    openFileIO: createOpenFileIO({ config, credentials, log }),
    log,
  })
}
