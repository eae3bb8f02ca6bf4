/** `Content-Type`: what is read, how it is spelled, what is refused. */
import { type Case, request } from '../case.ts'
import { bytes, utf8 } from '../wire.ts'

const send = (type: string, body: Uint8Array, expect: Parameters<typeof request>[2]) =>
  request(`Content-Type: ${type}`, { headers: { 'Content-Type': type }, body }, expect)

const empty = bytes()
const object = utf8('{}')

// biome-ignore format: a case is a line
const protobufTypes: readonly Case[] = [
  'application/x-protobuf',
  'Application/X-Protobuf',
  'APPLICATION/X-PROTOBUF',
  'application/x-protobuf;charset=utf-8',
  'application/x-protobuf; charset=utf-8',
  'application/x-protobuf ;a=b ; c="d;e"',
  'application/x-protobuf;messageType="opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest"',
  'application/x-protobuf;',
].map((type) => send(type, empty, 200))

// biome-ignore format: a case is a line
const jsonTypes: readonly Case[] = [
  'application/json',
  'Application/JSON',
  'application/json;charset=utf-8',
  'application/json; charset=UTF-8',
  'application/json; charset="utf-8"',
  'application/json ; charset=utf-8',
].map((type) => send(type, object, 200))

// biome-ignore format: a case is a line
const lineTypes: readonly Case[] = [
  'application/x-ndjson',
  'application/jsonl',
  'application/x-ndjson; charset=utf-8',
  'Application/JSONL',
].map((type) => send(type, object, 200))

// biome-ignore format: a case is a line
const otherTypes: readonly Case[] = [
  'text/plain',
  'text/json',
  'text/html; charset=utf-8',
  'application/xml',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/protobuf',
  'application/x-protobuf2',
  'application/vnd.google.protobuf',
  'application/jsonx',
  'application/ld+json',
  'application/*',
  '*/*',
  'protobuf',
  'application',
  'application/',
  ';',
  'application/x-msgpack',
  '__proto__',
  'constructor',
].map((type) => send(type, empty, { status: 415, message: /x-protobuf.*json/ }))

// biome-ignore format: a case is a line
const grpcTypes: readonly Case[] = [
  'application/grpc',
  'application/grpc+proto',
  'application/grpc-web',
  'application/grpc;charset=utf-8',
].map((type) => send(type, empty, { status: 415, message: /gRPC/ }))

// biome-ignore format: a case is a line
export const contentTypes: readonly Case[] = [
  ...protobufTypes,
  ...jsonTypes,
  ...lineTypes,
  ...otherTypes,
  ...grpcTypes,
  request('no Content-Type', { body: empty }, 415),
  request('no Content-Type, but a JSON body', { body: object }, { status: 415, encoding: 'protobuf' }),
  request('an empty Content-Type', { headers: { 'Content-Type': '' }, body: empty }, 415),
  request('the header name in upper case', { headers: { 'CONTENT-TYPE': 'application/json' }, body: object }, 200),
  request(
    'Accept does not choose the encoding of the answer',
    { headers: { 'Content-Type': 'application/json', Accept: 'application/x-protobuf' }, body: object },
    200,
  ),
  request(
    'JSON sent as protobuf is malformed',
    { headers: { 'Content-Type': 'application/x-protobuf' }, body: object },
    400,
  ),
  request(
    'protobuf sent as JSON is malformed',
    { headers: { 'Content-Type': 'application/json' }, body: bytes(10, 0) },
    400,
  ),
]
