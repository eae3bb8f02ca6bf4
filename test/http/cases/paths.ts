/** Where requests go: paths, methods, probes. */
import { type Case, json, protobuf, request } from '../case.ts'
import { bytes } from '../wire.ts'

const signals = ['logs', 'traces', 'metrics'] as const
const none = bytes()
const type = { 'Content-Type': 'application/x-protobuf' }

// biome-ignore format: a case is a line
const exports: readonly Case[] = signals.flatMap((signal) => [
  protobuf(`${signal}: empty protobuf`, none, 200, { signal }),
  json(`${signal}: empty JSON object`, '{}', 200, { signal }),
  protobuf(`${signal}: trailing slash`, none, 200, { path: `/v1/${signal}/` }),
  json(`${signal}: a query string changes nothing`, '{}', 200, { path: `/v1/${signal}?a=b&c` }),
])

// biome-ignore format: a case is a line
const unknownPaths: readonly Case[] = [
  ...['/v1', '/v1/', '/v1/log', '/v1/logs/x', '/v2/logs', '/V1/logs', '/v1/LOGS', '/v1/profiles'],
  ...['/v1development/profiles', '/logs', '/otlp/v1/logs', '/v1/logs.json', '/index.html', '/v1/logs%2f'],
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
].map((path) => protobuf(`unknown path ${path}`, none, 404, { path }))

// biome-ignore format: a case is a line
const doubled: readonly Case[] = ['//v1/logs', '/v1//logs', '/v1/logs//'].map((path) =>
  protobuf(`doubled slash ${path}`, none, 404, { path }),
)

// biome-ignore format: a case is a line
const otherMethods: readonly Case[] = signals.flatMap((signal) =>
  ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'].map((method) =>
    request(
      `${method} /v1/${signal}`,
      { method, path: `/v1/${signal}`, headers: type },
      { status: 405, headers: { Allow: 'POST' } },
    ),
  ),
)

// biome-ignore format: a case is a line
const notFound: readonly Case[] = [
  json('an unknown path is answered in the encoding of the request', '{}', 404, { path: '/v1/none' }),
  request('an unknown path without a type is answered in protobuf', { path: '/none' }, 404),
  request('GET of an unknown path', { method: 'GET', path: '/' }, 404),
  request('a wrong method without a type is answered in protobuf', { method: 'GET' }, 405),
  request(
    'a wrong method is answered in the encoding of the request',
    { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: bytes(0x7b, 0x7d) },
    { status: 405, headers: { Allow: 'POST' }, message: /POST/ },
  ),
]

// biome-ignore format: a case is a line
const probes: readonly Case[] = ['/health', '/ready'].flatMap((path) => [
  request(
    `GET ${path}`,
    { method: 'GET', path },
    { status: 200, text: '{"status":"ok"}', headers: { 'Content-Type': 'application/json' } },
  ),
  request(`GET ${path}/`, { method: 'GET', path: `${path}/` }, { status: 200, text: '{"status":"ok"}' }),
  request(`HEAD ${path}`, { method: 'HEAD', path }, 200),
  request(`POST ${path}`, { path }, { status: 405, headers: { Allow: 'GET, HEAD' } }),
])

// biome-ignore format: a case is a line
export const paths: readonly Case[] = [
  ...exports,
  ...unknownPaths,
  ...doubled,
  ...otherMethods,
  ...notFound,
  ...probes,
]
