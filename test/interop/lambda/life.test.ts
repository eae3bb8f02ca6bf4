/**
 * Protects the function's life under AWS's emulator: its init, invocations one after the other, what it logs and counts,
 * events of 6 MB, a timeout and a crash in the midst of a request, and what the next invocation sees of them.
 */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createS3Storage } from '../../../src/storage/s3.ts'
import { threeLogs as event, posted } from '../../runtimes/function-url-event.ts'
import { ask } from '../../tools/duckdb.ts'
import { here } from '../programs.ts'
import { type S3Server, startVersitygw } from '../s3-servers.ts'
import { builtFunction } from './built.ts'
import { type EmulatedFunction, type FunctionOptions, startFunction } from './emulator.ts'
import { type Relay, startRelay } from './relay.ts'

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

/** A line without what is of one run alone. */
const form = (line: string): string =>
  line
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')
    .replace(/\s+/g, ' ')
    .replace(/\d+(\.\d+)?/g, '0')
    .trim()
/** What infra/aws.md shows of Lambda's own lines. */
const shown = new Set(readFileSync(here('infra/aws.md'), 'utf8').split('\n').map(form))
const reports = (log: string): string[] => log.match(/^REPORT .*$/gm) ?? []

const stored = { statusCode: 200, body: '' }

const rows = async (): Promise<unknown> => {
  const [found] = await ask("SELECT count(*)::INTEGER AS rows FROM 'data/logs/**/*.parquet'", data)
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
    const [cold = '', warm = ''] = reports(log())
    expect([cold.includes('Init Duration'), warm.includes('Init Duration')]).toEqual([true, false])
    expect([...shown]).toEqual(expect.arrayContaining([form(cold), form(warm)]))
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
})

/** What AWS lets through, and the emulator too. */
const maxEvent = 6 * 1024 * 1024

describe('an event of 6 MB', () => {
  /** Logs whose event is just below so many bytes. */
  const eventBelow = (size: number, isBase64Encoded: boolean) => {
    const record = { timeUnixNano: '1790000000000000000', body: { stringValue: 'x'.repeat(1000) } }
    const overhead = JSON.stringify(posted(new Uint8Array())).length + 200
    const count = Math.floor(
      (size - overhead) /
        (JSON.stringify(JSON.stringify(record)).length * (isBase64Encoded ? 4 / 3 : 1)),
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

  test('and one that is larger, which the emulator cuts, is never a 200, and the next is answered', async () => {
    const { invoke } = await start()
    const { event: large } = eventBelow(maxEvent + 200_000, true)
    expect(await invoke(large)).toMatchObject({ errorType: 'Runtime.ExitError' })
    expect(await invoke(event)).toMatchObject(stored)
    expect(await rows()).toBe(3)
  })
})

describe('an end in the midst of a request, whose file stands by then', () => {
  let s3: S3Server
  let relay: Relay
  beforeAll(async () => {
    s3 = await startVersitygw()
  })
  afterAll(() => s3.stop())
  beforeEach(async () => {
    relay = await startRelay(s3.endpoint)
  })
  afterEach(() => relay.stop())

  /** Files of a prefix of the bucket, asked for past the relay. */
  const files = (prefix: string) =>
    Array.fromAsync(createS3Storage({ ...s3, credentials: async () => s3, prefix }).list(''))

  /**
   * Seconds: the function's timeout. It answers by itself a second and a half before, and until then a slow machine has to have
   * come to what ends it, or to the answer to a resend.
   */
  const timeout = 15

  /** The function, warm; then an event whose file is written, but S3's answer does not arrive. */
  const heldBack = async (prefix: string) => {
    const env = {
      OTLP2PARQUET_STORAGE_BACKEND: 's3',
      OTLP2PARQUET_STORAGE_PREFIX: prefix,
      OTLP2PARQUET_S3_BUCKET: s3.bucket,
      OTLP2PARQUET_S3_REGION: s3.region,
      OTLP2PARQUET_S3_ENDPOINT: relay.url,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      OTLP2PARQUET_REQUEST_DEADLINE_MS: '60000',
    }
    const started = await start({ env, timeout })
    await started.invoke({ requestContext: { http: { method: 'GET' } }, rawPath: '/health' })
    relay.hold()
    const answer = started.invoke(event)
    await vi.waitFor(async () => expect(await files(prefix)).toHaveLength(1), 30_000)
    return { ...started, answer }
  }

  /** The sender tries again: another file would be doubled rows, none a lie. */
  const again = async (prefix: string, { invoke, lines }: EmulatedFunction) => {
    relay.release()
    expect(await invoke(event)).toMatchObject(stored)
    expect(await files(prefix)).toHaveLength(1)
    expect(lines()).toContainEqual(expect.objectContaining({ message: 'a request came again' }))
  }

  test('a crash is an error, and the resend stands once', async () => {
    const { answer, ...started } = await heldBack('crash')
    expect(started.kill('SIGKILL')).toBe(true)
    const { errorType, errorMessage } = (await answer) as Record<string, string>
    expect(errorType).toBe('Runtime.ExitError')
    expect(shown).toContain(form(errorMessage ?? ''))
    await again('crash', started)
  })

  test('before the timeout the sender is told to try again, and the resend stands once', async () => {
    const { answer, ...started } = await heldBack('deadline')
    const { body = '', ...told } = (await answer) as { body?: string }
    expect(told).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } })
    expect(Buffer.from(body, 'base64').toString()).toContain('storing took too long')
    await again('deadline', started)
  })

  test('a timeout is an error, and the resend stands once', async () => {
    const { answer, ...started } = await heldBack('timeout')
    const pid = started.pid()
    expect(started.kill('SIGSTOP')).toBe(true)
    expect(await answer).toBe('Task timed out after 15.00 seconds')
    expect(shown).toContain(form('Task timed out after 15.00 seconds'))
    expect(shown).toContain(form(reports(started.log()).at(-1) ?? ''))
    await again('timeout', started)
    expect(started.pid()).not.toBe(pid)
  })
})
