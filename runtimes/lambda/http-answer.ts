import { STATUS_CODES } from 'node:http'
import type { HttpEvent } from './http-event.ts'

/** An answer as API Gateway, a Function URL and a load balancer take it. */
export interface HttpAnswer {
  readonly statusCode: number
  /** A load balancer asks for it: `200 OK`. */
  readonly statusDescription?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly isBase64Encoded: boolean
}

/**
 * The answer to an event. Only text goes as text: protobuf as such would be damaged on its way. A load
 * balancer reads the headers in the form in which it sent the request's, and ignores the other.
 */
export const answerTo = async (event: HttpEvent, response: Response): Promise<HttpAnswer> => {
  const bytes = Buffer.from(await response.arrayBuffer())
  const isText = bytes.length === 0 || response.headers.get('content-type') === 'application/json'
  return {
    statusCode: response.status,
    ...(event.requestContext.elb !== undefined && {
      statusDescription: `${response.status} ${STATUS_CODES[response.status] ?? ''}`.trim(),
    }),
    ...headersFor(event, response.headers),
    body: bytes.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  }
}

const headersFor = ({ requestContext, multiValueHeaders }: HttpEvent, headers: Headers) =>
  requestContext.elb !== undefined && multiValueHeaders
    ? {
        multiValueHeaders: Object.fromEntries([...headers].map(([name, value]) => [name, [value]])),
      }
    : { headers: Object.fromEntries(headers) }
