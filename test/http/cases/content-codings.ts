/** `Content-Encoding`: what is inflated, how it is spelled, what is refused. */
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type Case, json, protobuf } from '../case.ts'
import { bytes, cut, logsOf, str, utf8 } from '../wire.ts'

const body = logsOf(str(3, 'INFO'))
const text = utf8('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"INFO"}]}]}]}')
const long = logsOf(str(3, 'x'.repeat(100_000)))

const encoded = (coding: string) => ({ headers: { 'Content-Encoding': coding } })
const codings = {
  gzip: gzipSync,
  deflate: deflateSync,
  zstd: zstdCompressSync,
} as const

// biome-ignore format: a case is a line
const eachCoding: readonly Case[] = Object.entries(codings).flatMap(([coding, compress]) => [
  protobuf(`${coding}: protobuf`, compress(body), 200, encoded(coding)),
  json(`${coding}: JSON`, compress(text), 200, encoded(coding)),
  protobuf(`${coding}: 100 kB`, compress(long), 200, encoded(coding)),
  protobuf(`${coding}: chunked`, compress(body), 200, { ...encoded(coding), chunked: 5 }),
  protobuf(`${coding}: nothing inside`, compress(bytes()), 200, encoded(coding)),
  protobuf(`${coding}: cut at its end`, cut(compress(long), 1), 400, encoded(coding)),
  protobuf(`${coding}: cut in the middle`, cut(compress(long), 20), 400, encoded(coding)),
  protobuf(`${coding}: cut to one byte`, compress(body).subarray(0, 1), 400, encoded(coding)),
  protobuf(`${coding}: not compressed at all`, body, 400, encoded(coding)),
  protobuf(`${coding}: noise`, bytes(...Array.from({ length: 64 }, (_, i) => (i * 151 + 7) % 256)), 400, encoded(coding)),
  json(`${coding}: the error is answered in JSON`, 'noise', 400, encoded(coding)),
  protobuf(`${coding}: the body is empty`, bytes(), 400, encoded(coding)),
  json(`${coding}: the body is empty, answered in JSON`, '', 400, encoded(coding)),
  protobuf(`${coding}: malformed inside`, compress(bytes(0x0a, 0x7f)), 400, encoded(coding)),
])

const damaged = (place: (whole: Buffer) => number) => {
  const whole = gzipSync(body)
  const at = place(whole)
  whole[at] = (whole[at] ?? 0) ^ 0xff
  return whole
}

// biome-ignore format: a case is a line
const gzip: readonly Case[] = [
  protobuf('gzip: several members', bytes(...gzipSync(body), ...gzipSync(body)), 200, encoded('gzip')),
  protobuf('gzip: a wrong checksum', damaged((whole) => whole.length - 8), 400, encoded('gzip')),
  protobuf('gzip: a wrong length', damaged((whole) => whole.length - 1), 400, encoded('gzip')),
  protobuf('gzip: a wrong magic number', damaged(() => 1), 400, encoded('gzip')),
  protobuf('gzip: compressed twice', gzipSync(gzipSync(body)), 400, encoded('gzip')),
  protobuf('gzip without saying so', gzipSync(body), 400),
  json('gzip of JSON without saying so', gzipSync(text), 400),
]

// biome-ignore format: a case is a line
const spellings: readonly Case[] = [
  protobuf('identity', body, 200, encoded('identity')),
  protobuf('Identity', body, 200, encoded('Identity')),
  protobuf('GZIP', gzipSync(body), 200, encoded('GZIP')),
  protobuf('Gzip', gzipSync(body), 200, encoded('Gzip')),
  protobuf('x-gzip', gzipSync(body), 200, encoded('x-gzip')),
  protobuf('Deflate', deflateSync(body), 200, encoded('Deflate')),
  protobuf('identity and gzip', gzipSync(body), 200, encoded('identity, gzip')),
  protobuf('an empty Content-Encoding', body, 200, encoded('')),
]

// biome-ignore format: a case is a line
const unknown: readonly Case[] = [
  ...['br', 'compress', 'snappy2', 'gzipp', 'utf-8', 'gzip;q=1', '*', 'constructor', '__proto__', 'aws-chunked'],
  ...['gzip, gzip', 'gzip, deflate', 'deflate,gzip'],
].flatMap((coding) => [
  protobuf(`unknown coding ${coding}`, body, { status: 415, message: /gzip/ }, encoded(coding)),
])

// biome-ignore format: a case is a line
export const contentCodings: readonly Case[] = [
  ...eachCoding,
  ...gzip,
  ...spellings,
  ...unknown,
  json('an unknown coding is answered in JSON', text, 415, encoded('br')),
  protobuf('deflate: raw, without the zlib format around it', deflateRawSync(body), 200, encoded('deflate')),
]
