/** AWS Signature Version 4 for catalogs of AWS: S3 Tables (`s3tables`), Glue (`glue`). */
import { AwsV4Signer } from 'aws4fetch'
import { foreseen, IngestError } from '../../errors.ts'
import { sha256Hex } from '../../sha256.ts'
import type { Authorizer } from './authorizer.ts'
import type { HttpRequest } from './http.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The credentials of now; whoever gives them renews them before they expire. Told which ones AWS refused, it gives others. */
export type AwsCredentialSource = (refused?: AwsCredentials) => Promise<AwsCredentials>

export interface SigV4Signing {
  /** The service's name in signatures: `s3tables`, `glue`, … */
  readonly signingName: string
  readonly region: string
  readonly credentials: AwsCredentialSource
}

/** Signs every request anew. */
export const sigV4Authorizer = (signing: SigV4Signing): Authorizer => {
  const used = new WeakMap<HttpRequest, AwsCredentials>()
  return {
    async authorize(request) {
      const credentials = await provided(signing)
      const signed = await sign(request, signing, credentials)
      used.set(signed, credentials)
      return signed
    },
    async renew(request) {
      const refused = used.get(request)
      const { accessKeyId, sessionToken } = await provided(signing, refused)
      return accessKeyId !== refused?.accessKeyId || sessionToken !== refused.sessionToken
    },
  }
}

const provided = async (
  { credentials }: SigV4Signing,
  refused?: AwsCredentials,
): Promise<AwsCredentials> => {
  try {
    return await credentials(refused)
  } catch (cause) {
    throw new IngestError('unavailable', 'there are no AWS credentials for the catalog', {
      cause: foreseen(cause),
    })
  }
}

/**
 * The payload's hash is sent as a header, for empty bodies too: S3 Tables asks for it, and the signer adds it for S3
 * alone. The path is signed as it is sent, its `%` encoded once more, as every service but S3 wants.
 */
const sign = async (
  request: HttpRequest,
  { signingName, region }: SigV4Signing,
  credentials: AwsCredentials,
): Promise<HttpRequest> => {
  const hash = await sha256Hex([new TextEncoder().encode(request.body)], 64)
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url,
    headers: { ...request.headers, 'x-amz-content-sha256': hash },
    body: request.body,
    service: signingName,
    region,
    ...credentials,
  })
  const { headers } = await signer.sign()
  return { ...request, headers: Object.fromEntries(headers) }
}
