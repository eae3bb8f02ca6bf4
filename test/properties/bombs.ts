/** Requests that are cheap to send and dear to read: each is made to break a decoder that trusts what it is told. */
import { gzipSync } from 'node:zlib'
import type { Signal } from '../judge/request.ts'
import {
  bytes,
  each,
  field,
  fixed64,
  inPieces,
  joined,
  jsonRecord,
  keyValue,
  nested,
  record,
  repeated,
  request,
  resource,
  stringValue,
  text,
  texts,
} from './pieces.ts'

export interface Bomb {
  readonly name: string
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json'
  readonly isGzip: boolean
  readonly status: number
  /** As it goes over the wire. */
  readonly body: () => Uint8Array
}

const bombsOf =
  (signal: Signal, encoding: Bomb['encoding'], isGzip = false) =>
  (status: number, name: string, body: () => Uint8Array): Bomb => ({
    name,
    signal,
    encoding,
    isGzip,
    status,
    body,
  })

const logs = bombsOf('logs', 'protobuf')
const traces = bombsOf('traces', 'protobuf')
const metrics = bombsOf('metrics', 'protobuf')
const json = bombsOf('logs', 'json')
const gzipped = bombsOf('logs', 'json', true)

const million = 1_000_000
const mega = 1 << 20

const emptyAt = (tag: number, times: number) => repeated(bytes(tag, 0), times)
const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)

/** An exponential histogram's point with these bytes in its positive buckets. */
const buckets = (content: Uint8Array) => record(field(10, field(1, field(8, content))))

/** A record with this text as an attribute. */
const attribute = (value: Uint8Array) => record(field(6, keyValue('k', stringValue(value))))

const deep = (open: string, close: string) =>
  jsonRecord(`"body":${open.repeat(million)}{}${close.repeat(million)}`)

const numbered = (times: number, piece: (i: number) => string) =>
  Array.from({ length: times }, (_, i) => piece(i))

/** Single keys that are written wrapped, at each of 98 levels. */
const wrapped = (value: Uint8Array) =>
  Array.from({ length: 98 }).reduce<Uint8Array>(
    (inner) => field(6, field(1, keyValue('bytesValue', inner))),
    stringValue(value),
  )

const aliasedName = (i: number) => `${'a'.repeat(32)}${`${i}`.padStart(8, '0')}${'z'.repeat(16)}`

export const bombs: readonly Bomb[] = [
  gzipped(413, 'gzip 1000:1, 1 GB of zeros', () =>
    repeated(gzipSync(new Uint8Array(64 * mega)), 16),
  ),
  gzipped(200, 'gzip 1000:1, 60 MB of white space', () => gzipSync(`${' '.repeat(60 * mega)}{}`)),

  logs(200, 'kvlists 1,000,000 deep', () => record(field(5, nested([2, 1, 6], million)))),
  logs(200, 'arrays 1,000,000 deep', () => record(field(5, nested([1, 5], million)))),
  logs(200, 'first fields 1,000,000 deep', () => nested([1], million)),
  json(400, 'kvlists 1,000,000 deep', () => deep('{"kvlistValue":{"values":[{"value":', '}]}}')),
  json(400, 'arrays 1,000,000 deep', () => deep('{"arrayValue":{"values":[', ']}}')),
  json(400, 'brackets 1,000,000 deep', () => text(`{"x":${'['.repeat(million)}`)),
  json(400, 'objects 1,000,000 deep', () =>
    text(`${'{"x":'.repeat(million)}1${'}'.repeat(million)}`),
  ),

  metrics(413, '20 MB of packed varints', () => buckets(field(2, filled(20 * mega, 1)))),
  metrics(200, '5 MB of packed varints', () => buckets(field(2, filled(5 * mega, 1)))),
  metrics(200, '20 MB of packed varints of ten bytes', () =>
    buckets(field(2, repeated(bytes(...filled(9, 0x80), 1), 2 * mega))),
  ),
  metrics(413, '20 MB of unpacked varints', () => buckets(repeated(bytes(0x10, 1), 10 * mega))),
  metrics(400, 'a packed field whose length is a lie', () =>
    buckets(bytes(0x12, 0xff, 0xff, 0x7f)),
  ),

  logs(200, '1,000,000 empty resources', () => emptyAt(0x0a, million)),
  json(200, '1,000,000 empty resources', () =>
    text(`{"resourceLogs":[{}${',{}'.repeat(million)}]}`),
  ),
  traces(200, '1,000,000 empty scopes', () => field(1, emptyAt(0x12, million))),
  metrics(200, '1,000,000 empty metrics', () => request(emptyAt(0x12, million))),
  metrics(200, '1,000,000 metrics without points', () =>
    request(repeated(bytes(0x12, 2, 0x2a, 0), million)),
  ),
  logs(413, '1,000,001 empty records', () => request(emptyAt(0x12, million + 1))),
  traces(413, '10,000,000 empty events', () => record(emptyAt(0x5a, 10 * million))),
  traces(200, '1,000,000 empty events', () => record(emptyAt(0x5a, million))),
  traces(200, '1,050,000 links and nothing else', () =>
    record(repeated(field(13, field(1, filled(16, 7)), field(2, filled(8, 7))), 1_050_000)),
  ),
  metrics(200, '1,000,000 exemplars', () => record(field(5, field(1, emptyAt(0x2a, million))))),
  logs(413, '10,000,000 empty entity references', () => resource(emptyAt(0x1a, 10 * million))),
  logs(413, '1,000,000 empty entity references', () => resource(emptyAt(0x1a, million))),
  logs(200, '250,000 empty entity references', () => resource(emptyAt(0x1a, million / 4))),
  logs(413, '10,000,001 empty keys of an entity', () =>
    resource(field(3, emptyAt(0x1a, 10 * million + 1))),
  ),

  logs(200, '1,000,000 attributes', () => record(texts([1, 6], million, (i) => `${i}`))),
  json(200, '300,000 attributes, their keys last', () =>
    jsonRecord(`"attributes":[${numbered(300_000, (i) => `{"value":{},"key":"${i}"}`)}]`),
  ),
  logs(200, '1,000,000 times service.name', () =>
    resource(repeated(field(1, keyValue('service.name', stringValue(text('x')))), million)),
  ),
  logs(200, '1,000,000 pieces of a body', () =>
    record(repeated(field(5, stringValue(text('x'))), million)),
  ),
  logs(200, '1,000,000 pieces of a resource', () =>
    field(1, repeated(field(1), million), field(2, field(2))),
  ),
  logs(200, '98 levels of values in two pieces, 20 MB', () =>
    record(field(6, keyValue('k', inPieces(filled(20 * mega, 0x61))))),
  ),
  logs(200, '98 levels of wrapped kvlists, 10 MB', () =>
    record(field(6, keyValue('k', wrapped(filled(10 * mega, 0x61))))),
  ),
  metrics(200, '500,000 changes of a metric from gauge to sum', () =>
    record(repeated(joined(field(5, field(1)), field(7)), million / 2)),
  ),

  traces(200, '50,000 span names made to collide', () =>
    request(texts([5, 2], 50_000, aliasedName)),
  ),
  logs(200, '100,000 services', () =>
    each(100_000, (i) => resource(field(1, keyValue('service.name', stringValue(text(`${i}`)))))),
  ),
  logs(200, '100,000 hours', () =>
    request(each(100_000, (i) => field(2, fixed64(1, 3_600_000_000_000n * BigInt(i + 1))))),
  ),

  logs(413, '30 MB that are no UTF-8', () => record(field(5, stringValue(filled(30e6, 0xff))))),
  logs(200, '5 MB that are no UTF-8', () => record(field(5, stringValue(filled(5 * mega, 0xff))))),
  logs(413, '30 MB of control characters', () => attribute(filled(30e6, 1))),
  logs(413, '30 MB of control characters in a resource', () =>
    resource(field(1, keyValue('service.name', stringValue(filled(30e6, 1))))),
  ),
  logs(200, '2 MB of control characters', () => attribute(filled(2 * mega, 1))),
  logs(200, '32 MB of a text, and as many control characters as it may have', () =>
    attribute(joined(filled(31.3e6, 0x61), filled(1.6e6, 1))),
  ),
  logs(413, '16,000,000 empty attributes', () => record(emptyAt(0x32, 16 * million))),
  logs(413, '8,000,000 empty bytes in an array', () =>
    record(field(5, field(5, repeated(bytes(0x0a, 2, 0x3a, 0), 8 * million)))),
  ),
  json(200, '20 MB of escapes', () =>
    jsonRecord(`"body":{"stringValue":"${'\\u0001'.repeat(3_500_000)}"}`),
  ),

  logs(200, '3,000,000 unknown fields of the longest numbers', () =>
    record(repeated(bytes(0xf8, 0xff, 0xff, 0xff, 0x0f, 1), 3 * million)),
  ),
  logs(200, '2,000,000 tags of ten bytes', () =>
    record(repeated(bytes(0x88, 0x81, ...filled(7, 0x80), 0, 1), 2 * million)),
  ),
  json(200, '1,000,000 unknown keys', () =>
    jsonRecord(numbered(million, (i) => `"${i}":null`).join()),
  ),
  json(400, 'an integer of 1,000,000 digits', () =>
    jsonRecord(`"timeUnixNano":${'9'.repeat(million)}`),
  ),
  json(400, 'an exponent of 1,000,000 digits', () =>
    jsonRecord(`"timeUnixNano":1e${'9'.repeat(million)}`),
  ),
  json(200, 'a double of 1,000,000 digits', () =>
    jsonRecord(`"body":{"doubleValue":0.${'9'.repeat(million)}}`),
  ),
]
