/**
 * Where the OpenTelemetry Collector's otlpreceiver, 0.161, answers single cases otherwise, and why
 * we do not follow. A difference that is not listed fails the comparison, and so does one that is
 * listed and no longer there.
 */
import type { Case, Expected } from './case.ts'

export interface Difference {
  readonly reason: string
  /** Names of cases, or patterns of such. */
  readonly cases: readonly (string | RegExp)[]
  /** What it answers instead; our answer without it. */
  readonly answer?: Expected
  /** What it passes on instead of what was sent: so many records, or bytes that the judge cannot read. */
  readonly passedOn?: number | 'unreadable'
}

/** A body that it does not read, for whatever reason. */
const refused: Expected = { status: 400 }

export const differences: readonly Difference[] = [
  {
    reason: '413 says what is wrong (OTLP 1.11: MUST), on the wire and after decompression',
    cases: [/^(gzip: )?(a byte|far|a bomb|above)/],
    answer: refused,
  },
  {
    reason: 'a trailing slash in an endpoint is a common slip and means nothing else',
    cases: [/^(logs|traces|metrics): trailing slash$/],
    answer: { status: 404 },
  },
  {
    reason:
      'no redirects: some senders count 3xx as success (its router redirects, with 301 before Go 1.26)',
    cases: [/^doubled slash /],
    answer: { status: 307, headers: { Location: /^\/v1\/logs/ } },
  },
  {
    reason: 'its health check is an extension on another port',
    cases: [/^(GET|HEAD|POST) \/(health|ready)\/?$/],
    answer: { status: 404 },
  },
  {
    reason: 'the files of its own file exporter can be sent to us as they are',
    cases: [/^lines: /, /^Content-Type: application\/(x-ndjson|jsonl)/i],
    answer: { status: 415 },
  },
  {
    reason:
      'codings are matched without case and x-gzip is gzip (RFC 9110, 8.4.1), identity is none',
    cases: ['identity', 'Identity', 'GZIP', 'Gzip', 'x-gzip', 'Deflate', 'identity and gzip'],
    answer: refused,
  },
  {
    reason: '415 says what is wrong: the coding, not the body',
    cases: [/^unknown coding /, 'an unknown coding is answered in JSON'],
    answer: refused,
  },
  {
    reason: 'some senders leave the zlib format out, and browsers accept both',
    cases: ['deflate: raw, without the zlib format around it'],
    answer: refused,
  },
  {
    reason:
      'no bytes are no frame of zstd (RFC 8878, 3.1): a body was lost on its way, and is not an empty request',
    cases: ['zstd: the body is empty'],
    answer: { status: 200 },
    passedOn: 0,
  },
  {
    reason: 'its error quotes input that is no UTF-8 and cannot be encoded: 500 instead of 400',
    cases: [
      'gzip of JSON without saying so',
      'JSON: UTF-16',
      'JSON: two byte order marks',
      'JSON: invalid UTF-8 in a body',
      'JSON log: a negative time as a number',
    ],
    answer: { status: 500 },
  },
  {
    reason:
      'RFC 8259, 8.1 lets a reader ignore a byte order mark, and files on Windows begin with it',
    cases: ['JSON: a byte order mark'],
    answer: { status: 500 },
  },
  {
    reason: 'what is not JSON is refused: a lenient reader stores half of a request',
    cases: [/^JSON: .* behind the end$/, /^JSON: .* in UTF-8$/, 'JSON: invalid UTF-8 in a string'],
    answer: { status: 200 },
    passedOn: 0,
  },
  {
    reason: 'protobuf strings are UTF-8: bad bytes are repaired and counted, it passes them on',
    cases: ['log: invalid UTF-8 in a string', 'log: a cut character at the end of a string'],
    passedOn: 'unreadable',
  },
  {
    reason: 'ids of zeros are ids as they were sent; it makes them empty',
    cases: ['span: ids of zeros', 'JSON log: ids of zeros'],
    passedOn: 1,
  },
  {
    reason:
      'parts of a message merge and a repeated field has all its parts (protobuf encoding): it keeps the last',
    cases: [
      'log: an array in two parts: merged',
      'metric: a sum in two parts: merged',
      'metric: packed and unpacked counts',
    ],
    passedOn: 1,
  },
  {
    reason: 'a tenth byte above 1 does not fit into 64 bits',
    cases: ['log: a varint of 64 bits and one more'],
    answer: { status: 200 },
    passedOn: 1,
  },
  {
    reason: 'groups are refused, whole or not',
    cases: ['request: a group without an end'],
    answer: { status: 200 },
    passedOn: 0,
  },
  {
    reason: 'null is as good as absent (proto3 JSON); the JavaScript SDK writes NaN as null',
    cases: ['JSON log: a time null', 'JSON log: an id null', 'JSON metric: gauge of null'],
    answer: refused,
  },
  {
    reason: 'null is as good as absent (proto3 JSON): no value, and no element',
    cases: ['JSON log: value string null', 'JSON span: an event null'],
    passedOn: 1,
  },
  {
    reason: 'proto3 JSON: base64 is standard or URL-safe, with or without padding',
    cases: ['JSON log: value bytes without padding', 'JSON log: value bytes with - and _'],
    answer: refused,
  },
  {
    reason: 'a record with a broken id is rejected by itself: it must not cost the others',
    cases: [
      /^(log|span|point) with .*(trace|span|parent) id/,
      /^log with (both ids|wrong ids|three of five)/,
      /^JSON log with a (trace|span) id/,
    ],
    answer: refused,
  },
  {
    reason: 'a signed 64-bit column cannot hold it: the sender shall know',
    cases: [/^(JSON )?(log|span|point) with .* 2\^6[34]/],
    answer: { status: 200 },
  },
  {
    reason: 'values nested above 100 are rejected: their JSON text could not be read by others',
    cases: [/^log with .* nested 101 deep$/],
    answer: { status: 200 },
  },
]

/** The difference that is listed for a case. @throws when there are several */
export const differenceOf = ({ name }: Case): Difference | undefined => {
  const found = differences.filter(({ cases }) => cases.some((one) => fits(one, name)))
  if (found.length > 1) throw new Error(`several differences are listed for ${name}`)
  return found[0]
}

/** What the list names that no case is called. */
export const unknownNames = (names: readonly string[]): string[] =>
  differences
    .flatMap(({ cases }) => cases)
    .filter((one) => !names.some((name) => fits(one, name)))
    .map(String)

const fits = (one: string | RegExp, name: string): boolean =>
  typeof one === 'string' ? one === name : one.test(name)
