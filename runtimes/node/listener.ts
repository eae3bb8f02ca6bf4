import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Hono } from 'hono'
import type { Answer } from '../../src/app.ts'
import { rpcStatus } from '../../src/otlp/response.ts'
import { PlainAnswer } from './plain-answer.ts'

/**
 * Node's requests to the application, and its answers back. Requests and answers hold what the
 * application asks of them and no more: see `PlainAnswer` for the reason. A body is read from
 * `env.incoming`, by `receiveIncoming`.
 */
export const requestListener =
  (app: Hono): RequestListener =>
  async (incoming, outgoing) => {
    const url = urlOf(incoming)
    if (url === undefined) return sendPlain(outgoing, wrongTarget())
    const request = new PlainRequest(incoming, url) as unknown as Request
    try {
      const response = await app.fetch(request, { incoming, outgoing })
      if (response instanceof PlainAnswer) sendPlain(outgoing, response)
      else await sendNative(outgoing, response)
    } catch {
      // The application answers its own errors; this is one of the way to it or back.
      if (outgoing.headersSent) outgoing.destroy()
      else sendPlain(outgoing, status(500, 13, 'internal error'))
    }
  }

/** What the application sees of a request: its method, address and headers. */
class PlainRequest {
  readonly method: string
  readonly url: string
  readonly headers: PlainHeaders

  constructor(incoming: IncomingMessage, url: string) {
    this.method = incoming.method ?? 'GET'
    this.url = url
    this.headers = new PlainHeaders(incoming)
  }
}

class PlainHeaders {
  readonly #incoming: IncomingMessage

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming
  }

  /** All values of a header, as `Headers.get` joins them. */
  get(name: string): string | null {
    return this.#incoming.headersDistinct[name.toLowerCase()]?.join(', ') ?? null
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }
}

/** RFC 3986, 3.2.2 and 3.2.3: a name, an address or an IP literal, and a port. */
const hostPattern = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-fA-F:.]+\])(?::\d*)?$/

/**
 * The address that a request names, or undefined when it is none: RFC 9112, 3.2 wants exactly one
 * valid `Host` of HTTP/1.1, and a target that is a path or a whole address.
 */
const urlOf = ({ url = '', httpVersion, headersDistinct, socket }: IncomingMessage) => {
  const hosts = headersDistinct.host ?? []
  if (hosts.length > 1 || (hosts.length === 0 && httpVersion !== '1.0')) return undefined
  const [host = 'localhost'] = hosts
  if (!hostPattern.test(host)) return undefined
  if (/^https?:\/\/[^/?#]+\//i.test(url)) return url
  const scheme = 'encrypted' in socket ? 'https' : 'http'
  return url.startsWith('/') ? `${scheme}://${host}${url}` : undefined
}

const sendPlain = (outgoing: ServerResponse, { status, headers, body }: Answer): void => {
  const length = Buffer.byteLength(body)
  outgoing.writeHead(status, { ...headers, ...(status !== 204 && { 'Content-Length': length }) })
  outgoing.end(body)
}

const sendNative = async (outgoing: ServerResponse, response: Response): Promise<void> => {
  const body = new Uint8Array(await response.arrayBuffer())
  sendPlain(outgoing, {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body,
  })
}

const wrongTarget = (): Answer => status(400, 3, 'the request target or Host header is invalid')

/** An answer to what never reaches the application. */
const status = (status: number, code: number, message: string): Answer => ({
  status,
  headers: { 'Content-Type': 'application/x-protobuf', 'X-Content-Type-Options': 'nosniff' },
  body: rpcStatus('protobuf', code, message),
})
