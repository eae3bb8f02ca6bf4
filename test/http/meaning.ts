/** What a case's body says, read by the judge (@bufbuild/protobuf), not by us. */
import { gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { fromBinary, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { entriesOf, type Request, requestOf, type Signal, schemas } from '../judge/request.ts'
import { type Case, encodingOf, type WireRequest } from './case.ts'

/** Values may be nested deeper than the judge reads by default. */
const recursionLimit = 1000

/** The request that a stored case holds. @throws when the judge cannot read it */
export const meaningOf = (test: Case): Request => {
  const signal = signalOf(test.request.path)
  const encoding = encodingOf(test.request)
  const body = test.means ?? plainBody(test.request)
  if (encoding === 'protobuf') return readProtobuf(signal, body)
  const text = new TextDecoder().decode(body)
  return fromJsonTexts(signal, encoding === 'json' ? [text] : text.split('\n'))
}

/** A protobuf body as the judge reads it. @throws when it cannot, also where a string is no UTF-8 */
export const readProtobuf = (signal: Signal, body: Uint8Array): Request =>
  fromBinary(schemas[signal], body, { recursionLimit })

/** The signal that a path is for. */
export const signalOf = (path: string): Signal =>
  path.includes('/traces') ? 'traces' : path.includes('/metrics') ? 'metrics' : 'logs'

const decoders: Readonly<Record<string, (body: Uint8Array) => Uint8Array>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  'identity, gzip': gunzipSync,
  // The second byte of zlib's format makes the first two a multiple of 31 (RFC 1950, 2.2).
  deflate: (body) => ((body[0] ?? 0) === 0x78 ? inflateSync : inflateRawSync)(body),
  zstd: zstdDecompressSync,
}

/** The body without its content coding. */
const plainBody = ({ headers, body = new Uint8Array() }: WireRequest): Uint8Array => {
  const coding = (headers['Content-Encoding'] ?? '').toLowerCase()
  return decoders[coding]?.(body) ?? body
}

/** All texts as one request; white space alone is none. */
const fromJsonTexts = (signal: Signal, texts: readonly string[]): Request => {
  const schema = schemas[signal]
  const options = { ignoreUnknownFields: true, recursionLimit }
  const entries = texts
    .filter((text) => text.trim() !== '')
    .flatMap((text) => entriesOf(fromJson(schema, parse(text), options)))
  return requestOf(signal, entries)
}

/** The reviver's third argument (ECMAScript 2026, JSON.parse source text access). */
type Parse = (
  text: string,
  reviver: (key: string, value: JsonValue, context: { source?: string }) => unknown,
) => JsonValue

/** OTLP/JSON as the JSON that proto3 knows: ids in base64, and integers that a double would round as strings. */
const parse = (text: string): JsonValue =>
  (JSON.parse as Parse)(text, (key, value, { source }) => {
    if (/^(trace|span|parentSpan)(Id|_id)$/.test(key) && typeof value === 'string') {
      return Buffer.from(value, 'hex').toString('base64')
    }
    return typeof value === 'number' && /^-?\d{16,}$/.test(source ?? '') ? source : value
  })
