/** A bridge from HTTP to the events that AWS makes of it, after AWS's pages on each, and back. */
import { gunzipSync, inflateSync } from 'node:zlib'
import { answerEvent, type Fetch } from '../../runtimes/lambda/http.ts'
import type { HttpAnswer } from '../../runtimes/lambda/http-answer.ts'
import type { HttpEvent } from '../../runtimes/lambda/http-event.ts'

/** What of a request every kind of event is made of. */
interface Parts {
  readonly method: string
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

type Headers = Readonly<Record<string, string>>

const listed = (headers: Headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))

/** REST APIs alone pass names on as they were sent, which senders do in this way. */
const capitalized = (headers: Headers) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      value,
    ]),
  )

const elb = {
  targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1',
}

const account = {
  accountId: '123456789012',
  apiId: 'api-id',
  domainName: 'id.execute-api.us-east-1.amazonaws.com',
  domainPrefix: 'id',
  requestId: 'id',
}

const inBase64 = (bytes: Buffer) => ({ body: bytes.toString('base64'), isBase64Encoded: true })
const asText = (bytes: Buffer) => ({ body: bytes.toString('utf8'), isBase64Encoded: false })

/** Media types whose bodies go as they are, if no coding is on them. */
const isText = ({ headers }: Parts): boolean =>
  headers['content-encoding'] === undefined &&
  /^(text\/.*|application\/(json|javascript|xml))\s*(;|$)/i.test(headers['content-type'] ?? '')

/** By its media type, or in base64. Bytes that are no UTF-8 go in base64 too: text would lose them. */
const byType = (parts: Parts) => {
  const text = asText(parts.bytes)
  const isWhole = Buffer.from(text.body).equals(parts.bytes)
  return isText(parts) && isWhole ? text : inBase64(parts.bytes)
}

/** A REST API with every media type binary inflates what it can, and leaves the headers. */
const inflated = ({ headers, bytes }: Parts): Buffer => {
  const coding = headers['content-encoding']
  try {
    if (coding === 'gzip') return gunzipSync(bytes)
    return coding === 'deflate' ? inflateSync(bytes) : bytes
  } catch {
    // It would answer 415; here the program has to.
    return bytes
  }
}

/** What of payload format 1.0 REST and HTTP APIs share. */
const format1 = ({ method, path, headers }: Parts) => ({
  resource: '/{proxy+}',
  httpMethod: method,
  headers,
  multiValueHeaders: listed(headers),
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: { proxy: path.slice(1) },
  stageVariables: null,
})

const context1 = ({ method, path }: Parts) => ({
  ...account,
  stage: 'prod',
  path: `/prod${path}`,
  resourcePath: '/{proxy+}',
  httpMethod: method,
  protocol: 'HTTP/1.1',
})

const format2 = (parts: Parts, stage: string): HttpEvent => {
  const { method, path, headers, bytes } = parts
  const rawPath = stage === '$default' ? path : `/${stage}${path}`
  const http = { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1' }
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: '',
    headers,
    requestContext: { ...account, http, routeKey: '$default', stage },
    // Without a body there is no such member at all.
    ...(bytes.length > 0 ? byType(parts) : { isBase64Encoded: false }),
  }
  return event
}

const balanced = (parts: Parts): HttpEvent => ({
  requestContext: { elb },
  httpMethod: parts.method,
  path: parts.path,
  ...(parts.bytes.length > 0 ? byType(parts) : { body: '', isBase64Encoded: false }),
})

/** The kinds of event: the integrations of Lambda with something that speaks HTTP. */
export const eventKinds = {
  'REST API': (parts: Parts): HttpEvent => ({
    ...format1({ ...parts, headers: capitalized(parts.headers) }),
    path: parts.path,
    requestContext: context1(parts),
    ...(parts.bytes.length > 0
      ? inBase64(inflated(parts))
      : { body: null, isBase64Encoded: false }),
  }),
  'HTTP API, format 1.0, a named stage': (parts: Parts): HttpEvent => ({
    version: '1.0',
    ...format1(parts),
    path: `/prod${parts.path}`,
    requestContext: context1(parts),
    ...(parts.bytes.length > 0 ? byType(parts) : { body: null, isBase64Encoded: false }),
  }),
  'HTTP API, format 2.0, a named stage': (parts: Parts): HttpEvent => format2(parts, 'prod'),
  'Function URL': (parts: Parts): HttpEvent => format2(parts, '$default'),
  'load balancer': (parts: Parts): HttpEvent => ({ ...balanced(parts), headers: parts.headers }),
  'load balancer, multi-value headers': (parts: Parts): HttpEvent => ({
    ...balanced(parts),
    multiValueHeaders: listed(parts.headers),
  }),
} as const

export type EventKind = keyof typeof eventKinds

/** What answers an event. */
export type Invoke = (event: HttpEvent) => Promise<HttpAnswer>

/** Sends each request as an event. The event and its answer pass through JSON, as they do on AWS. */
export const throughEvents = (kind: EventKind, fetch: Fetch) =>
  throughInvocations(kind, async (event) =>
    overTheWire(await answerEvent(overTheWire(event), 60_000, fetch)),
  )

/** Sends each request as an event to a function, wherever that is. */
export const throughInvocations =
  (kind: EventKind, invoke: Invoke) =>
  async (request: Request): Promise<Response> => {
    const { pathname: path } = new URL(request.url)
    const event = eventKinds[kind]({
      method: request.method,
      path,
      headers: Object.fromEntries(request.headers),
      bytes: Buffer.from(await request.arrayBuffer()),
    })
    const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = await invoke(event)
    const pairs = Object.entries(headers ?? {})
    for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
      pairs.push(...values.map((value): [string, string] => [name, value]))
    }
    const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
    const isNull = [204, 304].includes(statusCode)
    return new Response(isNull ? null : bytes, { status: statusCode, headers: pairs })
  }

const overTheWire = <T>(value: T): T => JSON.parse(JSON.stringify(value))
