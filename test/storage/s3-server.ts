// A small, strict S3 for tests: it recomputes every signature and checksum, and fails on demand.
import { createHash, createHmac, type Hash, type Hmac, randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  request as requestOf,
  type ServerResponse,
} from 'node:http'
import { SignatureV4 } from '@smithy/signature-v4'
import { listen } from '../tools/listen.ts'
import { type FakeAnswer, FakeBucket, refuse } from './s3-bucket.ts'

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string
  /** The path, byte for byte. */
  readonly path: string
  /** The query's text, byte for byte. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/**
 * What happens to a request instead of an answer: `drop` never arrives, `lose` is carried out and its answer is lost,
 * `cut` ends in the middle of its answer, `hang` is never answered; anything else is the answer.
 */
export type Fault = 'drop' | 'lose' | 'cut' | 'hang' | FakeAnswer

export interface S3Fake {
  readonly endpoint: string
  readonly region: string
  readonly bucket: FakeBucket
  /** Everything that came, in order. */
  readonly seen: WireRequest[]
  /** What happens to a request; undefined: it is answered. */
  fault: (request: WireRequest, nth: number) => Fault | undefined
  /** The keys that are good. */
  keys: Map<string, { secret: string; token?: string }>
  stop(): Promise<void>
}

export const accessKeyId = 'AKIDEXAMPLE'
export const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'

/** Starts it on a free port; `host` takes the bucket from the host's name instead of the path. */
export const startS3Fake = async (
  style: 'path' | 'host' = 'path',
  region = 'eu-west-1',
): Promise<S3Fake> => {
  const name = 'lake'
  const server = createServer((request, response) => {
    receive(request)
      .then((wire) => respond(fake, wire, style === 'path' ? `/${name}` : '', response))
      .catch((error: unknown) => response.destroy(error as Error))
  })
  const { url: endpoint, stop } = await listen(server)
  const fake: S3Fake = {
    endpoint,
    region,
    bucket: new FakeBucket(),
    seen: [],
    fault: () => undefined,
    keys: new Map([[accessKeyId, { secret: secretAccessKey }]]),
    stop,
  }
  return fake
}

/** `fetch` to a server that has the name in the URL only in the `Host` header. */
export const fetchFrom =
  (endpoint: string): typeof fetch =>
  async (url, { method = 'GET', headers, body } = {}) => {
    const { host, pathname, search } = new URL(String(url))
    const { hostname, port } = new URL(endpoint)
    const options = { method, hostname, port, path: pathname + search }
    const own = { ...Object.fromEntries(new Headers(headers)), host }
    return new Promise((resolve, reject) => {
      const request = requestOf({ ...options, headers: own }, async (response) => {
        const bytes = Buffer.concat(await Array.fromAsync(response))
        resolve(new Response(bytes, { status: response.statusCode ?? 0 }))
      })
      request.on('error', reject).end(body)
    })
  }

const receive = async (request: IncomingMessage): Promise<WireRequest> => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s)
  const headers = request.headers as Record<string, string>
  return { method: request.method ?? '', path, query, headers, body: Buffer.concat(pieces) }
}

const respond = async (
  fake: S3Fake,
  request: WireRequest,
  base: string,
  response: ServerResponse,
): Promise<void> => {
  const fault = fake.fault(request, fake.seen.push(request))
  if (fault === 'hang') return
  if (fault === 'drop') return void response.destroy()
  const answer =
    typeof fault === 'object'
      ? fault
      : ((await refusal(fake, request)) ?? fake.bucket.answer(request, base))
  if (fault === 'lose') return void response.destroy()
  const { status, headers = {}, body = '' } = answer
  const bytes = Buffer.from(body)
  const length = headers['content-length'] ?? String(bytes.length)
  response.writeHead(status, {
    'x-amz-request-id': randomUUID(),
    ...headers,
    'content-length': length,
  })
  if (fault === 'cut') {
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
    return
  }
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

/** What is wrong with who asks, or with the bytes. */
const refusal = async (fake: S3Fake, request: WireRequest): Promise<FakeAnswer | undefined> => {
  const { headers, body } = request
  const [, keyId = '', region] =
    /Credential=([^/]+)\/\d{8}\/([^/]+)\/s3\/aws4_request/.exec(headers.authorization ?? '') ?? []
  const key = fake.keys.get(keyId)
  if (key === undefined) return refuse(403, 'InvalidAccessKeyId')
  if (key.token !== headers['x-amz-security-token']) return refuse(400, 'InvalidToken')
  if (region !== fake.region) {
    return refuse(400, 'AuthorizationHeaderMalformed', `<Region>${fake.region}</Region>`)
  }
  const expected = await expectedAuthorization(request, keyId, key, fake.region)
  if (headers.authorization !== expected) return refuse(403, 'SignatureDoesNotMatch')
  const hash = createHash('sha256').update(body).digest()
  if (headers['x-amz-content-sha256'] !== hash.toString('hex')) {
    return refuse(400, 'XAmzContentSHA256Mismatch')
  }
  const checksum = headers['x-amz-checksum-sha256']
  if (checksum !== undefined && checksum !== hash.toString('base64')) {
    return refuse(400, 'BadDigest')
  }
  return undefined
}

/** Node's own hash, for AWS's signer. */
class NodeSha256 {
  private readonly hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', keyOf(secret))
  }
  update(data: Uint8Array): void {
    this.hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }
  reset(): void {}
}

const keyOf = (secret: string | ArrayBuffer | ArrayBufferView): string | Uint8Array => {
  if (typeof secret === 'string') return secret
  if (secret instanceof ArrayBuffer) return new Uint8Array(secret)
  return new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
}

/** The `authorization` that AWS's own signer gives these bytes on the wire. */
const expectedAuthorization = async (
  { method, path, query, headers, body }: WireRequest,
  keyId: string,
  { secret, token }: { secret: string; token?: string },
  region: string,
): Promise<string | undefined> => {
  const credentials = {
    accessKeyId: keyId,
    secretAccessKey: secret,
    ...(token !== undefined && { sessionToken: token }),
  }
  const signer = new SignatureV4({
    credentials,
    region,
    service: 's3',
    sha256: NodeSha256,
    uriEscapePath: false,
    applyChecksum: true,
  })
  const names = /SignedHeaders=([^,]*)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
  const { host = '' } = headers
  const date = headers['x-amz-date'] ?? ''
  const signed = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: host,
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: Object.fromEntries(names.map((name) => [name, headers[name] ?? ''])),
      body,
    },
    {
      signingDate: new Date(date.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z')),
    },
  )
  return signed.headers.authorization
}
