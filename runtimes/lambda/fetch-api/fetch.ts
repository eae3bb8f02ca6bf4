import type { IncomingMessage, RequestOptions } from 'node:http'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Headers, type HeadersSource } from './headers.ts'
import { Response, withoutBody } from './response.ts'

export interface FetchOptions {
  readonly method?: string
  readonly headers?: HeadersSource
  readonly body?: string | Uint8Array | null
  readonly signal?: AbortSignal | null
}

/** What a failure is told as. */
type Failed = (cause: unknown) => unknown

/**
 * `fetch` of the Fetch Standard over Node's own client, which keeps connections for the next request.
 * Not here: redirects (each is an answer; what is signed cannot be sent elsewhere), caches, bodies that are streams.
 *
 * @throws TypeError with the reason as its cause; once the signal has aborted, amid a body too, the signal's reason
 */
export const fetch = async (
  address: string | URL,
  { method = 'GET', headers, body, signal }: FetchOptions = {},
): Promise<Response> => {
  signal?.throwIfAborted()
  const url = new URL(address)
  const failed: Failed = (cause) =>
    signal?.aborted ? signal.reason : new TypeError('fetch failed', { cause })
  const options = { method, headers: sent(headers), ...(signal && { signal }) }
  try {
    const message = await exchange(url, options, body)
    return responseOf(message, method, failed)
  } catch (cause) {
    throw failed(cause)
  }
}

const exchange = (
  url: URL,
  options: RequestOptions,
  body: string | Uint8Array | null | undefined,
): Promise<IncomingMessage> => {
  // TLS is loaded by those who need it, and neither by `import`, with which undici would come.
  const name = url.protocol === 'http:' ? 'node:http' : 'node:https'
  const { request } = process.getBuiltinModule(name) as typeof import('node:http')
  // Headers in front of text would be written as UTF-8, as the text is.
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(bytes)
  })
}

/** As the standard has it, the answer may be compressed unless who asks says otherwise. */
const sent = (source: HeadersSource | undefined): Record<string, string> => {
  const headers = new Headers(source)
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'gzip')
  return Object.fromEntries(headers)
}

const responseOf = (message: IncomingMessage, method: string, failed: Failed): Response => {
  const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = message
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string)
  }
  const init = { status, statusText, headers }
  if (method === 'HEAD' || withoutBody.has(status)) {
    // Read to its end all the same: then the connection is free.
    message.resume()
    return new Response(null, init)
  }
  const isPacked = /^(?:x-)?gzip$/i.test(headers.get('content-encoding') ?? '')
  return new Response(piecesOf(message, isPacked, failed), init)
}

async function* piecesOf(
  message: IncomingMessage,
  isPacked: boolean,
  failed: Failed,
): AsyncGenerator<Uint8Array> {
  const gunzip = isPacked ? createGunzip() : undefined
  try {
    // What ends it, and its errors, are those of what comes out.
    yield* gunzip ? pipeline(message, gunzip, () => {}) : message
  } catch (cause) {
    // A body of no bytes is none, whatever a server or a proxy says of its coding: so has it Node's own fetch.
    const isNothing =
      gunzip?.bytesWritten === 0 && (cause as { code?: string }).code === 'Z_BUF_ERROR'
    if (!isNothing) throw failed(cause)
  }
}
