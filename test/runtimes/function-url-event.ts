/** Events as a Function URL hands them over: what most tests of the function send. */
import { logs } from '../ingest/requests.ts'

/** A POST to `/v1/{signal}` with a body of protobuf. */
export const posted = (
  body: Uint8Array,
  signal = 'logs',
  headers: Readonly<Record<string, string>> = {},
) => ({
  requestContext: { stage: '$default', http: { method: 'POST' } },
  rawPath: `/v1/${signal}`,
  headers: { 'content-type': 'application/x-protobuf', ...headers },
  body: Buffer.from(body).toString('base64'),
  isBase64Encoded: true,
})

/** Three log records. */
export const threeLogs = posted(logs({ name: 'shop', records: 3 }))
