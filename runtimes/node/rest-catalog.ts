import type { Config } from '../../src/config.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import { createRestCatalog, type RestAuth } from '../../src/iceberg/rest/catalog.ts'
import type { Log } from '../../src/log.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import { noRegion } from './bucket.ts'
import { awsCredentials } from './credentials.ts'
import { createOpenFileIO } from './open-file-io.ts'

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

/** Who the program is there: what is configured, else an AWS principal on AWS's hosts, else nobody. */
const restAuth = (uri: string, config: Config, credentials: CredentialProvider): RestAuth => {
  const { icebergToken, icebergCredential, icebergOauthUri, icebergSigningName } = config
  if (icebergToken !== undefined) return { type: 'bearer', token: icebergToken }
  if (icebergCredential !== undefined) {
    return {
      type: 'oauth2',
      credential: icebergCredential,
      ...(icebergOauthUri !== undefined && { tokenUri: icebergOauthUri }),
    }
  }
  const aws = awsHost(uri)
  const signingName = icebergSigningName ?? aws?.service
  if (signingName === undefined) return { type: 'none' }
  return {
    type: 'sigv4',
    signingName,
    region: aws?.region ?? config.s3Region ?? noRegion,
    credentials: (refused) => credentials({ refused: refused !== undefined }),
  }
}

/** Service and region of `s3tables.{region}.amazonaws.com` and `glue.{region}.amazonaws.com`. */
const awsHost = (uri: string): { service: string; region: string } | undefined => {
  const host = new URL(uri).hostname
  const [, service, region] =
    /^(s3tables|glue)\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? []
  return service === undefined || region === undefined ? undefined : { service, region }
}
