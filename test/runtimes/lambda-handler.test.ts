/** Protects what Lambda calls: the events it answers and those it refuses, the deadline, its logs and metrics. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEmbeddedMetrics } from '../../runtimes/lambda/embedded-metrics.ts'
import { createHandler } from '../../runtimes/lambda/handler.ts'
import { createTurn } from '../../runtimes/lambda/turn.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { OpenDestination } from '../../runtimes/shared/destination.ts'
import { createLog } from '../../runtimes/shared/logging.ts'
import { readConfig } from '../../src/config.ts'
import { noLog } from '../../src/log.ts'
import { template } from '../infra/template.ts'
import { threeLogs as event } from './function-url-event.ts'

const wasm = compileParquetWasm()
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-lambda-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const start = async (env: Readonly<Record<string, string>> = {}) => {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  const settings = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: folder,
    OTLP2PARQUET_AUTH: 'none',
  }
  const config = readConfig({ ...settings, ...env }, 'lambda')
  const log = createLog({ level: 'debug', format: config.logFormat, write })
  const metrics = createEmbeddedMetrics({ write })
  const handler = await createHandler({ config, version: '0', wasm, log, metrics })
  const invoke = (event: unknown, remainingMs = 60_000, awsRequestId = 'id-1') =>
    handler(event, { awsRequestId, getRemainingTimeInMillis: () => remainingMs })
  return { invoke, lines }
}

const filesIn = async () =>
  (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet'))

test('a request is stored, logged with the invocation, and counted', async () => {
  const { invoke, lines } = await start()
  expect(await invoke(event)).toMatchObject({ statusCode: 200, body: '' })
  expect(await filesIn()).toHaveLength(1)
  expect(lines).toContainEqual(
    expect.objectContaining({ message: 'request', status: 200, awsRequestId: 'id-1' }),
  )
  expect(lines).toContainEqual(
    expect.objectContaining({ _aws: expect.anything(), signal: 'logs', records: 3 }),
  )
})

test.each([
  ['TRACE', { ...event, requestContext: { http: { method: 'TRACE' } } }],
  ['a number as the value of a header', { ...event, headers: { 'x-a': 1 } }],
])('what is no request is answered, logged and counted: %s', async (_name, none) => {
  const { invoke, lines } = await start()
  expect(await invoke(none)).toMatchObject({ statusCode: 400 })
  const request = { level: 'debug', message: 'request', status: 400, awsRequestId: 'id-1' }
  expect(lines).toContainEqual(expect.objectContaining(request))
  const labels = { signal: 'unknown', encoding: 'unknown', status: '400' }
  expect(lines).toContainEqual(expect.objectContaining({ ...labels, requests: 1 }))
  const refused = { signal: 'unknown', reason: 'malformed', refused_requests: 1 }
  expect(lines).toContainEqual(expect.objectContaining(refused))
})

describe('time', () => {
  const tryAgain = { statusCode: 503, headers: { 'retry-after': '1' } }
  const get = (rawPath: string) => ({ requestContext: { http: { method: 'GET' } }, rawPath })

  test('with hardly any left, nothing is begun, and the sender may try again', async () => {
    const { invoke, lines } = await start()
    expect(await invoke(event, 1500)).toMatchObject(tryAgain)
    expect(lines).toContainEqual(expect.objectContaining({ message: 'request', status: 503 }))
    // Time for what was begun all the same.
    await invoke({ ...event, rawPath: '/health' })
    await invoke({ otlp2parquet: 'init' })
    expect(await filesIn()).toEqual([])
  })
  test('what is stored after it is said to be', async () => {
    const { invoke, lines } = await start()
    expect(await invoke(event, 1501)).toMatchObject(tryAgain)
    const told = { level: 'warn', message: 'a request was not stored in time', signal: 'logs' }
    expect(lines).toContainEqual(expect.objectContaining({ ...told, awsRequestId: 'id-1' }))
    const late = expect.objectContaining({ message: 'a request was stored after its deadline' })
    await expect.poll(() => lines).toContainEqual(late)
  })
  test('what is stored amid the next event is logged with its own invocation', async () => {
    const { invoke, lines } = await start()
    expect(await invoke(event, 1501, 'first')).toMatchObject(tryAgain)
    await invoke(get('/health'), 60_000, 'second')
    const late = { message: 'a request was stored after its deadline', awsRequestId: 'first' }
    await expect.poll(() => lines).toContainEqual(expect.objectContaining(late))
  })
  test('/ready is answered within it, /health always', async () => {
    const { invoke, lines } = await start()
    expect(await invoke(get('/ready'), 1500)).toMatchObject(tryAgain)
    expect(lines).toContainEqual(expect.objectContaining({ message: 'not ready' }))
    expect(await invoke(get('/health'), 10)).toMatchObject({ statusCode: 200 })
  })
  test('init ends within it', async () => {
    const { invoke } = await start({ OTLP2PARQUET_ICEBERG_CATALOG: 'file' })
    await expect(invoke({ otlp2parquet: 'init' }, 1501)).rejects.toThrow('not done in time')
    expect(await invoke({ otlp2parquet: 'init' })).toEqual({ status: 'ok' })
  })
})

test('init makes every table', async () => {
  const { invoke } = await start({ OTLP2PARQUET_ICEBERG_CATALOG: 'file' })
  expect(await invoke({ otlp2parquet: 'init' })).toEqual({ status: 'ok' })
  expect((await readdir(join(folder, 'otel'))).length).toBe(7)
})

test('init fails where nothing can be written', async () => {
  const { invoke, lines } = await start()
  await rm(folder, { recursive: true })
  await writeFile(folder, '')
  await expect(invoke({ otlp2parquet: 'init' })).rejects.toThrow()
  expect(lines).toContainEqual(expect.objectContaining({ message: 'an invocation failed' }))
})

test('a schedule pays what requests left, and says in its metrics what is owed', async () => {
  const tables = { OTLP2PARQUET_ICEBERG_CATALOG: 'file', OTLP2PARQUET_COMMIT: 'deferred' }
  const { invoke, lines } = await start(tables)
  expect(await invoke(event)).toMatchObject({ statusCode: 200 })
  const paid = { paid: 1, quarantined: 0, owed: 0, complete: true }
  expect(await invoke({ otlp2parquet: 'sweep' })).toEqual(paid)
  expect(await invoke({ otlp2parquet: 'sweep' })).toEqual({ ...paid, paid: 0 })
  expect(lines).toContainEqual(
    expect.objectContaining({ _aws: expect.anything(), receipts_owed: 0, paid_receipts: 1 }),
  )
})

describe('what has expired in a file catalog', () => {
  const hour = 3_600_000
  afterEach(() => void vi.useRealTimers())

  test('is removed by a turn of the schedule', async () => {
    const { invoke } = await start({ OTLP2PARQUET_ICEBERG_CATALOG: 'file' })
    await invoke(event)
    // A file of three days ago that nobody needs.
    const old = join(folder, 'otel/logs/metadata/old.avro')
    await writeFile(old, '')
    await utimes(old, new Date(), new Date(Date.now() - 72 * hour))
    await invoke({ otlp2parquet: 'sweep' })
    expect(existsSync(old)).toBe(false)
  })

  /** Whether something is removed in turns after so many minutes, each with so much time. */
  const removedIn = async (ms: number, minutes: readonly number[]): Promise<boolean[]> => {
    let removed = false
    const destination: OpenDestination = {
      to: () => expect.fail('nothing is written'),
      ready: async () => {},
      retain: async () => {
        removed = true
      },
    }
    const turn = createTurn(destination, noLog)
    vi.useFakeTimers({ toFake: ['Date'] })
    const began = Date.now()
    const turns: boolean[] = []
    for (const minute of minutes) {
      removed = false
      vi.setSystemTime(began + minute * 60_000)
      await turn(Date.now() + ms)
      turns.push(removed)
    }
    return turns
  }
  test('by the first turn, and then once an hour', async () => {
    expect(await removedIn(58_500, [0, 1, 59, 61, 62])).toEqual([true, false, false, true, false])
  })
  test('waits for a turn that has time', async () => {
    expect(await removedIn(5_000, [0, 61])).toEqual([false, false])
    expect(await removedIn(5_001, [0, 61])).toEqual([true, true])
  })
})

describe('the time of a sweep', () => {
  /** A function that owes a request, and what a sweep with so much time says. */
  const sweepIn = async (remainingMs: number) => {
    const { invoke, lines } = await start({
      OTLP2PARQUET_ICEBERG_CATALOG: 'file',
      OTLP2PARQUET_COMMIT: 'deferred',
    })
    await invoke(event)
    const result = await invoke({ otlp2parquet: 'sweep' }, remainingMs)
    return { result, told: lines.map(({ message }) => message) }
  }
  const noTime = expect.stringContaining('a sweep had no time to pay anything')

  test('with the least timeout that the template takes, it pays', async () => {
    const { result, told } = await sweepIn(
      (template.Parameters.TimeoutSeconds?.MinValue ?? 0) * 1000,
    )
    expect(result).toMatchObject({ paid: 1, complete: true })
    expect(told).not.toContainEqual(noTime)
  })

  test('with less than it keeps for itself, it says so', async () => {
    const { result, told } = await sweepIn(8_000)
    expect(result).toMatchObject({ paid: 0, complete: false })
    expect(told).toContainEqual(noTime)
  })
})

test.each([
  ['a rule', { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }],
  ['a schedule', { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}' }],
  ['an input of its own', { otlp2parquet: 'sweep' }],
])(
  'where there are no receipts a schedule is told that it is not needed: %s',
  async (_name, schedule) => {
    const { invoke, lines } = await start()
    expect(await invoke(schedule)).toEqual({ status: 'nothing to sweep' })
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', awsRequestId: 'id-1' }))
  },
)

test.each([
  ['an event of a bucket', { 'detail-type': 'Object Created', detail: {} }, 'is no schedule'],
  ['a queue', { Records: [] }, 'records of a queue'],
  ['a question to an authorizer', { type: 'TOKEN', methodArn: 'arn' }, 'an authorizer'],
  ['a WebSocket', { requestContext: { connectionId: 'a' } }, 'a WebSocket'],
  ['another command', { otlp2parquet: 'other' }, 'no such command'],
  ['a command that is none', { otlp2parquet: null }, 'no such command'],
  ['an empty input', {}, 'nor a command'],
  ['an input that is text', 'sweep', 'nor a command'],
  ['null', null, 'nor a command'],
])('%s is refused, and the log says why and what would be right', async (_name, other, words) => {
  const { invoke, lines } = await start()
  await expect(invoke(other)).rejects.toThrow(words)
  const error = expect.stringMatching(/ send \{"otlp2parquet":"init"\} or "sweep"/)
  const level = 'error'
  expect(lines).toContainEqual(expect.objectContaining({ level, error, awsRequestId: 'id-1' }))
})
