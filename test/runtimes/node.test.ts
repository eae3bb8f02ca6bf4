// Protects what an operator sees of the whole program: one log line a request and nothing secret in it, and figures that count what happened.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { type RunningServer, startServer } from '../../runtimes/node.ts'
import { createLog } from '../../runtimes/shared/logging.ts'
import { readConfig } from '../../src/config.ts'
import { connectTo } from './raw-http.ts'

const running: { server: RunningServer; folder: string }[] = []
afterEach(async () => {
  for (const { server, folder } of running.splice(0)) {
    await server.drain()
    rmSync(folder, { recursive: true })
  }
})

/** Starts the whole program; `lines` are what it logs. */
const start = async (env: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'otlp2parquet-'))
  const lines: string[] = []
  const config = readConfig(
    {
      OTLP2PARQUET_LISTEN_ADDR: '127.0.0.1:0',
      OTLP2PARQUET_STORAGE_PATH: join(folder, 'data'),
      OTLP2PARQUET_LOG_LEVEL: 'debug',
      ...env,
    },
    'node',
  )
  const write = (line: string) => lines.push(line)
  const log = createLog({ level: config.logLevel, format: config.logFormat, write })
  const server = await startServer({ config, version: '0', wasm: compileParquetWasm(), log })
  running.push({ server, folder })
  return { url: server.url.replace('0.0.0.0', '127.0.0.1'), folder, lines }
}

const json = { 'content-type': 'application/json' }

const send = async (
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  signal = 'logs',
): Promise<number> => {
  const init = { method: 'POST', headers: { ...json, ...headers }, body: body as BodyInit }
  const answer = await fetch(`${url}/v1/${signal}`, init)
  await answer.arrayBuffer()
  return answer.status
}

const value = (text: string) => ({ stringValue: text })

/** A request of one log record, with every place that holds text. */
const logRecord = (text: string, more: object = {}): string =>
  JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [{ key: text, value: value(text) }] },
        scopeLogs: [
          {
            scope: { name: text },
            logRecords: [{ severityText: text, body: value(text), ...more }],
          },
        ],
      },
    ],
  })

describe.each(['text', 'json'])('at level debug, as %s', (format) => {
  const secret = 'hunter2'
  const auth = (kind: string, tokens: string) => ({
    OTLP2PARQUET_LOG_FORMAT: format,
    OTLP2PARQUET_AUTH: kind,
    OTLP2PARQUET_AUTH_TOKENS: tokens,
  })
  const basic = (pair: string) => ({ authorization: `Basic ${btoa(pair)}` })
  const good = { authorization: `Bearer ${secret}-good` }
  const noted = { ...good, cookie: secret, 'x-api-key': secret, 'user-agent': secret }

  const isOneLineEach = (lines: readonly string[], statuses: readonly number[]): void => {
    const requests = lines.filter((line) => /\bDEBUG request\b|"message":"request"/.test(line))
    const seen = requests.map((line) => Number(/status"?[=:](\d+)/.exec(line)?.[1]))
    expect(seen).toEqual(statuses)
  }

  test('one line a request, and nothing of its headers, path or body', async () => {
    const { url, lines } = await start(auth('bearer', `first,${secret}-good`))
    const cases: [body: string | Uint8Array, headers: Record<string, string>, status: number][] = [
      [logRecord(secret), noted, 200],
      [gzipSync(logRecord(`${secret}2`)), { ...noted, 'content-encoding': 'gzip' }, 200],
      [logRecord(secret, { traceId: secret }), noted, 400],
      [logRecord(`${secret}3`, { traceId: 'abcd' }), noted, 200],
      [logRecord(secret, { [secret]: { secret } }), noted, 200],
      [`{"${secret}`, noted, 400],
      [`{"resourceLogs":"${secret}"}`, noted, 400],
      [secret, { ...noted, 'content-encoding': 'gzip' }, 400],
      [secret, { ...noted, 'content-encoding': secret }, 415],
      [secret, { ...noted, 'content-type': `text/${secret}` }, 415],
      [logRecord(secret), { authorization: `Bearer ${secret}-wrong` }, 401],
      [logRecord(secret), basic(`user:${secret}`), 401],
      [logRecord(secret), {}, 401],
    ]
    for (const [body, headers, status] of cases) {
      expect(await send(url, body, headers)).toBe(status)
    }
    await fetch(`${url}/${secret}?token=${secret}`, { headers: noted })
    await fetch(`${url}/v1/logs?token=${secret}`, { headers: noted })
    const connection = await connectTo(url)
    connection.send(`${secret}\r\n\r\n`)
    await connection.all
    isOneLineEach(lines, [...cases.map(([, , status]) => status), 404, 405])
    expect(lines.filter((line) => line.includes(secret) || line.includes(btoa(secret)))).toEqual([])
  })

  test('nor of a user and password', async () => {
    const { url, lines } = await start(auth('basic', `user:${secret}`))
    expect(await send(url, logRecord(secret), basic(`user:${secret}`))).toBe(200)
    expect(await send(url, logRecord(secret), basic(`user:${secret}-wrong`))).toBe(401)
    isOneLineEach(lines, [200, 401])
    expect(lines.filter((line) => /hunter2|dXNlcjpodW50ZXIy/.test(line))).toEqual([])
  })

  test('nor when the storage fails; the log says what an operator has to mend', async () => {
    const { url, folder, lines } = await start(auth('bearer', `${secret}-good`))
    rmSync(join(folder, 'data'), { recursive: true })
    writeFileSync(join(folder, 'data'), '')
    expect(await send(url, logRecord(secret), noted)).toBe(503)
    isOneLineEach(lines, [503])
    expect(lines.join('\n')).toMatch(/ERROR|"error"/)
    expect(lines.join('\n')).toMatch(/ENOTDIR|EEXIST/)
    expect(lines.filter((line) => line.includes(secret))).toEqual([])
  })
})

/** The figures of this program: a line's name and labels, and its value. */
const figures = async (url: string): Promise<Map<string, number>> => {
  const answer = await fetch(`${url}/metrics`)
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await answer.text()).split('\n').filter((line) => !/^(#|$)/.test(line))
  const line = /^([a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)$/
  return new Map(
    lines.map((text) => {
      const [, name = text, number] = line.exec(text) ?? []
      expect(number, text).toMatch(/^(-?\d+(\.\d+)?(e[+-]?\d+)?|[+-]Inf|Nan)$/)
      return [name.replace(/^otlp2parquet_/, ''), Number(number)]
    }),
  )
}

describe('GET /metrics', () => {
  test('counts what happened', async () => {
    const { url } = await start()
    const body = logRecord('x')
    const zipped = gzipSync(body)
    expect(await send(url, body)).toBe(200)
    expect(await send(url, zipped, { 'content-encoding': 'gzip' })).toBe(200)
    expect(await send(url, '{')).toBe(400)
    expect(await send(url, logRecord('y', { traceId: 'abcd', nobody: 1 }))).toBe(200)
    expect(await send(url, '', { 'content-type': 'application/x-protobuf' }, 'traces')).toBe(200)
    const seen = await figures(url)
    const wire = 2 * body.length + zipped.length
    const wanted: [name: string, value: unknown][] = [
      ['requests_total{signal="logs",encoding="json",status="200"}', 3],
      ['requests_total{signal="logs",encoding="json",status="400"}', 1],
      ['requests_total{signal="traces",encoding="protobuf",status="200"}', 1],
      ['refused_requests_total{signal="logs",reason="malformed"}', 1],
      ['records_total{signal="logs"}', 1],
      ['duplicates_total{table="logs"}', 1],
      ['files_total{table="logs"}', 1],
      ['unknown_fields_total{signal="logs"}', 1],
      ['received_bytes_total{signal="logs",stage="wire"}', expect.any(Number)],
      ['received_bytes_total{signal="logs",stage="inflated"}', expect.any(Number)],
      ['written_bytes_total{table="logs"}', expect.any(Number)],
      ['request_duration_seconds_count{signal="logs"}', 4],
      ['write_duration_seconds_count{table="logs"}', 1],
      ['inflight_bytes', 0],
      ['process_cpu_user_seconds_total', expect.any(Number)],
    ]
    expect(wanted.map(([name]) => [name, seen.get(name)])).toEqual(wanted)
    const rejected = [...seen].filter(([name]) => name.startsWith('rejected_records_total{'))
    expect(rejected.map(([, count]) => count)).toEqual([1])
    expect(seen.get('received_bytes_total{signal="logs",stage="wire"}')).toBeGreaterThan(wire)
    expect(seen.get('written_bytes_total{table="logs"}')).toBeGreaterThan(1000)
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not for it', async (method) => {
    const { url } = await start()
    const answer = await fetch(`${url}/metrics`, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('HEAD is answered like GET, without the figures', async () => {
    const { url } = await start()
    const answer = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })

  const bearer = { OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS: 'good' }
  const open = { OTLP2PARQUET_LISTEN_ADDR: '0.0.0.0:0' }
  const cases: [where: string, env: Record<string, string>, token: string, status: number][] = [
    ['on loopback, no auth at all', {}, '', 200],
    ['on loopback, where senders need a token', bearer, '', 200],
    ['on every address, without a token', { ...open, ...bearer }, '', 401],
    ['on every address, with a wrong one', { ...open, ...bearer }, 'bad', 401],
    ['on every address, with a token', { ...open, ...bearer }, 'good', 200],
    ['on every address that is said to be open', { ...open, OTLP2PARQUET_AUTH: 'none' }, '', 200],
  ]
  test.each(cases)('%s', async (_where, env, token, status) => {
    const { url } = await start(env)
    const headers = token === '' ? undefined : { authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}/metrics`, headers && { headers })
    expect(answer.status).toBe(status)
    expect(answer.headers.has('www-authenticate')).toBe(status === 401)
    expect((await answer.text()).includes('process_cpu')).toBe(status === 200)
  })
})
