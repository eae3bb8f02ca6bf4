/** What services answer when they fail: their own bodies, which a client has to understand or to do without. */
import type { Reply } from './proxy.ts'

const reply = (status: number, type: string, text: string, headers = {}, code = ''): Reply => ({
  ...{ status, code },
  headers: { 'content-type': type, 'content-length': String(Buffer.byteLength(text)), ...headers },
  body: Buffer.from(text),
})

/** An `ErrorModel` of the Iceberg REST catalog specification. */
const model = (status: number, type: string, message: string, headers = {}): Reply =>
  reply(
    status,
    'application/json',
    JSON.stringify({ error: { message, type, code: status, stack: null } }),
    headers,
    type,
  )

const page = (status: number, title: string): Reply =>
  reply(
    status,
    'text/html',
    `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  )

/** Nothing was done. */
export const catalogRefusals: readonly Reply[] = [
  model(409, 'CommitFailedException', 'Requirement failed: branch main has changed'),
  // Nessie leaves the type empty, others send no JSON at all.
  model(409, '', 'Conflict'),
  // Cloudflare R2, when its own attempts ran out.
  model(400, 'ConcurrentUpdateError', 'table was concurrently updated'),
  model(429, 'TooManyRequestsException', 'Rate exceeded', { 'retry-after': '1' }),
  reply(429, 'text/plain', 'slow down'),
  model(400, 'ThrottlingException', 'Rate exceeded'),
  model(401, 'NotAuthorizedException', 'Not authorized'),
  model(403, 'ForbiddenException', 'User is not authorized to perform this action'),
  reply(403, 'text/plain', 'Forbidden'),
  model(419, 'AuthenticationTimeoutException', 'Credentials have timed out'),
  model(403, 'ExpiredTokenException', 'The security token included in the request is expired'),
]

/** Something may have been done. */
export const catalogFailures: readonly Reply[] = [
  model(500, 'InternalServerError', 'Internal Server Error'),
  model(500, 'CommitStateUnknownException', 'the update state is unknown'),
  page(500, 'Internal Server Error'),
  page(502, 'Bad Gateway'),
  model(503, 'SlowDownException', 'Slow down', { 'retry-after': '1' }),
  page(503, 'Service Temporarily Unavailable'),
  page(504, 'Gateway Time-out'),
]

/** S3's "Error responses". */
const xml = (status: number, code: string, message: string): Reply =>
  reply(
    status,
    'application/xml',
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><Resource>/</Resource><RequestId>4442587FB7D0A2F9</RequestId><HostId>none</HostId></Error>`,
    {},
    code,
  )

/** Nothing was done. */
export const s3Refusals: readonly Reply[] = [
  xml(503, 'SlowDown', 'Please reduce your request rate.'),
  xml(429, 'TooManyRequests', 'Please reduce your request rate.'),
  xml(400, 'RequestTimeout', 'Your socket connection to the server was not read from in time.'),
  xml(403, 'AccessDenied', 'Access Denied'),
  xml(400, 'ExpiredToken', 'The provided token has expired.'),
  xml(409, 'OperationAborted', 'A conflicting conditional operation is currently in progress.'),
]

/** Only for puts with a condition. */
export const s3Conflict = xml(
  409,
  'ConditionalRequestConflict',
  'The conditional request cannot succeed due to a conflicting operation.',
)

/** Something may have been done. */
export const s3Failures: readonly Reply[] = [
  xml(500, 'InternalError', 'We encountered an internal error. Please try again.'),
  page(502, 'Bad Gateway'),
  xml(503, 'ServiceUnavailable', 'Reduce your request rate.'),
  page(504, 'Gateway Time-out'),
]
