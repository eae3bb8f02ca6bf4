import { Headers, type HeadersSource, token } from './headers.ts'

export interface RequestOptions {
  readonly method?: string
  readonly headers?: HeadersSource
}

/** Fetch Standard, "normalize" of a method: no others. */
const knownMethods = /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i

/** Fetch Standard, "forbidden method". */
const forbiddenMethods = /^(?:CONNECT|TRACE|TRACK)$/i

/** `Request` of the Fetch Standard. Not here: a body; that of an event lies beside it. */
export class Request {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body = null

  /** @throws TypeError for what the standard refuses */
  constructor(url: string, { method = 'GET', headers }: RequestOptions = {}) {
    const parsed = new URL(url)
    if (parsed.username !== '' || parsed.password !== '') {
      throw new TypeError('a URL with credentials is no address')
    }
    if (!token.test(method) || forbiddenMethods.test(method)) {
      throw new TypeError(`${JSON.stringify(method)} is no method of a request`)
    }
    this.url = parsed.href
    this.method = knownMethods.test(method) ? method.toUpperCase() : method
    this.headers = new Headers(headers)
  }
}
