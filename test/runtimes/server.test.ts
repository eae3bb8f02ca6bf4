// Protects what senders see of the server below the application: its own words for everything, TLS, and a stop that cuts nothing.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { trackRequests } from '../../runtimes/node/drain.ts'
import { receiveIncoming } from '../../runtimes/node/receive.ts'
import { type HttpServer, httpLimits, serve } from '../../runtimes/node/server.ts'
import { contentCodings } from '../../runtimes/shared/content-codings.ts'
import { createApp } from '../../src/app.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Ingest } from '../../src/ingest.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { stored } from '../http/harness.ts'
import { selfSigned } from './certificate.ts'
import { answersIn, connectTo } from './raw-http.ts'

/** For headers that never come; other tests may take as long as a busy machine does. */
const impatient = { ...httpLimits, headersTimeout: 200, connectionsCheckingInterval: 50 }

let servers: HttpServer[] = []
afterEach(async () => {
  await Promise.all(servers.map((server) => server.drain()))
  servers = []
})

const start = async (
  ingest: Ingest = async () => stored,
  overrides: Partial<Config> = {},
  limits = httpLimits,
) => {
  const config: Config = {
    ...readConfig({ OTLP2PARQUET_LISTEN_ADDR: '127.0.0.1:0' }, 'node'),
    ...overrides,
  }
  const app = createApp({
    ingest,
    ready: async () => {},
    inflate: contentCodings(),
    receive: receiveIncoming,
    auth: { kind: 'none' },
    limits: config,
    metrics: noMetrics,
    log: noLog,
  })
  const server = await serve(app, config, noLog, limits)
  servers.push(server)
  return server
}

const head = (...lines: string[]) =>
  [
    'POST /v1/logs HTTP/1.1',
    'Host: x',
    'Content-Type: application/x-protobuf',
    ...lines,
    '',
    '',
  ].join('\r\n')
const post = (body = 'x') => `${head(`Content-Length: ${body.length}`)}${body}`

describe('what is no request for the application is answered in our words', () => {
  const cases: [what: string, bytes: string, status: number, words: string][] = [
    ['junk', 'hello\r\n\r\n', 400, 'this is no HTTP request'],
    ['TLS on a plain port', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400, 'this is no HTTP request'],
    [
      'huge headers',
      head(`X-Big: ${'x'.repeat(20_000)}`),
      431,
      'the request headers are too large',
    ],
    ['two lengths', head('Content-Length: 1', 'Content-Length: 2'), 400, 'this is no HTTP request'],
    [
      'headers that stop coming',
      'POST /v1/logs HTTP/1.1\r\nHost: x\r\n',
      503,
      'headers did not arrive in time',
    ],
    [
      'an invalid Host',
      head('Content-Length: 0').replace('Host: x', 'Host: a b'),
      400,
      'Host header is invalid',
    ],
    [
      'no Host',
      head('Content-Length: 0').replace('Host: x\r\n', ''),
      400,
      'the request target or Host header is invalid',
    ],
    ['a connection that says nothing', '', 503, 'headers did not arrive in time'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'this is no HTTP request'],
    [
      'a length and chunks',
      head('Content-Length: 1', 'Transfer-Encoding: chunked'),
      400,
      'this is no HTTP request',
    ],
    [
      'huge trailers',
      `${head('Transfer-Encoding: chunked')}1\r\nx\r\n0\r\nX-Big: ${'x'.repeat(20_000)}`,
      431,
      'the request headers are too large',
    ],
    [
      'a chunk without a length',
      `${head('Transfer-Encoding: chunked')}zz\r\n`,
      400,
      'this is no HTTP request',
    ],
  ]
  test.each(cases)('%s', async (_what, bytes, status, words) => {
    const { url } = await start(undefined, {}, status === 503 ? impatient : httpLimits)
    const connection = await connectTo(url)
    connection.send(bytes)
    const received = await connection.until(words)
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(received).toMatch(/content-type: application\/x-protobuf\r\n/i)
    expect(answersIn(received)).toBe(1)
    if (status === 503) expect(received).toMatch(/retry-after: 1\r\n/i)
    connection.end()
  })
})

test.each([
  ['a probe', 'GET /health HTTP/1.0\r\n\r\n', '{"status":"ok"}'],
  ['a sender', post().replace('HTTP/1.1', 'HTTP/1.0').replace('Host: x\r\n', ''), '200 OK'],
])('%s that speaks HTTP/1.0 needs no Host', async (_who, bytes, words) => {
  const { url } = await start()
  const connection = await connectTo(url)
  connection.send(bytes)
  const received = await connection.all
  expect(received).toMatch(/^HTTP\/1\.1 200 /)
  expect(received).toContain(words)
})

test.each([
  ['that asks for HTTP/2 instead', ['Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAM']],
  ['with an unknown expectation', ['Expect: wonders']],
  ['that waits to be told to go on', ['Expect: 100-continue']],
])('a request %s is answered like any other', async (_what, lines) => {
  const { url } = await start()
  const connection = await connectTo(url)
  connection.send(`${head('Content-Length: 1', ...lines)}x`)
  expect(await connection.until('200 OK')).not.toMatch(/HTTP\/1\.1 (?!100|200)/)
  connection.end()
})

describe('a body', () => {
  test.each([
    ['of known length', head('Content-Length: 10')],
    ['in chunks', `${head('Transfer-Encoding: chunked')}5\r\n`],
  ])('%s that stalls: 503, and the connection ends', async (_how, start_) => {
    const { url } = await start(undefined, { requestDeadlineMs: 300 })
    const connection = await connectTo(url)
    connection.send(`${start_}half`)
    const received = await connection.all
    expect(received).toMatch(/^HTTP\/1\.1 503 /)
    expect(received).toMatch(/retry-after: 1\r\n/i)
    expect(received).toMatch(/connection: close\r\n/i)
    expect(answersIn(received)).toBe(1)
  })

  test('refused before its end: the sender may write on and still reads the answer', async () => {
    const { url } = await start(undefined, { maxPayloadBytes: 1000 })
    const connection = await connectTo(url)
    connection.send(head('Content-Length: 3000000'))
    for (let i = 0; i < 30; i++) connection.send('x'.repeat(100_000))
    expect(await connection.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 413 /)
    connection.send(post())
    expect(await connection.until('HTTP/1.1 200')).toBeTruthy()
    connection.end()
  })

  test('of several requests sent at once: all are answered, in order', async () => {
    const { url } = await start()
    const connection = await connectTo(url)
    connection.send(post() + post().replace('logs', 'nowhere') + post())
    const received = await connection.until('HTTP/1.1 404').then(() => connection.until('200 OK'))
    connection.end()
    expect(
      (received + (await connection.all).slice(received.length)).match(/HTTP\/1.1 \d+/g),
    ).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200'])
  })
})

describe('TLS', () => {
  let folder: string
  const file = (name: string) => join(folder, name)
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-tls-'))
    const [own, other] = [selfSigned(), selfSigned()]
    await writeFile(file('cert.pem'), own.cert)
    await writeFile(file('key.pem'), own.key)
    await writeFile(file('other.pem'), other.key)
    await writeFile(file('junk.pem'), 'junk')
  })
  afterAll(() => rm(folder, { recursive: true }))

  const startTls = (cert: string, key: string) =>
    start(undefined, { tls: { cert: file(cert), key: file(key) } })

  test('requests are answered over it', async () => {
    const { url } = await startTls('cert.pem', 'key.pem')
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const ca = await readFile(file('cert.pem'))
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const sent = request(
        `${url}/v1/logs`,
        { method: 'POST', ca, headers, agent: false },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
      sent.on('error', reject).end('{}')
    })
    expect(status).toBe(200)
  })

  test('what is no TLS closes its connection and nothing else', async () => {
    const { url } = await startTls('cert.pem', 'key.pem')
    const connection = await connectTo(url)
    connection.send(post())
    expect(await connection.all).not.toContain('HTTP/1.1 2')
    const again = await connectTo(url)
    again.end()
    expect(await again.all).toBe('')
  })

  test.each([
    ['missing.pem', 'key.pem', /cannot read .*missing\.pem/],
    ['cert.pem', 'missing.pem', /cannot read .*missing\.pem/],
    ['junk.pem', 'key.pem', /cannot use the certificate .*junk\.pem/],
    ['cert.pem', 'other.pem', /cannot use the certificate .*cert\.pem with .*other\.pem/],
  ])('%s with %s is told', async (cert, key, message) => {
    await expect(startTls(cert, key)).rejects.toThrow(message)
  })
})

describe('a drain', () => {
  /** An ingest that ends when it is told to. */
  const held = () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    let begun = () => {}
    const started = new Promise<void>((resolve) => (begun = resolve))
    const ingest: Ingest = async () => {
      begun()
      await gate
      return stored
    }
    return { ingest, started, release: () => release() }
  }

  test('answers what has begun, says that the connection ends, and takes nothing new', async () => {
    const { ingest, started, release } = held()
    const server = await start(ingest)
    const connection = await connectTo(server.url)
    connection.send(post())
    await started
    const drained = server.drain()
    await expect(connectTo(server.url)).rejects.toThrow('ECONNREFUSED')
    release()
    const received = await connection.all
    expect(received).toMatch(/^HTTP\/1\.1 200 /)
    expect(received).toMatch(/connection: close\r\n/i)
    expect(await drained).toBe(0)
  })

  test('answers a body that is still arriving', async () => {
    const server = await start()
    const connection = await connectTo(server.url)
    // The server has begun with the request once it asks for its body.
    connection.send(head('Content-Length: 4', 'Expect: 100-continue'))
    await connection.until('100 Continue')
    connection.send('ab')
    const drained = server.drain()
    await new Promise((resolve) => setTimeout(resolve, 500))
    connection.send('cd')
    expect(await connection.all).toMatch(/^HTTP\/1\.1 200 /m)
    expect(await drained).toBe(0)
  })

  test('answers the next request of a connection that was idle', async () => {
    const server = await start()
    const connection = await connectTo(server.url)
    connection.send(post())
    await connection.until('200 OK')
    const drained = server.drain()
    connection.send(post())
    const received = await connection.all
    expect(answersIn(received)).toBe(2)
    expect(received).toMatch(/connection: close\r\n/i)
    expect(await drained).toBe(0)
  })

  test('closes idle connections', async () => {
    const server = await start()
    const connection = await connectTo(server.url)
    connection.send(post())
    await connection.until('200 OK')
    expect(await server.drain()).toBe(0)
    expect(answersIn(await connection.all)).toBe(1)
  })

  test('ends in bounded time and tells how many requests it cut', async () => {
    const server = createServer(() => {})
    const { drain } = trackRequests(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const connection = await connectTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    connection.send(post())
    await new Promise((resolve) => server.once('request', resolve))
    expect(await drain(50)).toBe(1)
    expect(await connection.all).toBe('')
  })
})

test('a port in use is an error of its own', async () => {
  const { url } = await start()
  const listenAddr = { host: '127.0.0.1', port: Number(new URL(url).port) }
  await expect(start(undefined, { listenAddr })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
