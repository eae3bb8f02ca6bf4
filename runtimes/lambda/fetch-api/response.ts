import { concatenate } from '../../../src/bytes.ts'
import { Headers, type HeadersSource } from './headers.ts'

/** What a response may hold: bytes that are there, or that arrive. */
export type ResponseBody = string | Uint8Array | ArrayBuffer | AsyncIterable<Uint8Array> | null

export interface ResponseOptions {
  readonly status?: number
  readonly statusText?: string
  readonly headers?: HeadersSource
}

/** Fetch Standard, "null body status". */
export const withoutBody: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/**
 * `Response` of the Fetch Standard, but for its body: pieces that can be iterated, and no web stream.
 * Not here: `clone`, `formData`, `blob`.
 */
export class Response {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  /** The body's pieces, once. */
  readonly body: AsyncIterable<Uint8Array> | null

  /**
   * @throws RangeError for a status that no response has
   * @throws TypeError for a body with a status that has none
   */
  constructor(body: ResponseBody = null, options: ResponseOptions = {}) {
    const { status = 200, statusText = '', headers } = options
    if (!(Number.isInteger(status) && status >= 200 && status <= 599)) {
      throw new RangeError(`${status} is no status of a response`)
    }
    if (body !== null && withoutBody.has(status)) {
      throw new TypeError(`a response of status ${status} has no body`)
    }
    this.status = status
    this.statusText = statusText
    this.headers = new Headers(headers)
    if (typeof body === 'string' && !this.headers.has('content-type')) {
      this.headers.set('content-type', 'text/plain;charset=UTF-8')
    }
    this.body = body === null ? null : piecesOf(body)
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.body ?? []) pieces.push(piece)
    return concatenate(pieces)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }
}

async function* onePiece(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

const piecesOf = (body: NonNullable<ResponseBody>): AsyncIterable<Uint8Array> => {
  if (typeof body === 'string') return onePiece(new TextEncoder().encode(body))
  if (body instanceof ArrayBuffer) return onePiece(new Uint8Array(body))
  return body instanceof Uint8Array ? onePiece(body) : body
}
