// Protects the start on Lambda: what keeps the program from starting is one line of JSON that says all of it; and what does not
// answer keeps no start from its end.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startHandler } from '../../runtimes/lambda/start.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { startFakeServer } from '../iceberg/rest/fake-server.ts'
import { threeLogs as request } from './function-url-event.ts'
import { runProgram, temporaryFolder } from './program.ts'

const wasm = compileParquetWasm()

/** The platform ends an init after so many milliseconds, and begins it again at the cost of a request ("Lambda lifecycle"). */
const initMs = 10_000

const failing = async (env: Readonly<Record<string, string>>) => {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  await expect(startHandler({ env, version: '0', wasm, write })).rejects.toThrow()
  return lines.map((line) => JSON.parse(line))
}

test('every wrong variable is in the line, and no value', async () => {
  const env = { OTLP2PARQUET_DEDUPE: 'maybe-secret', OTLP2PARQUET_AUTH_TOKENS: 'ü' }
  const lines = await failing(env)
  expect(lines).toMatchObject([{ level: 'error', message: 'cannot start' }])
  expect(lines[0].error).toMatch(/OTLP2PARQUET_DEDUPE: .+; OTLP2PARQUET_AUTH/)
  expect(lines[0].error).toContain('OTLP2PARQUET_S3_BUCKET: is missing')
  expect(JSON.stringify(lines)).not.toContain('maybe-secret')
})

test('a destination that cannot be used is in the line too, in JSON whatever the format is', async () => {
  const env = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: '/dev/null/data',
    OTLP2PARQUET_AUTH: 'none',
    OTLP2PARQUET_LOG_FORMAT: 'text',
  }
  expect(await failing(env)).toMatchObject([{ level: 'error', message: 'cannot start' }])
})

test('the entry of the function writes the line before it ends', async () => {
  const command = ['runtimes/lambda.ts']
  const { code, stdout } = await runProgram({ command, env: { OTLP2PARQUET_DEDUPE: 'maybe' } })
  expect(code).not.toBe(0)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    {
      level: 'error',
      message: 'cannot start',
      error: expect.stringContaining('must be on or off'),
    },
  ])
})

test('the entry of the function has a handler', async () => {
  const script = `const { handler } = await import('./runtimes/lambda.ts')
    const context = { awsRequestId: 'id-1', getRemainingTimeInMillis: () => 60_000 }
    const event = { rawPath: '/health', requestContext: { http: { method: 'GET' } } }
    console.log(JSON.stringify(await handler(event, context)))`
  const env = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: temporaryFolder(),
    OTLP2PARQUET_AUTH: 'none',
  }
  const command = ['--input-type=module', '--eval', script]
  const { stdout, stderr } = await runProgram({ command, env })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({ statusCode: 200, body: '{"status":"ok"}' })
})

describe('what the first event finds done', () => {
  const env = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_AUTH: 'none',
  }
  const context = { awsRequestId: 'id-1', getRemainingTimeInMillis: () => 60_000 }
  const answer = { statusCode: 200 }

  test('a request has gone the whole way, and the encoder has its instance', async () => {
    const made = vi.spyOn(WebAssembly, 'Instance')
    const asked = vi.spyOn(globalThis, 'Request')
    onTestFinished(() => void vi.restoreAllMocks())
    const settings = { ...env, OTLP2PARQUET_STORAGE_PATH: temporaryFolder() }
    const handler = await startHandler({ env: settings, version: '0', wasm, write: () => {} })
    expect(made).toHaveBeenCalledTimes(1)
    expect(asked).toHaveBeenCalledTimes(1)
    expect(await handler(request, context)).toMatchObject(answer)
    expect(made).toHaveBeenCalledTimes(1)
  })

  test('a program that could store nothing does not start', async () => {
    const nothing = WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
    const settings = { ...env, OTLP2PARQUET_STORAGE_PATH: temporaryFolder() }
    const lines: string[] = []
    const options = { env: settings, version: '0', wasm: nothing, write: lines.push.bind(lines) }
    await expect(startHandler(options)).rejects.toThrow()
    expect(lines).toMatchObject([expect.stringContaining('cannot start')])
  })

  test('the catalog has told what it is', async () => {
    const catalog = await startFakeServer()
    onTestFinished(() => catalog.close())
    const settings = { ...env, OTLP2PARQUET_ICEBERG_REST_URI: catalog.uri }
    const handler = await startHandler({ env: settings, version: '0', wasm, write: () => {} })
    const asked = () => catalog.seen.filter(({ url }) => url.startsWith('/v1/config'))
    expect(asked()).toHaveLength(1)
    await handler(request, context)
    expect(catalog.seen.length).toBeGreaterThan(1)
    expect(asked()).toHaveLength(1)
  })
})

/**
 * What comes of work before a timer that was set first: on a busy machine the times that the work itself waits for are over as
 * late as that one.
 */
const inTime = <T>(ms: number, work: () => Promise<T>): Promise<T> => {
  const late = sleep(ms, null, { ref: false }).then(() => {
    throw new Error(`not done in ${ms} ms`)
  })
  return Promise.race([work(), late])
}

describe('storage and catalog that do not answer', () => {
  let server: Server
  let url: string
  beforeEach(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
    server = createServer(() => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    server.closeAllConnections()
    server.close()
  })

  test.each([
    ['a catalog', () => ({ OTLP2PARQUET_ICEBERG_REST_URI: url })],
    ['a catalog in a bucket', () => ({ OTLP2PARQUET_ICEBERG_CATALOG: 'file' })],
  ])('%s: the init is over in time, and requests are told to come again', async (_, of) => {
    const env = {
      OTLP2PARQUET_S3_BUCKET: 'lake',
      OTLP2PARQUET_S3_ENDPOINT: url,
      OTLP2PARQUET_AUTH: 'none',
      ...of(),
    }
    await wasm
    const handler = await inTime(initMs, () =>
      startHandler({ env, version: '0', wasm, write: () => {} }),
    )
    const context = { awsRequestId: 'id-1', getRemainingTimeInMillis: () => 4_000 }
    expect(await inTime(4_000, () => handler(request, context))).toMatchObject({
      statusCode: 503,
      headers: { 'retry-after': '1' },
    })
  })
})

test("what is wrong of S3 Tables' settings is a line that infra/aws.md shows", async () => {
  const [line = ''] = await failing({
    AWS_REGION: 'eu-central-1',
    OTLP2PARQUET_AUTH: 'none',
    OTLP2PARQUET_ICEBERG_REST_URI: 'https://s3tables.eu-central-1.amazonaws.com/iceberg',
    OTLP2PARQUET_ICEBERG_WAREHOUSE: 'otlp2parquet-tables',
    OTLP2PARQUET_ICEBERG_NAMESPACE: 'aws_otel',
  })
  const { time: _, ...rest } = line
  const page = readFileSync(join(import.meta.dirname, '../../infra/aws.md'), 'utf8')
  expect(page.split('\n')).toContain(JSON.stringify(rest))
})
