import { IngestError } from '../../src/errors.ts'

/** What of an event is its body. */
interface WithBody {
  readonly body?: string | null
  readonly isBase64Encoded?: boolean
}

export interface EventBody {
  readonly body: Uint8Array
  /** Why the body is not what was sent, if it is not; then nothing of it may be stored. */
  readonly trouble?: IngestError
}

/**
 * The body of an event, as it was sent. Nothing on AWS cuts a body: what does not fit an event (6 MB of
 * JSON, so 4.5 MB of protobuf in base64; 1 MB from a load balancer) is refused with 413 before it gets
 * here. Other bridges may cut, and a cut at a message's end would go unnoticed; or pass bytes as text.
 */
export const sentBody = (event: WithBody, headers: Headers): EventBody => {
  if (isDamaged(event, headers)) return { body: new Uint8Array(), trouble: damaged() }
  const body = bytesOf(event)
  const declared = Number(headers.get('content-length') ?? 0)
  return body.length < declared ? { body, trouble: cut() } : { body }
}

/**
 * The body of a REST API's event. Unless its media type is a binary one there (`binaryMediaTypes`), the
 * bytes came through text, and what is no UTF-8 is lost. Compressed bodies are inflated on their way
 * with their headers left as they were; `headers` are corrected here.
 */
export const restBody = (event: WithBody, headers: Headers): EventBody => {
  if (!mayBeInflated(headers) || isDamaged(event, headers)) return sentBody(event, headers)
  const body = bytesOf(event)
  // It told the length before.
  headers.delete('content-length')
  if (isInflated(body)) headers.delete('content-encoding')
  return { body }
}

const bytesOf = ({ body, isBase64Encoded }: WithBody): Uint8Array =>
  Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8')

/** The codings that the gateway knows. */
const mayBeInflated = (headers: Headers): boolean =>
  /^(gzip|deflate)$/i.test(headers.get('content-encoding') ?? '')

/** Whether a body is an export request as it is: nothing compressed begins so. */
const isInflated = ([first]: Uint8Array): boolean =>
  first === undefined || first === firstOfProtobuf || first === firstOfJson

/** The tag of field 1, the only one that export requests have; a line break of JSON too. */
const firstOfProtobuf = 0x0a
const firstOfJson = 0x7b

/** JSON may say U+FFFD of its own accord; in anything else it stands for bytes that are lost. */
const isDamaged = ({ body, isBase64Encoded }: WithBody, headers: Headers): boolean =>
  !isBase64Encoded &&
  body?.includes('\ufffd') === true &&
  (headers.has('content-encoding') || !/json/i.test(headers.get('content-type') ?? ''))

/** Retryable: a bridge that cuts can be mended, while senders queue. */
const cut = (): IngestError =>
  new IngestError('unavailable', 'the request body was cut on its way: it is shorter than declared')

/** Retryable: the API can be mended, while senders queue. */
const damaged = (): IngestError =>
  new IngestError(
    'unavailable',
    'the request body was damaged on its way: what brings it must pass */* as binary',
  )
