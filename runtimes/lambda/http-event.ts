/**
 * A request as AWS hands it over: API Gateway's payload formats 1.0 and 2.0, a Function URL (which is
 * format 2.0), and an Application Load Balancer with single or multi-value headers. Parts that nothing
 * here reads are left out, the query among them.
 */
export interface HttpEvent {
  readonly requestContext: {
    /** Only from a load balancer. */
    readonly elb?: object
    /** Only in format 2.0. */
    readonly http?: { readonly method: string }
    readonly stage?: string
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
export interface EventRequest {
  readonly request: Request
  readonly body: Uint8Array
}

/** Whether an event is a request over HTTP, of whichever kind. */
export const isHttpEvent = (event: unknown): event is HttpEvent => {
  const { requestContext, httpMethod, path, rawPath } = (event ?? {}) as Partial<HttpEvent>
  if (typeof requestContext !== 'object' || requestContext === null) return false
  return typeof requestContext.http?.method === 'string'
    ? typeof rawPath === 'string'
    : typeof httpMethod === 'string' && typeof path === 'string'
}

/** An event as a request. @throws TypeError for a method that the fetch API refuses (TRACE, CONNECT) */
export const requestOf = (event: HttpEvent): EventRequest => {
  const method = event.requestContext.http?.method ?? event.httpMethod ?? 'GET'
  // The name is nobody's: where a request was sent to makes no difference to its answer.
  const request = new Request(`https://lambda${pathOf(event)}`, {
    method,
    headers: headersOf(event),
  })
  return { request, body: bodyOf(event) }
}

/** Format 2.0 has the stage before the path unless it is the default one; format 1.0 never has. */
const pathOf = ({ requestContext: { stage }, rawPath, path }: HttpEvent): string => {
  if (rawPath === undefined) return path ?? '/'
  return stage !== undefined && rawPath.startsWith(`/${stage}/`)
    ? rawPath.slice(stage.length + 1)
    : rawPath
}

const headersOf = ({ headers, multiValueHeaders }: HttpEvent): Headers => {
  const result = new Headers()
  for (const [name, value] of Object.entries(multiValueHeaders ?? headers ?? {})) {
    for (const each of typeof value === 'string' ? [value] : (value ?? [])) {
      result.append(name, each)
    }
  }
  return result
}

const bodyOf = ({ body, isBase64Encoded }: HttpEvent): Uint8Array =>
  Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8')
