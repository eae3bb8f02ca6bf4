/**
 * Protects the function's life under AWS's emulator: its init, invocations one after the other, what it logs and counts,
 * events of 6 MB, a timeout and a crash in the midst of a request, and what the next invocation sees of them.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { logs } from '../../ingest/requests.ts'
import { ask } from '../../tools/duckdb.ts'
import { builtFunction } from './built.ts'
import { type EmulatedFunction, type FunctionOptions, startFunction } from './emulator.ts'

let built: { folder: string; task: string }
beforeAll(async () => {
  built = await builtFunction()
})
afterAll(() => rm(built.folder, { recursive: true }))

let data: string
let running: EmulatedFunction | undefined
beforeEach(() => {
  data = join(built.folder, 'data')
})
afterEach(async () => {
  await running?.stop()
  await rm(data, { recursive: true, force: true })
})

const start = async (options: Omit<FunctionOptions, 'task'> = {}): Promise<EmulatedFunction> => {
  const env = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: data,
    OTLP2PARQUET_AUTH: 'none',
    OTLP2PARQUET_LOG_LEVEL: 'debug',
    ...options.env,
  }
  running = await startFunction({ task: built.task, ...options, env })
  return running
}

const posted = (body: Uint8Array) => ({
  requestContext: { http: { method: 'POST' }, stage: '$default' },
  rawPath: '/v1/logs',
  headers: { 'content-type': 'application/x-protobuf' },
  body: Buffer.from(body).toString('base64'),
  isBase64Encoded: true,
})

const event = posted(logs({ name: 'shop', records: 3 }))
const stored = { statusCode: 200, body: '' }

const rows = async (): Promise<unknown> => {
  const names = await readdir(data, { recursive: true })
  if (!names.some((name) => name.endsWith('.parquet'))) return 0
  const [found] = await ask(
    "SELECT count(*)::INTEGER AS rows FROM 'data/logs/**/*.parquet'",
    built.folder.length > 0 ? data : '',
  )
  return found?.rows
}

describe('init', () => {
  test('is done before the first event, which one process answers like all that follow', async () => {
    const { invoke, pid, log } = await start()
    expect(await invoke(event)).toMatchObject(stored)
    const first = pid()
    expect(await invoke(event)).toMatchObject(stored)
    expect(await invoke({ ...event, rawPath: '/v1/none' })).toMatchObject({ statusCode: 404 })
    expect(pid()).toBe(first)
    expect(log().match(/INIT RTDONE\(status: success\)/g)).toHaveLength(1)
    expect(await rows()).toBe(3)
  })

  test('that fails says why in one line, and every invocation is an error', async () => {
    const { invoke, lines } = await start({ env: { OTLP2PARQUET_DEDUPE: 'maybe' } })
    expect(await invoke(event)).toMatchObject({ errorType: 'ConfigError' })
    const error = expect.stringContaining('OTLP2PARQUET_DEDUPE')
    expect(lines()).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'cannot start', error }),
    )
  })
})

test('each line of the log is JSON with its invocation, and metrics are in the embedded format', async () => {
  const { invoke, lines, log } = await start()
  await invoke(event)
  await invoke({ ...event, rawPath: '/v1/traces' })
  const ids = [...log().matchAll(/^START RequestId: (\S+)/gm)].map(([, id]) => id)
  const requests = lines().filter(({ message }) => message === 'request')
  expect(requests).toMatchObject([
    { level: 'debug', status: 200, signal: 'logs', records: 3, awsRequestId: ids[0] },
    { signal: 'traces', awsRequestId: ids[1] },
  ])
  const counted = lines().find(({ records }) => records === 3 && true)
  expect(lines()).toContainEqual(
    expect.objectContaining({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          expect.objectContaining({ Namespace: 'otlp2parquet', Dimensions: [['signal']] }),
        ],
      },
      signal: 'logs',
      records: 3,
    }),
  )
  expect(counted).toBeDefined()
})

/** What AWS lets through, and the emulator too. */
const maxEvent = 6 * 1024 * 1024

describe('an event of 6 MB', () => {
  /** Logs whose event is just below so many bytes. */
  const eventBelow = (size: number, isBase64Encoded: boolean) => {
    const record = { timeUnixNano: '1790000000000000000', body: { stringValue: 'x'.repeat(1000) } }
    const overhead = JSON.stringify(posted(new Uint8Array())).length + 200
    const count = Math.floor(
      (size - overhead) / (JSON.stringify(JSON.stringify(record)).length * (isBase64Encoded ? 4 / 3 : 1)),
    )
    const logRecords = Array.from({ length: count }, () => record)
    const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
    const headers = { 'content-type': 'application/json' }
    return {
      count,
      event: {
        ...posted(new Uint8Array()),
        headers,
        isBase64Encoded,
        body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
      },
    }
  }

  test.each([
    ['in base64', true],
    ['as text', false],
  ])('%s is stored whole', async (_name, isBase64Encoded) => {
    const { invoke } = await start()
    const { event, count } = eventBelow(maxEvent, isBase64Encoded)
    const size = JSON.stringify(event).length
    expect(size).toBeGreaterThan(maxEvent - 400_000)
    expect(size).toBeLessThanOrEqual(maxEvent)
    expect(await invoke(event)).toMatchObject({ statusCode: 200 })
    expect(await rows()).toBe(count)
  })
})
