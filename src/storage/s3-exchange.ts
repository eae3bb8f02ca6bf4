import { AwsV4Signer } from 'aws4fetch'
import { hex } from '../bytes.ts'
import { foreseen, KnownError } from '../errors.ts'
import { addressOf, type BucketAddress, type Query } from './s3-address.ts'
import type { Credentials } from './s3-credentials.ts'
import { S3Error } from './s3-errors.ts'

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Absent: the bucket itself. */
  readonly key?: string
  readonly query?: Query
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Body
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined
}

/** Bytes to send, and their SHA-256: what is signed and, for an object, what the server checks. */
export interface Body {
  readonly bytes: Uint8Array
  readonly digest: Uint8Array
}

export interface S3Response {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  /** Set when the server refused. */
  readonly error: S3Error | null
}

export interface ExchangeOptions extends BucketAddress {
  readonly fetch: typeof fetch
  /** Milliseconds to answer in, and as many again for each MiB that goes or comes. */
  readonly timeoutMs: number
}

/** Signs a request, sends it once and reads the whole answer; rejects when there is none. */
export type Exchange = (request: S3Request, credentials: Credentials) => Promise<S3Response>

/** Exchanges with one bucket. */
export const createExchange = (options: ExchangeOptions): Exchange => {
  const sign = createSigner(options)
  const { fetch, timeoutMs } = options
  return async (request, credentials) => {
    const { url, init } = await sign(request, credentials)
    const timeout = startTimeout(timeoutMs, request.body?.bytes.length ?? 0, request.signal)
    try {
      const response = await fetch(url, { ...init, signal: timeout.signal }).catch(lost)
      timeout.restart(Number(response.headers.get('content-length')) || 0)
      const bytes = new Uint8Array(await response.arrayBuffer().catch(lost))
      return read(request, response, bytes, options.bucket)
    } finally {
      timeout.stop()
    }
  }
}

const lost = (reason: unknown): never => {
  throw foreseen(reason)
}

/** The SHA-256 of nothing. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Signs with AWS Signature Version 4, the body's hash included. */
const createSigner = (options: ExchangeOptions) => {
  const urlOf = addressOf(options)
  // Derived keys, for as long as the credentials are the same.
  let cache = new Map<string, ArrayBuffer>()
  let cachedFor: Credentials | undefined
  return async ({ method, key, query, headers, body }: S3Request, credentials: Credentials) => {
    if (cachedFor !== credentials) cache = new Map()
    cachedFor = credentials
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const signer = new AwsV4Signer({
      method,
      url: urlOf(key ?? null, query).href,
      headers: { ...headers, 'x-amz-content-sha256': body ? hex(body.digest) : emptyHash },
      service: 's3',
      region: options.region,
      cache,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
    })
    const signed = await signer.sign()
    // Not signed, since proxies change it: nothing is to be packed and unpacked on its way.
    signed.headers.set('accept-encoding', 'identity')
    const init = { method, headers: signed.headers, redirect: 'manual' } as const
    if (body === undefined) return { url: signed.url, init }
    // No bytes of ours lie in memory that threads share.
    return { url: signed.url, init: { ...init, body: body.bytes as Uint8Array<ArrayBuffer> } }
  }
}

const read = (
  { method }: S3Request,
  response: Response,
  bytes: Uint8Array,
  bucket: string,
): S3Response => {
  const { headers, ok } = response
  const text = () => new TextDecoder().decode(bytes)
  // An answer to POST may turn into an error after its status was sent ("CompleteMultipartUpload").
  const late = method === 'POST' && ok && /<Error[\s>]/.test(text())
  if (ok && !late) return { status: response.status, headers, bytes, error: null }
  const status = late ? 500 : response.status
  // An answer to HEAD has no body to hold the code.
  const code = method === 'HEAD' && status === 404 ? 'NoSuchKey' : undefined
  return { status, headers, bytes, error: new S3Error(status, headers, text(), { code, bucket }) }
}

/** There was no answer in time. */
export class Late extends KnownError {
  override readonly name = 'Late'
}

/** A signal that ends an exchange in time, or with the caller's own. */
const startTimeout = (timeoutMs: number, bytes: number, signal?: AbortSignal) => {
  const controller = new AbortController()
  const start = (size: number) => {
    const ms = timeoutMs * (1 + size / 2 ** 20)
    return setTimeout(() => controller.abort(new Late(`no answer within ${Math.round(ms)} ms`)), ms)
  }
  let timer = start(bytes)
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
    restart(size: number) {
      clearTimeout(timer)
      timer = start(size)
    },
    stop: () => clearTimeout(timer),
  }
}
