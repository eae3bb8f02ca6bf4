// AWS's own signer, as the judge of requests that were signed.
import { createHash } from 'node:crypto'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { AwsCredentials } from '../../../src/iceberg/rest/sigv4.ts'
import type { Seen } from './fake-server.ts'

/** A request as it came over the wire. */
export interface SignedRequest extends Omit<Seen, 'body'> {
  readonly body: string | Uint8Array
}

/** The `authorization` that AWS's signer gives a request, from its bytes on the wire and the names of its signed headers. */
export const expectedAuthorization = async (
  { method, url, headers, body }: SignedRequest,
  // `applyChecksum`: false where the signer leaves out `x-amz-content-sha256`.
  signing: {
    service: string
    region: string
    credentials: AwsCredentials
    applyChecksum?: boolean
  },
): Promise<string | undefined> => {
  const signer = new SignatureV4({ applyChecksum: true, ...signing, sha256: Sha256 })
  const [path = '', query = ''] = url.split('?')
  const signed = headers.authorization?.match(/SignedHeaders=([^,]*)/)?.[1]?.split(';') ?? []
  // These the signer adds for itself.
  const own = ['x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']
  const names = signed.filter((name) => !own.includes(name))
  const request = {
    method,
    protocol: 'http:',
    hostname: '127.0.0.1',
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: Object.fromEntries(names.map((name) => [name, headers[name] ?? ''])),
    body,
  }
  const again = await signer.sign(request, { signingDate: dateOf(headers['x-amz-date']) })
  return again.headers.authorization
}

const dateOf = (basic = ''): Date =>
  new Date(basic.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z'))

/** The payload's hash, as the header has to say it. */
export const payloadHash = ({ body }: Seen): string =>
  createHash('sha256').update(body).digest('hex')
