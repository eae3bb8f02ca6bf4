/** A bridge from HTTP to the events that AWS makes of it, after AWS's pages on each, and back. */
import { answerEvent, type Fetch } from '../../runtimes/lambda/http.ts'
import type { HttpEvent } from '../../runtimes/lambda/http-event.ts'

/** What of a request every kind of event is made of. */
interface Parts {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Pick<HttpEvent, 'body' | 'isBase64Encoded'>
}

const listed = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))

const elb = {
  targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1',
}

/** The kinds of event: the integrations of Lambda with something that speaks HTTP. */
export const eventKinds = {
  'API Gateway, format 1.0': ({ method, path, headers, body }: Parts): HttpEvent => ({
    requestContext: { stage: 'prod' },
    httpMethod: method,
    path,
    headers,
    multiValueHeaders: listed(headers),
    ...body,
  }),
  'API Gateway, format 2.0, a named stage': ({
    method,
    path,
    headers,
    body,
  }: Parts): HttpEvent => ({
    requestContext: { stage: 'prod', http: { method } },
    rawPath: `/prod${path}`,
    headers,
    ...body,
  }),
  'Function URL': ({ method, path, headers, body }: Parts): HttpEvent => ({
    requestContext: { stage: '$default', http: { method } },
    rawPath: path,
    headers,
    ...body,
  }),
  'load balancer': ({ method, path, headers, body }: Parts): HttpEvent => ({
    requestContext: { elb },
    httpMethod: method,
    path,
    headers,
    ...body,
  }),
  'load balancer, multi-value headers': ({ method, path, headers, body }: Parts): HttpEvent => ({
    requestContext: { elb },
    httpMethod: method,
    path,
    multiValueHeaders: listed(headers),
    ...body,
  }),
} as const

export type EventKind = keyof typeof eventKinds

/** Sends each request as an event. The event and its answer pass through JSON, as they do on AWS. */
export const throughEvents =
  (kind: EventKind, fetch: Fetch) =>
  async (request: Request): Promise<Response> => {
    const { pathname: path } = new URL(request.url)
    const event = eventKinds[kind]({
      method: request.method,
      path,
      headers: Object.fromEntries(request.headers),
      body: eventBody(Buffer.from(await request.arrayBuffer())),
    })
    const answer = await answerEvent(overTheWire(event), 60_000, fetch)
    const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = overTheWire(answer)
    const pairs = Object.entries(headers ?? {})
    for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
      pairs.push(...values.map((value): [string, string] => [name, value]))
    }
    const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
    const isNull = [204, 304].includes(statusCode)
    return new Response(isNull ? null : bytes, { status: statusCode, headers: pairs })
  }

const overTheWire = <T>(value: T): T => JSON.parse(JSON.stringify(value))

/** AWS sends what is text as text; whatever UTF-8 cannot say goes in base64. */
const eventBody = (bytes: Buffer): Parts['body'] => {
  if (bytes.length === 0) return { body: null, isBase64Encoded: false }
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes)
    ? { body: text, isBase64Encoded: false }
    : { body: bytes.toString('base64'), isBase64Encoded: true }
}
