import { IngestError } from '../errors.ts'
import type { Encoding } from '../ingest.ts'

/**
 * Decodes a body. `hold` is told how many bytes the output may take before it takes them: at first, and when that was too
 * little. Where there is no room it throws, and the body is given up.
 *
 * @throws IngestError `malformed`, or `too-large` past `limit` bytes
 */
export type Decode = (
  bytes: Uint8Array,
  limit: number,
  hold: (bytes: number) => void,
) => Promise<Uint8Array>

/** Content coding → decoder. */
export type Inflate = Readonly<Record<string, Decode>>

/** Media types of OTLP/HTTP, and those of files that hold one JSON request a line. */
const encodings = new Map<string, Encoding>([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
  ['application/x-ndjson', 'jsonl'],
  ['application/jsonl', 'jsonl'],
])

/** What `Content-Type` names, without its parameters and without case (RFC 9110, 8.3.1). */
const mediaType = (contentType: string | undefined): string =>
  (contentType ?? '').split(';', 1).join('').trim().toLowerCase()

/** The encoding a `Content-Type` names, or undefined for one nobody here reads. */
export const encodingOf = (contentType: string | undefined): Encoding | undefined =>
  encodings.get(mediaType(contentType))

/** Says why a `Content-Type` is not read. gRPC senders get a hint: wrong port or exporter is common. */
export const unsupportedType = (contentType: string | undefined): IngestError =>
  new IngestError(
    'unsupported',
    mediaType(contentType).startsWith('application/grpc')
      ? 'gRPC is not spoken here: use OTLP over HTTP (http/protobuf or http/json)'
      : 'unsupported Content-Type: use application/x-protobuf or application/json',
  )

/** The codings that a `Content-Encoding` says are on a body, `identity` being none. */
export const codingsOf = (contentEncoding: string | null | undefined): readonly string[] =>
  (contentEncoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')

/**
 * The decoder for a `Content-Encoding`, or undefined when the body is as it is. Names are matched
 * without case and `x-gzip` is `gzip` (RFC 9110, 8.4.1); more than one coding is not read.
 */
export const decoderOf = (
  contentEncoding: string | undefined,
  inflate: Inflate,
): Decode | undefined => {
  const codings = codingsOf(contentEncoding)
  if (codings.length === 0) return undefined
  const name = codings[0] === 'x-gzip' ? 'gzip' : codings[0]
  if (codings.length === 1 && name !== undefined && Object.hasOwn(inflate, name)) {
    return inflate[name]
  }
  const known = Object.keys(inflate).join(', ')
  throw new IngestError('unsupported', `unsupported Content-Encoding: use one of ${known}, or none`)
}

/** A valid `Content-Length`, or undefined: it only ever makes an answer earlier, never a limit wider. */
export const declaredLength = (contentLength: string | undefined): number | undefined =>
  contentLength !== undefined && /^\d{1,15}$/.test(contentLength)
    ? Number(contentLength)
    : undefined
