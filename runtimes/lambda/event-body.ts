import { IngestError } from '../../src/errors.ts'
import { codingsOf } from '../../src/http/negotiation.ts'

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
  const sent = wholeBody(event, headers)
  const declared = Number(headers.get('content-length') ?? 0)
  const isCut = sent.trouble === undefined && sent.body.length < declared
  return isCut ? { ...sent, trouble: cut() } : sent
}

/**
 * The body of a REST API's event. Unless its media type is a binary one there (`binaryMediaTypes`), the
 * bytes came through text, and what is no UTF-8 is lost. Compressed bodies are inflated on their way
 * with their headers left as they were; `headers` are corrected here.
 */
export const restBody = (event: WithBody, headers: Headers): EventBody => {
  if (!mayBeInflated(headers)) return sentBody(event, headers)
  const whole = wholeBody(event, headers)
  if (whole.trouble !== undefined) return whole
  // It told the length before.
  headers.delete('content-length')
  if (isInflated(whole.body)) headers.delete('content-encoding')
  return whole
}

/** The bytes of a body, unless what brought them has damaged them. */
const wholeBody = (event: WithBody, headers: Headers): EventBody => {
  const { body: text, isBase64Encoded } = event
  const body = Buffer.from(text ?? '', isBase64Encoded ? 'base64' : 'utf8')
  if (isBase64Encoded) return isBase64(text ?? '', body.length) ? { body } : nothing(noBase64())
  return isDamaged(text ?? '', body, headers) ? nothing(damaged()) : { body }
}

const nothing = (trouble: IngestError): EventBody => ({ body: new Uint8Array(), trouble })

/** The codings that the gateway knows. */
const mayBeInflated = (headers: Headers): boolean =>
  /^(gzip|deflate)$/i.test(headers.get('content-encoding') ?? '')

/** Whether a body is an export request as it is: nothing compressed begins so. */
const isInflated = (body: Uint8Array): boolean =>
  body.length === 0 || body[0] === firstOfProtobuf || beginsAsJson(body)

/** The tag of field 1, the only one that export requests have; a line break of JSON too. */
const firstOfProtobuf = 0x0a

/** An object's brace, behind what JSON may have in front of it: a byte order mark, blanks. */
const beginsAsJson = (body: Uint8Array): boolean => {
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  let at = hasMark ? 3 : 0
  while (blanks.includes(body[at] ?? 0)) at++
  return body[at] === 0x7b
}

/** Tab, line feed, return, space (RFC 8259, 2). */
const blanks: readonly number[] = [0x09, 0x0a, 0x0d, 0x20]

/**
 * JSON may say U+FFFD of its own accord, where no coding is on it or what is on it was taken off already; in anything else it
 * stands for bytes that are lost.
 */
const isDamaged = (text: string, body: Uint8Array, headers: Headers): boolean =>
  text.includes('\ufffd') &&
  !(
    /json/i.test(headers.get('content-type') ?? '') &&
    (codingsOf(headers.get('content-encoding')).length === 0 || beginsAsJson(body))
  )

/** Whether a text is base64, of either alphabet, padded or not: Node skips what is none, and gives fewer bytes. */
const isBase64 = (text: string, bytes: number): boolean =>
  bytes === bytesIn(text) || bytes === bytesIn(text.replace(/[\t\n\r ]/g, ''))

/** How many bytes base64 of this length stands for; NaN where none is so long. */
const bytesIn = (text: string): number => {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const letters = text.length - padding
  return letters % 4 === 1 ? Number.NaN : Math.floor((3 * letters) / 4)
}

/** Retryable: a bridge that cuts can be mended, while senders queue. */
const cut = (): IngestError =>
  new IngestError('unavailable', 'the request body was cut on its way: it is shorter than declared')

/** Retryable: the API can be mended, while senders queue. */
const damaged = (): IngestError =>
  new IngestError(
    'unavailable',
    'the request body was damaged on its way: what brings it must pass */* as binary',
  )

/** What a direct invoke alone can send. */
const noBase64 = (): IngestError =>
  new IngestError('malformed', 'the request body is no base64, which isBase64Encoded says it is')
