/** Cases that need a configured server: credentials, origins, limits, a base path. */
import { gzipSync } from 'node:zlib'
import { type Case, type Group, json, protobuf, request } from '../case.ts'
import { bytes, len, logsOf, str, utf8 } from '../wire.ts'

const body = logsOf(str(3, 'INFO'))
const type = { 'Content-Type': 'application/x-protobuf' }
const basicToken = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

const withAuthorization = (value: string, expect: Parameters<typeof request>[2]) =>
  request(`Authorization: ${value}`, { headers: { ...type, Authorization: value }, body }, expect)

// biome-ignore format: a case is a line
const bearer: Group = {
  name: 'bearer',
  configuration: { auth: { kind: 'bearer', tokens: ['old-token', 'new-token+/.~_='] } },
  cases: [
    ...['Bearer old-token', 'Bearer new-token+/.~_=', 'bearer old-token', 'BEARER old-token', 'Bearer   old-token'].map((value) => withAuthorization(value, 200)),
    ...['Bearer wrong', 'Bearer old-toke', 'Bearer old-tokenn', 'Bearer OLD-TOKEN', 'Bearer ', 'Bearer', 'old-token', 'Token old-token', 'Bearer old-token new-token', basicToken('user:old-token'), ''].map((value) =>
      withAuthorization(value, { status: 401, headers: { 'WWW-Authenticate': /^Bearer / }, message: /credentials/ }),
    ),
    protobuf('no credentials', body, { status: 401, headers: { 'WWW-Authenticate': /^Bearer / } }),
    json('no credentials, in JSON', '{}', { status: 401, headers: { 'WWW-Authenticate': /^Bearer / } }),
    protobuf('no credentials, unread body', new Uint8Array(200_000), 401),
    request('no credentials and an unknown type: credentials come first', { body }, 401),
    request('a wrong method needs no credentials', { method: 'GET' }, 405),
    request('an unknown path needs no credentials', { path: '/v1/none' }, 404),
    request('/health needs no credentials', { method: 'GET', path: '/health' }, { status: 200, text: '{"status":"ok"}' }),
    request('/ready needs no credentials', { method: 'GET', path: '/ready' }, { status: 200, text: '{"status":"ok"}' }),
  ],
}

// biome-ignore format: a case is a line
const basic: Group = {
  name: 'basic',
  configuration: { auth: { kind: 'basic', tokens: ['alice:s3cret', 'bob:pass:word', 'zoë:gehëim'] } },
  cases: [
    ...['alice:s3cret', 'bob:pass:word', 'zoë:gehëim'].map((user) => withAuthorization(basicToken(user), 200)),
    withAuthorization(basicToken('alice:s3cret').replace('Basic', 'bAsIc'), 200),
    ...[basicToken('alice:wrong'), basicToken('alice:'), basicToken('alice'), basicToken(':s3cret'), basicToken('bob:s3cret'), basicToken('bob:pass'), 'Basic', 'Basic !!!', 'Bearer alice:s3cret'].map((value) =>
      withAuthorization(value, { status: 401, headers: { 'WWW-Authenticate': /^Basic .*UTF-8/ } }),
    ),
    protobuf('no credentials', body, { status: 401, headers: { 'WWW-Authenticate': /^Basic / } }),
  ],
}

const page = 'https://shop.example'
const preflight = {
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'content-type,traceparent',
}
const allowed = {
  'Access-Control-Allow-Origin': page,
  Vary: /origin/i,
  'Access-Control-Expose-Headers': 'Retry-After',
}
const refused = { 'Access-Control-Allow-Origin': null }

// biome-ignore format: a case is a line
const origins: Group = {
  name: 'cors',
  configuration: { corsOrigins: [page, 'http://localhost:3000'], auth: { kind: 'bearer', tokens: ['t'] } },
  cases: [
    ...['/v1/logs', '/v1/traces', '/v1/metrics'].map((path) =>
      request(`preflight ${path}`, { method: 'OPTIONS', path, headers: { Origin: page, ...preflight } }, {
        status: 204,
        headers: { 'Access-Control-Allow-Origin': page, 'Access-Control-Allow-Methods': /POST/, 'Access-Control-Allow-Headers': 'content-type,traceparent', 'Access-Control-Max-Age': /^\d+$/, Vary: /origin/i },
      }),
    ),
    request('preflight from the other origin', { method: 'OPTIONS', headers: { Origin: 'http://localhost:3000', ...preflight } }, { status: 204, headers: { 'Access-Control-Allow-Origin': 'http://localhost:3000' } }),
    request('preflight from elsewhere', { method: 'OPTIONS', headers: { Origin: 'https://evil.example', ...preflight } }, { status: 204, headers: refused }),
    request('preflight from a subdomain', { method: 'OPTIONS', headers: { Origin: 'https://a.shop.example', ...preflight } }, { status: 204, headers: refused }),
    request('preflight from null', { method: 'OPTIONS', headers: { Origin: 'null', ...preflight } }, { status: 204, headers: refused }),
    ...[200, 400].map((status) =>
      request(`an answer ${status}`, { headers: { ...type, Origin: page, Authorization: 'Bearer t' }, body: status === 200 ? body : bytes(1) }, { status, headers: allowed }),
    ),
    request('an answer 401', { headers: { ...type, Origin: page }, body }, { status: 401, headers: allowed }),
    request('an answer 404', { path: '/none', headers: { ...type, Origin: page }, body }, { status: 404, headers: allowed }),
    request('an answer 405', { method: 'PUT', headers: { ...type, Origin: page }, body }, { status: 405, headers: allowed }),
    request('an answer 415', { headers: { 'Content-Type': 'text/plain', Origin: page, Authorization: 'Bearer t' }, body }, { status: 415, headers: allowed }),
    request('an answer to elsewhere', { headers: { ...type, Origin: 'https://evil.example', Authorization: 'Bearer t' }, body }, { status: 200, headers: refused }),
    request('an answer without an origin', { headers: { ...type, Authorization: 'Bearer t' }, body }, { status: 200, headers: refused }),
  ],
}

// biome-ignore format: a case is a line
export const noOrigins: Group = {
  name: 'no cors',
  cases: [
    request('no preflight without origins', { method: 'OPTIONS', headers: { Origin: page, ...preflight } }, { status: 405, headers: refused }),
    request('no header without origins', { headers: { ...type, Origin: page }, body }, { status: 200, headers: refused }),
  ],
}

const sized = (bytesInAll: number) => {
  const around = logsOf(len(5, str(1, 'x'.repeat(bytesInAll)))).length - bytesInAll
  return logsOf(len(5, str(1, 'x'.repeat(bytesInAll - around))))
}
const tooLarge = { status: 413, message: /10000 bytes/ }
const gzip = { headers: { 'Content-Encoding': 'gzip' } }

// biome-ignore format: a case is a line
export const limits: Group = {
  name: 'limits',
  configuration: { maxPayloadBytes: 10_000 },
  cases: [
    protobuf('exactly the limit', sized(10_000), 200),
    protobuf('exactly the limit, chunked', sized(10_000), 200, { chunked: 1000 }),
    protobuf('a byte above', sized(10_001), tooLarge),
    protobuf('a byte above, chunked', sized(10_001), tooLarge, { chunked: 1000 }),
    protobuf('far above', sized(1_000_000), tooLarge),
    protobuf('far above, chunked', sized(1_000_000), tooLarge, { chunked: 50_000 }),
    json('above, in JSON', `{"a":"${'x'.repeat(10_000)}"}`, tooLarge),
    protobuf('above, malformed all the same', new Uint8Array(20_000), tooLarge),
    protobuf('gzip: exactly the limit inside', gzipSync(sized(10_000)), 200, gzip),
    protobuf('gzip: a byte above inside', gzipSync(sized(10_001)), tooLarge, gzip),
    protobuf('gzip: a bomb of 10 MB', gzipSync(new Uint8Array(10_000_000)), tooLarge, gzip),
    protobuf('gzip: a bomb, chunked', gzipSync(new Uint8Array(1_000_000)), tooLarge, { ...gzip, chunked: 100 }),
    json('gzip: above, answered in JSON', gzipSync(utf8(' '.repeat(10_001))), tooLarge, gzip),
    protobuf('an unknown type comes first', sized(10_001), 415, { headers: { 'Content-Type': 'text/plain' } }),
  ] satisfies Case[],
}

// biome-ignore format: a case is a line
const inflight: Group = {
  name: 'in flight',
  configuration: { maxInflightBytes: 5000 },
  cases: [
    protobuf('below the limit', sized(4000), 200),
    protobuf('above the limit', sized(6000), { status: 503, headers: { 'Retry-After': '1' } }),
    protobuf('above the limit, chunked', sized(6000), 503, { chunked: 1000 }),
    json('above the limit, in JSON', `{"a":"${'x'.repeat(6000)}"}`, 503),
    protobuf('above the limit inside gzip', gzipSync(sized(6000)), 503, gzip),
    protobuf('below the limit again: the room was given back', sized(4900), 200),
  ],
}

// biome-ignore format: a case is a line
const basePath: Group = {
  name: 'base path',
  configuration: { basePath: '/otlp' },
  cases: [
    ...['/otlp/v1/logs', '/otlp/v1/traces/', '/otlp/v1/metrics?a=b'].map((path) => protobuf(path, bytes(), 200, { path })),
    ...['/v1/logs', '/otlp', '/otlp/otlp/v1/logs', '/OTLP/v1/logs', '/otlpv1/logs'].map((path) => protobuf(path, bytes(), 404, { path })),
    ...['/health', '/otlp/health', '/ready', '/otlp/ready'].map((path) => request(path, { method: 'GET', path }, { status: 200, text: '{"status":"ok"}' })),
    request('GET /otlp/v1/logs', { method: 'GET', path: '/otlp/v1/logs' }, { status: 405, headers: { Allow: 'POST' } }),
  ],
}

export const configured: readonly Group[] = [bearer, basic, origins, limits, inflight, basePath]
