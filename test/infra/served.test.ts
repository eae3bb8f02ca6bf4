// Protects test.sh as somebody runs it: over the program on Node, and over the function through the events that AWS makes
// of HTTP, with real curl; every row that it sends stands once, and it fails where an answer is not what it has to be.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HttpAnswer } from '../../runtimes/lambda/http-answer.ts'
import { startHandler } from '../../runtimes/lambda/start.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { type EventKind, eventKinds } from '../runtimes/lambda-bridge.ts'
import { startProgram, temporaryFolder } from '../runtimes/program.ts'
import { ask } from '../tools/duckdb.ts'
import { sampleRows } from '../tools/samples.ts'
import { runScript } from './scripted.ts'

const token = 'one'
const auth = { OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS: `other,${token}` }

/** The function behind one kind of front door. */
const serveFunction = async (kind: EventKind, folder: string) => {
  const env = { ...auth, OTLP2PARQUET_STORAGE_BACKEND: 'fs', OTLP2PARQUET_STORAGE_PATH: folder }
  const wasm = compileParquetWasm()
  const handler = await startHandler({ env, version: '0', wasm, write: () => {} })
  const server = createServer(async (request, response) => {
    const event = eventKinds[kind]({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      bytes: await buffer(request),
    })
    const context = { awsRequestId: 'id', getRemainingTimeInMillis: () => 60_000 }
    const answer = (await handler(JSON.parse(JSON.stringify(event)), context)) as HttpAnswer
    response.writeHead(answer.statusCode, answer.headers)
    response.end(Buffer.from(answer.body, answer.isBase64Encoded ? 'base64' : 'utf8'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, close: () => server.close() }
}

const servers: readonly [
  what: string,
  start: (folder: string) => Promise<{ url: string; close?: () => unknown }>,
][] = [
  ['Node', (folder) => startProgram({ folder, env: auth })],
  ['Lambda behind a Function URL', (folder) => serveFunction('Function URL', folder)],
  [
    'Lambda behind an HTTP API',
    (folder) => serveFunction('HTTP API, format 2.0, a named stage', folder),
  ],
]

describe.each(servers)('over %s', (_name, start) => {
  const folder = temporaryFolder()
  let server: { url: string; close?: () => unknown }
  beforeAll(async () => {
    server = await start(folder)
  })
  afterAll(() => server.close?.())

  test('every answer is what it has to be, and every row stands once', async () => {
    const env = { OTLP2PARQUET_TOKEN: token }
    const { code, stdout, stderr } = await runScript('test.sh', [server.url], { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Every answer is what it has to be.')
    // Each sample in protobuf, JSON and gzip, and two lines of it; and one record of its own, twice.
    const counted = Object.entries(sampleRows).map(async ([table]) => {
      const rows = await ask(
        `SELECT count(*)::INTEGER AS n FROM 'data/${table}/**/*.parquet'`,
        folder,
      )
      return [table, rows[0]?.n]
    })
    const wanted = Object.entries(sampleRows).map(([table, n]) => [
      table,
      5 * n + (table === 'logs' ? 1 : 0),
    ])
    expect(await Promise.all(counted)).toEqual(wanted)
  })

  test('with a wrong token it fails', async () => {
    const env = { OTLP2PARQUET_TOKEN: 'wrong' }
    const { code, stderr } = await runScript('test.sh', [server.url], { env })
    expect(code).toBe(1)
    expect(stderr).toContain('12 of 12 requests got no 200')
  })
})

test('over a server that lets everybody in it fails', async () => {
  const { url } = await startProgram({ folder: temporaryFolder() })
  const env = { OTLP2PARQUET_TOKEN: token }
  const { code, stdout, stderr } = await runScript('test.sh', [url], { env })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^without a token +200, not 401/m)
  expect(stderr).toContain('2 answers were not what they have to be')
})
