/**
 * Protects what an isolate of Workers does with its requests: one instance for each at a time, none again of which something
 * may still be under way, room that is given back whatever happens, and calls that are counted.
 */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createAdmissionOfIsolate } from '../../runtimes/cloudflare/admission.ts'
import { createConsoleMetrics } from '../../runtimes/cloudflare/console-metrics.ts'
import { createInstances } from '../../runtimes/cloudflare/instances.ts'
import { createWorker } from '../../runtimes/cloudflare/worker.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import type { R2Binding } from '../../src/storage/r2-binding.ts'
import { type FakeServer, startFakeServer } from '../iceberg/rest/fake-server.ts'
import { allKinds, arrival, logs, nano, spans } from '../ingest/requests.ts'
import { createR2Fake, type R2Fake } from '../storage/r2-fake.ts'
import { accessKeyId, type S3Fake, secretAccessKey, startS3Fake } from '../storage/s3-server.ts'

const wasm = new WebAssembly.Module(
  readFileSync(new URL(import.meta.resolve('parquet-wasm/esm/parquet_wasm_bg.wasm'))),
)

/** A Worker in this process, with a bucket that can fail, and the lines it wrote. */
const start = (
  variables: Readonly<Record<string, unknown>> = {},
  fake: R2Fake = createR2Fake(),
) => {
  const lines: Record<string, unknown>[] = []
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(JSON.parse(line)))
  const worker = createWorker({ wasm, version: '0' })
  const env = { BUCKET: fake.bucket, OTLP2PARQUET_AUTH: 'none', ...variables }
  const after: Promise<unknown>[] = []
  const context = { waitUntil: (work: Promise<unknown>) => void after.push(work) }
  const send = (body: Uint8Array<ArrayBuffer>, signal = 'logs', more: object = {}) =>
    worker.fetch(
      new Request(`http://x/v1/${signal}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-protobuf', ...more },
        body,
      }),
      env,
      context,
    )
  const get = (path: string) => worker.fetch(new Request(`http://x${path}`), env, context)
  const turn = (time = arrival) => worker.scheduled({ scheduledTime: time }, env)
  return { send, get, turn, lines, fake, after }
}

const body = (name: string) => logs({ name, records: 1 })
const iceberg = { OTLP2PARQUET_ICEBERG_CATALOG: 'file', OTLP2PARQUET_R2_BUCKET: 'lake' }
/** It says of every put that it creates: two writers would overwrite each other there. */
const careless = ({ bucket }: R2Fake) => ({
  ...bucket,
  put: (key: string, bytes: Uint8Array) => bucket.put(key, bytes),
})
const parquet = ({ objects }: R2Fake) =>
  [...objects.keys()].filter((key) => key.endsWith('.parquet'))

describe('what is refused', () => {
  const refused = (lines: readonly Record<string, unknown>[]) =>
    lines.filter(({ message }) => message === 'a request was refused')

  test('is one line a minute for each kind, however many come at once', async () => {
    const { send, lines } = start()
    const wrong = { 'Content-Type': 'text/plain' }
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 40 }, () => send(body('shop'), 'logs', wrong)))
    }
    expect(refused(lines)).toMatchObject([{ kind: 'unsupported', status: 415 }])
  })
  test('also where an answer ends what it was made with', async () => {
    const { send, lines } = start({
      OTLP2PARQUET_MAX_INFLIGHT_BYTES: '1MiB',
      OTLP2PARQUET_MAX_PAYLOAD_BYTES: '1MiB',
    })
    const large = () => send(new Uint8Array(900_000))
    const answers = await Promise.all(Array.from({ length: 20 }, large))
    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(10)
    expect(refused(lines).filter(({ kind }) => kind === 'overloaded')).toHaveLength(1)
  })
})

describe('a start', () => {
  test('that fails is answered so that senders come again, and its reasons are logged once', async () => {
    const { send, get, turn, lines } = start({
      OTLP2PARQUET_AUTH: '',
      OTLP2PARQUET_COMMIT: 'never',
    })
    const answer = await send(body('shop'))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await get('/health')).status).toBe(503)
    await turn()
    expect(lines).toEqual([
      expect.objectContaining({
        message: 'cannot start',
        error: expect.stringMatching(/OTLP2PARQUET_COMMIT: .*; OTLP2PARQUET_AUTH: must be chosen/),
      }),
    ])
  })
  test('is repeated when variables or secrets change: a token that was taken back is refused at once', async () => {
    vi.spyOn(console, 'log').mockImplementation(() => {})
    const worker = createWorker({ wasm, version: '0' })
    const { bucket: BUCKET } = createR2Fake()
    const tokens = (OTLP2PARQUET_AUTH_TOKENS: string) => ({
      BUCKET,
      OTLP2PARQUET_AUTH: 'bearer',
      OTLP2PARQUET_AUTH_TOKENS,
    })
    const statusOf = async (env: object, token: string) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-protobuf' }
      const request = new Request('http://x/v1/logs', { method: 'POST', headers, body: body('a') })
      const { status } = await worker.fetch(request, { ...env }, { waitUntil: () => {} })
      return status
    }
    const [before, after] = [tokens('first'), tokens('second')]
    expect([await statusOf(before, 'first'), await statusOf(before, 'second')]).toEqual([200, 401])
    expect([await statusOf(after, 'first'), await statusOf(after, 'second')]).toEqual([401, 200])
  })
  test('is repeated when another bucket is bound: rows go to that one at once', async () => {
    vi.spyOn(console, 'log').mockImplementation(() => {})
    const worker = createWorker({ wasm, version: '0' })
    const send = async ({ bucket: BUCKET }: R2Fake) => {
      const headers = { 'Content-Type': 'application/x-protobuf' }
      const request = new Request('http://x/v1/logs', { method: 'POST', headers, body: body('a') })
      const env = { BUCKET, OTLP2PARQUET_AUTH: 'none' }
      expect((await worker.fetch(request, env, { waitUntil: () => {} })).status).toBe(200)
    }
    const [before, after] = [createR2Fake(), createR2Fake()]
    await send(before)
    await send(after)
    expect([parquet(before).length, parquet(after).length]).toEqual([1, 1])
  })
  test('takes numbers and booleans for what they say: TOML knows them', async () => {
    const { send } = start({ OTLP2PARQUET_MAX_PAYLOAD_BYTES: 1024 })
    const large = logs({ name: 'shop', records: 100 })
    expect([(await send(body('shop'))).status, (await send(large)).status]).toEqual([200, 413])
    const { get, lines } = start({ OTLP2PARQUET_COMIT: true })
    expect((await get('/health')).status).toBe(503)
    expect(lines[0]).toMatchObject({ error: expect.stringContaining('OTLP2PARQUET_COMIT: is no') })
  })
  test.each([[['first', 'second']], [{ get: async () => 'first' }], [null]])(
    'says of which variable it cannot read what it holds: %j',
    async (OTLP2PARQUET_AUTH_TOKENS) => {
      const { get, lines } = start({ OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS })
      expect((await get('/health')).status).toBe(503)
      const error = 'OTLP2PARQUET_AUTH_TOKENS: must be text, a number or a boolean'
      expect(lines).toEqual([expect.objectContaining({ message: 'cannot start', error })])
    },
  )
  test('without a bucket says what is missing', async () => {
    const { send, lines } = start({ BUCKET: '' })
    expect((await send(body('shop'))).status).toBe(503)
    expect(lines[0]).toMatchObject({ error: expect.stringContaining('BUCKET') })
  })
  test('that finds no tables is one for which senders come again', async () => {
    const fake = createR2Fake()
    const { send, lines } = start(iceberg, fake)
    const other = start({ ...iceberg, BUCKET: careless(fake) })
    expect((await other.send(body('shop'))).status).toBe(503)
    expect(lines.concat(other.lines)).toContainEqual(
      expect.objectContaining({ error: expect.stringContaining('the storage ignores conditions') }),
    )
    expect((await send(body('shop'))).status).toBe(200)
  })
})

describe('requests', () => {
  test('are stored, logged and counted, by lines that are few', async () => {
    const { send, lines, fake } = start({ OTLP2PARQUET_LOG_LEVEL: 'debug' })
    expect((await send(body('shop'))).status).toBe(200)
    expect(parquet(fake)).toHaveLength(1)
    expect(lines.map(({ message }) => message)).toEqual(['request', 'metrics', 'metrics'])
    expect(lines[1]).toMatchObject({ requests: 1, records: 1, files: 1, subrequests: 1 })
  })
  test('twice at once leave one file', async () => {
    const { send, fake } = start()
    const answers = await Promise.all([send(body('shop')), send(body('shop'))])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(parquet(fake)).toHaveLength(1)
  })
  test('know one after the other what an earlier one learned of a table', async () => {
    const { send, fake } = start(iceberg)
    await send(body('a'))
    fake.calls.length = 0
    expect((await send(body('b'))).status).toBe(200)
    const first = [...fake.calls]
    fake.calls.length = 0
    expect((await send(body('c'))).status).toBe(200)
    // A data file, and a receipt: the table is known.
    expect(fake.calls.map((call) => call.replace(/ .*\//, ' '))).toEqual([
      expect.stringMatching(/^put .*parquet$/),
      expect.stringMatching(/^put .*json$/),
    ])
    expect(first.length).toBeGreaterThanOrEqual(2)
  })
  test('say how many calls they made, those that open the bucket with them', async () => {
    const { send, lines, fake } = start(iceberg)
    expect((await send(body('a'))).status).toBe(200)
    expect(fake.calls.length).toBeGreaterThan(10)
    expect(lines).toContainEqual(expect.objectContaining({ subrequests: fake.calls.length }))
  })
  test('without a token make no calls, and take nothing that those with one have opened', async () => {
    const secrets = { OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS: 'first' }
    const { send, fake } = start({ ...iceberg, ...secrets })
    const refused = async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(body('b'))))
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(401))
    }
    await refused()
    expect(fake.calls).toEqual([])
    const authorization = { Authorization: 'Bearer first' }
    for (const name of ['a', 'b']) {
      expect((await send(body(name), 'logs', authorization)).status).toBe(200)
    }
    fake.calls.length = 0
    const [, answer] = await Promise.all([refused(), send(body('c'), 'logs', authorization)])
    // A data file, and a receipt: the table is known.
    expect([answer.status, fake.calls.length]).toEqual([200, 2])
  })
  test('do not get an instance of which a call may be under way', async () => {
    const hung = createR2Fake()
    let hangs = true
    const bucket = {
      ...hung.bucket,
      put: (...args: Parameters<typeof hung.bucket.put>) =>
        hangs ? new Promise<never>(() => {}) : hung.bucket.put(...args),
    }
    const variables = { OTLP2PARQUET_REQUEST_DEADLINE_MS: '200' }
    const { send, after } = start(variables, { ...hung, bucket })
    expect((await send(body('shop'))).status).toBe(503)
    // Its answer, and what goes on after that.
    expect(after).toHaveLength(2)
    hangs = false
    expect((await send(body('shop'))).status).toBe(200)
    expect(parquet(hung)).toHaveLength(1)
  })
})

describe('calls of one request', () => {
  const calls = async (
    variables: Readonly<Record<string, string>>,
    ...sent: Parameters<ReturnType<typeof start>['send']>
  ) => {
    const { send, fake } = start(variables)
    expect((await send(...sent)).status).toBe(200)
    return fake.calls.length
  }
  const services = (count: number, time?: bigint) =>
    logs(
      ...Array.from({ length: count }, (_, i) => ({
        name: `s${i}`,
        records: 1,
        ...(time !== undefined && { time }),
      })),
    )

  test.each([
    ['one service', services(1), 'logs', 1],
    ['as many services as one may bring, and more', services(60), 'logs', 40],
    // A look at each hour in which the same may have come before, and the file.
    ['a service without times', services(1, 0n), 'logs', 26],
    ['all kinds of metrics', allKinds(nano), 'metrics', 5],
    ['as many of them as one may bring', services(40, 0n), 'logs', 1040],
    ['spans with and without a time', spans, 'traces', 27],
  ])('plain: %s', async (_, sent, signal, expected) => {
    expect(await calls({}, sent, signal)).toBe(expected)
  })
  test('plain: the most files that a Worker may be configured for leave calls to try some again', async () => {
    const most = { OTLP2PARQUET_MAX_FILES_PER_REQUEST: '350' }
    expect(await calls(most, services(400, 0n))).toBe(9_100)
    const { send, lines } = start({ OTLP2PARQUET_MAX_FILES_PER_REQUEST: '351' })
    expect((await send(body('shop'))).status).toBe(503)
    const error = expect.stringContaining('MAX_FILES_PER_REQUEST: must be at most 350: Workers')
    expect(lines).toEqual([expect.objectContaining({ message: 'cannot start', error })])
  })
  test('Iceberg: all kinds of metrics, whose tables are not there yet', async () => {
    expect(await calls(iceberg, allKinds(nano), 'metrics')).toBeLessThanOrEqual(110)
  })
})

describe('a REST catalog whose tables lie in the bucket that is bound', () => {
  let server: FakeServer
  beforeEach(async () => {
    server = await startFakeServer()
  })
  afterEach(() => server.close())

  const open = (variables: Readonly<Record<string, string>> = {}) =>
    start({
      OTLP2PARQUET_ICEBERG_REST_URI: server.uri,
      OTLP2PARQUET_R2_BUCKET: 'lake',
      ...variables,
    })
  const owed = ({ objects }: R2Fake) =>
    [...objects.keys()].filter((key) => key.startsWith('_receipts/owed/')).length
  const refusal = (code: number, type: string) => ({
    status: code,
    body: JSON.stringify({ error: { message: 'told', type, code } }),
  })
  const commits = /^POST .*\/tables\/logs$/

  test('gets their files through the binding, though nothing says how S3 is reached', async () => {
    const { send, fake } = open()
    expect((await send(body('shop'))).status).toBe(200)
    const keys = [...fake.objects.keys()].map((key) => key.replace(/[^/]+(\.\w+)$/, '*$1'))
    expect(keys.sort()).toEqual([
      'otel/logs/data/*.parquet',
      'otel/logs/metadata/*.avro',
      'otel/logs/metadata/*.avro',
    ])
    expect(server.tables.tables.get('otel/logs')?.snapshots).toHaveLength(1)
  })
  test('throttles for a minute: what was sent is acknowledged, and owed', async () => {
    const { send, turn, fake } = open()
    const throttled = refusal(429, 'TooManyRequestsException')
    server.fail({ on: commits, ...throttled, headers: { 'Retry-After': '60' } })
    expect((await send(body('shop'))).status).toBe(200)
    expect(owed(fake)).toBe(1)
    await turn()
    expect(owed(fake)).toBe(0)
    expect(server.tables.tables.get('otel/logs')?.snapshots).toHaveLength(1)
  })
  test('is asked for one commit by many requests at once, and the sweep pays the others', async () => {
    const { send, turn, fake } = open({ OTLP2PARQUET_COMMIT_INTERVAL: '4' })
    const asked = () => server.seen.filter(({ method, url }) => commits.test(`${method} ${url}`))
    expect((await send(body('first'))).status).toBe(200)
    await setTimeout(4_100)
    const bodies = Array.from({ length: 40 }, (_, i) => body(`s${i}`))
    const answers = await Promise.all(bodies.map((one) => send(one)))
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200))
    // Two, where all of this took longer than the interval.
    expect([1, 2]).toContain(asked().length - 1)
    expect(owed(fake)).toBeGreaterThanOrEqual(38)
    await turn()
    expect(owed(fake)).toBe(0)
    const summary = server.tables.tables.get('otel/logs')?.snapshots.at(-1)?.summary
    expect(summary).toMatchObject({ 'total-data-files': '41' })
  })
  test('meets another writer: R2 says so with 400', async () => {
    const { send, fake } = open()
    server.fail({ on: commits, ...refusal(400, 'ConcurrentUpdateError') })
    expect((await send(body('shop'))).status).toBe(200)
    expect(owed(fake)).toBe(0)
    expect(server.tables.tables.get('otel/logs')?.snapshots).toHaveLength(1)
  })
})

describe('a REST catalog whose tables lie elsewhere', () => {
  let server: FakeServer
  let s3: S3Fake
  beforeEach(async () => {
    server = await startFakeServer()
    s3 = await startS3Fake()
  })
  afterEach(async () => {
    await server.close()
    await s3.stop()
  })

  const open = (variables: Readonly<Record<string, string>>) =>
    start({
      OTLP2PARQUET_ICEBERG_REST_URI: server.uri,
      OTLP2PARQUET_STORAGE_BACKEND: 's3',
      OTLP2PARQUET_S3_ENDPOINT: s3.endpoint,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...variables,
    })
  const owed = () => [...s3.bucket.objects.keys()].filter((key) => key.startsWith('_receipts/owed'))

  test('leaves receipts in the bucket that is named for them', async () => {
    const { send, turn, fake } = open({
      OTLP2PARQUET_STATE_BUCKET: 'lake',
      OTLP2PARQUET_COMMIT: 'deferred',
    })
    expect((await send(body('shop'))).status).toBe(200)
    expect(owed()).toHaveLength(1)
    await turn()
    expect(owed()).toEqual([])
    expect(server.tables.tables.get('otel/logs')?.snapshots).toHaveLength(1)
    expect(fake.calls).toEqual([])
  })
  test('leaves none where no bucket is named: senders keep what is not committed', async () => {
    const { send, fake } = open({})
    expect((await send(body('shop'))).status).toBe(200)
    const error = { message: 'told', type: 'TooManyRequestsException', code: 429 }
    const answer = { status: 429, body: JSON.stringify({ error }) }
    server.fail({ on: /^POST .*\/tables\/logs$/, ...answer, headers: { 'Retry-After': '60' } })
    const refused = await send(body('other'))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await send(body('other'))).status).toBe(200)
    expect(server.tables.tables.get('otel/logs')?.snapshots).toHaveLength(2)
    expect([...owed(), ...fake.calls]).toEqual([])
  })
})

describe('turns of the cron trigger', () => {
  test('pay what is owed, and say what remains', async () => {
    const { send, turn, lines, fake } = start(iceberg)
    for (const name of ['a', 'b', 'c', 'd']) expect((await send(body(name))).status).toBe(200)
    const receipts = () => [...fake.objects.keys()].filter((key) => key.startsWith('_receipts/'))
    expect(receipts()).toHaveLength(3)
    fake.calls.length = 0
    await turn()
    expect(receipts()).toEqual([])
    // One line, with what the turn asked of the bucket.
    const subrequests = fake.calls.length
    expect(subrequests).toBeGreaterThan(10)
    expect(lines.at(-1)).toMatchObject({ message: 'metrics', receipts_owed: 0, subrequests })
    expect(lines).toContainEqual(expect.objectContaining({ message: 'swept', paid: 3, owed: 0 }))
    expect(lines).toContainEqual(expect.objectContaining({ receipts_owed: 0 }))
  })
  test('pay a backlog in parts, and end before a turn has no calls left', async () => {
    const { send, turn, lines, fake } = start({ ...iceberg, OTLP2PARQUET_COMMIT: 'deferred' })
    // Of yesterday: each takes five calls.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 25 * 3_600_000 })
    const answers: number[] = []
    for (let sent = 0; sent < 1_900; sent += 76) {
      const bodies = Array.from({ length: 76 }, (_, i) => body(`s${sent + i}`))
      const all = await Promise.all(bodies.map((one) => send(one)))
      answers.push(...all.map(({ status }) => status))
    }
    vi.useRealTimers()
    expect(answers).toEqual(Array(1_900).fill(200))
    const owed = () =>
      [...fake.objects.keys()].filter((key) => key.startsWith('_receipts/owed/')).length
    fake.calls.length = 0
    await turn()
    expect(fake.calls.length).toBeLessThan(10_000)
    const paid = 1_900 - owed()
    expect(paid).toBeGreaterThan(1_500)
    expect(owed()).toBeGreaterThan(0)
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'swept', paid, owed: owed(), complete: false }),
    )
    expect(lines).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/^a sweep ends before/), paid }),
    )
    expect(lines).toContainEqual(expect.objectContaining({ commits: 2 }))
    await turn()
    expect([owed(), parquet(fake).length]).toEqual([0, 2 * 1_900])
  })
  describe('that remove what has expired end', () => {
    const hour = arrival - (arrival % 3_600_000)
    afterEach(() => void vi.useRealTimers())
    /** A table of today, with so many files of three days ago that nobody needs. */
    const expired = async (files: number, bucketOf: (bucket: R2Binding) => R2Binding) => {
      const fake = createR2Fake()
      const { send, turn } = start(iceberg, { ...fake, bucket: bucketOf(fake.bucket) })
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * 86_400_000 })
      for (let i = 0; i < files; i++) {
        fake.store(`otel/logs/metadata/old-${i}.avro`, new Uint8Array(1))
      }
      vi.setSystemTime(Date.now() + 3 * 86_400_000)
      expect((await send(body('shop'))).status).toBe(200)
      const left = () => [...fake.objects.keys()].filter((key) => key.includes('/old-')).length
      const callsOf = async (time: number) => {
        fake.calls.length = 0
        await turn(time)
        return fake.calls.length
      }
      return { left, callsOf }
    }

    test('before they have no calls left', async () => {
      const { left, callsOf } = await expired(12_000, (bucket) => bucket)
      expect(await callsOf(hour + 60_000)).toBeLessThan(100)
      expect(left()).toBe(12_000)
      expect(await callsOf(hour)).toBeLessThan(10_000)
      expect(left()).toBeGreaterThan(2_000)
      expect(left()).toBeLessThan(3_000)
      await callsOf(hour)
      expect(left()).toBe(0)
    })
    test('when their time is over', async () => {
      let end = 0
      let removed = 0
      const { left, callsOf } = await expired(1_000, (bucket) => ({
        ...bucket,
        async delete(key) {
          // The first ones at once, and the others when it is too late for more.
          if (++removed > 100) await setTimeout(Math.max(0, end - systemClock.now()))
          await bucket.delete(key)
        },
      }))
      // Their time is told by the clock that is set here, and passes by the real one: ten seconds are left of it.
      end = systemClock.now() + 10_000
      vi.setSystemTime(end - 55_000)
      await callsOf(hour)
      expect(left()).toBeGreaterThan(0)
      expect(left()).toBeLessThan(1_000)
      vi.useRealTimers()
      await callsOf(hour)
      expect(left()).toBe(0)
    })
  })
  test('that have nothing to do say so once', async () => {
    const { turn, lines } = start()
    for (let i = 0; i < 3; i++) await turn()
    const told = { level: 'info', message: expect.stringContaining('not needed') }
    expect(lines).toEqual([expect.objectContaining(told)])
  })
  test('that fail are logged, and thrown for the platform to see', async () => {
    const { turn, lines, fake } = start(iceberg)
    fake.faults.push(...Array.from({ length: 40 }, () => ({ failure: 10003 as const })))
    await expect(turn()).rejects.toThrow()
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: expect.stringMatching(/^a sweep failed/),
      }),
    )
    expect(lines.at(-1)).toMatchObject({ message: 'metrics', subrequests: fake.calls.length })
  })
  test('that cannot begin say what they could not open', async () => {
    const { turn, lines } = start({ ...iceberg, BUCKET: careless(createR2Fake()) })
    await expect(turn()).rejects.toThrow()
    const message = 'the storage or the catalog cannot be opened: the next turn tries again'
    expect(lines[0]).toMatchObject({ level: 'error', message })
  })
})

test('instances: an idle one before a new one', () => {
  let made = 0
  const { take, giveBack } = createInstances(() => ++made)
  expect([take(), take()]).toEqual([1, 2])
  giveBack(1)
  expect([take(), take()]).toEqual([1, 3])
})

describe('admission: what a request held that was stopped is free again', () => {
  const at = { now: 0 }
  const admissionOf = (deadlineMs: number) => {
    at.now = 0
    return createAdmissionOfIsolate({ limit: 100, deadlineMs, now: () => at.now })
  }
  const isTaken = ({ reserve }: ReturnType<typeof admissionOf>): boolean => {
    try {
      reserve(30).release()
      return false
    } catch {
      return true
    }
  }

  test.each([8_000, 600_000])('a minute after a deadline of %i ms', (deadlineMs) => {
    const admission = admissionOf(deadlineMs)
    admission.reserve(80)
    at.now = deadlineMs + 59_999
    expect(isTaken(admission)).toBe(true)
    at.now++
    expect(isTaken(admission)).toBe(false)
    const second = admission.reserve(30)
    second.grow(90)
    second.release()
    second.release()
    admission.reserve(100).release()
  })
  test('but not as long as its body goes on coming, or is inflated', () => {
    const admission = admissionOf(8_000)
    const slow = admission.reserve(60)
    const gone = admission.reserve(20)
    for (const ask of [() => slow.grow(10), () => slow.grow(80), () => slow.resize(75)]) {
      at.now += 50_000
      ask()
      if (at.now < 68_000) gone.grow(20)
      expect(isTaken(admission)).toBe(true)
    }
    at.now += 67_999
    expect(isTaken(admission)).toBe(true)
    at.now++
    expect(isTaken(admission)).toBe(false)
    // It was taken for gone: what it asks for counts again.
    slow.grow(80)
    expect(isTaken(admission)).toBe(true)
    slow.release()
    expect(isTaken(admission)).toBe(false)
  })
})

test('metrics: what differs in no label shares a line', () => {
  const lines: unknown[] = []
  const metrics = createConsoleMetrics({
    write: (line) => lines.push(JSON.parse(line)),
    now: () => 0,
  })
  metrics.count('records', { signal: 'logs' }, 3)
  metrics.count('files', { table: 'logs' })
  metrics.count('files', { table: 'traces' })
  metrics.observe('write_duration', { table: 'traces' }, 0.5)
  metrics.observe('write_duration', { table: 'traces' }, 0.25)
  metrics.gauge('inflight_bytes', 5)
  metrics.tally('subrequests', 2)
  metrics.flush()
  metrics.flush()
  const about = { time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'metrics' }
  expect(lines).toEqual([
    { ...about, signal: 'logs', records: 3, table: 'logs', files: 1, subrequests: 2 },
    { ...about, table: 'traces', files: 1, write_duration_seconds: 0.5 },
  ])
})
