import { awsHost, awsRegion } from '../../src/config/aws-host.ts'
import type { Config } from '../../src/config.ts'
import type { RestAuth } from '../../src/iceberg/rest/catalog.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import { noRegion } from './regions.ts'

/** Who the program is to the REST catalog at `uri`: what is configured, else an AWS principal on AWS's hosts, else nobody. */
export const restAuth = (
  uri: string,
  config: Config,
  credentials: CredentialProvider,
): RestAuth => {
  const { icebergToken, icebergCredential, icebergOauthUri, icebergOauthScope } = config
  if (icebergToken !== undefined) return { type: 'bearer', token: icebergToken }
  if (icebergCredential !== undefined) {
    return {
      type: 'oauth2',
      credential: icebergCredential,
      ...(icebergOauthUri !== undefined && { tokenUri: icebergOauthUri }),
      ...(icebergOauthScope !== undefined && { scope: icebergOauthScope }),
    }
  }
  const aws = awsHost(uri)
  const signingName = config.icebergSigningName ?? aws?.service
  if (signingName === undefined) return { type: 'none' }
  return {
    type: 'sigv4',
    signingName,
    region: awsRegion(uri, config.icebergWarehouse) ?? config.s3Region ?? noRegion,
    credentials: (refused) => credentials({ refused: refused !== undefined }),
  }
}
