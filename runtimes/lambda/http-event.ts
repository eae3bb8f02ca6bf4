import { type EventBody, restBody, sentBody } from './event-body.ts'

/*
 * Why not `hono/aws-lambda` (4.13, deprecated, gone in Hono 5). With it all 641 cases of the HTTP contract pass behind a
 * Function URL and a load balancer. Elsewhere it fails, by the same cases: HTTP APIs with a named stage, both formats,
 * 606 (the stage stays in the path, all is 404); REST APIs 13 (a body that the gateway has inflated goes with its old
 * Content-Encoding, so 400). What no case says: values of a list of headers are joined by `; ` behind a load balancer;
 * a value beyond ASCII is percent-encoded; Content-Length is made anew, so that a cut body looks whole; a body damaged
 * by text is passed on; a load balancer gets no `statusDescription`; and an event of a queue or a schedule is no error
 * but a request for `undefined`, answered with 404, which tells its sender that it was taken.
 */

/**
 * A request as AWS hands it over: API Gateway's payload formats 1.0 (REST APIs, and HTTP APIs that ask
 * for it) and 2.0 (HTTP APIs, Function URLs), and an Application Load Balancer with single or
 * multi-value headers. Parts that nothing here reads are left out, the query among them.
 */
export interface HttpEvent {
  /** The payload format; a REST API's events and a load balancer's have none. */
  readonly version?: string
  /** Only in a question to an authorizer, which looks like the request in all else. */
  readonly type?: string
  readonly requestContext: {
    /** Only from a load balancer. */
    readonly elb?: object
    /** Only in format 2.0. */
    readonly http?: { readonly method: string }
    /** Only from API Gateway; a Function URL may say `$default`. */
    readonly stage?: string
    /** Only from a WebSocket. */
    readonly connectionId?: string
  }
  readonly httpMethod?: string
  readonly path?: string
  readonly rawPath?: string
  readonly headers?: Readonly<Record<string, string | undefined>> | null
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null
  readonly body?: string | null
  readonly isBase64Encoded?: boolean
}

/** What of an event becomes a request of the fetch API; its body stays beside it, whole as it came. */
export interface EventRequest extends EventBody {
  readonly request: Request
}

/** Whether an event is a request over HTTP, of whichever kind. */
export const isHttpEvent = (event: unknown): event is HttpEvent => {
  const { type, requestContext, httpMethod, path, rawPath } = (event ?? {}) as Partial<HttpEvent>
  if (typeof requestContext !== 'object' || requestContext === null) return false
  if (type !== undefined || requestContext.connectionId !== undefined) return false
  return typeof requestContext.http?.method === 'string'
    ? typeof rawPath === 'string'
    : typeof httpMethod === 'string' && typeof path === 'string'
}

/** An event as a request. @throws TypeError for what the fetch API refuses (TRACE, a line break in a header) */
export const requestOf = (event: HttpEvent): EventRequest => {
  const headers = headersOf(event)
  const body = isFromRestApi(event) ? restBody(event, headers) : sentBody(event, headers)
  const method = event.requestContext.http?.method ?? event.httpMethod ?? 'GET'
  // The name is nobody's: where a request was sent to makes no difference to its answer.
  const request = new Request(`https://lambda${pathOf(event)}`, { method, headers })
  return { request, ...body }
}

const isFromRestApi = ({ version, requestContext }: HttpEvent): boolean =>
  version === undefined && requestContext.elb === undefined && requestContext.http === undefined

/** All of a path that a stage may stand before, if nothing else of it is left: `/v1/logs` of a stage `v1`. */
const signalAlone = /^\/(logs|traces|metrics)\/?$/

/**
 * HTTP APIs put a stage before the path, in both formats, and so do REST APIs behind a domain of one's
 * own that names no stage; elsewhere it is not there, though a path may begin with the same word.
 */
const pathOf = ({ requestContext: { stage }, rawPath, path }: HttpEvent): string => {
  const whole = rawPath ?? path ?? '/'
  if (stage === undefined || !whole.startsWith(`/${stage}/`)) return whole
  const rest = whole.slice(stage.length + 1)
  return signalAlone.test(rest) ? whole : rest
}

/** An event with lists of headers has every value there; `headers` beside them the last ones only. */
const headersOf = ({ headers, multiValueHeaders }: HttpEvent): Headers => {
  const result = new Headers()
  for (const [name, value] of Object.entries(multiValueHeaders ?? headers ?? {})) {
    for (const each of typeof value === 'string' ? [value] : (value ?? [])) {
      result.append(name, asBytes(each))
    }
  }
  return result
}

/** Events hold header values as text; the fetch API wants a character for each byte, as HTTP has it. */
const asBytes = (value: string): string => Buffer.from(value, 'utf8').toString('latin1')
