// Protects what a deployment stands on: an init has all of the invocation's time and makes every table in it, and it is ok only
// where rows could be stored afterwards; where they could not, its error says why.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { HttpAnswer } from '../../runtimes/lambda/http-answer.ts'
import { startHandler } from '../../runtimes/lambda/start.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { playHosts, type WireAnswer, type WireRequest } from '../iceberg/rest/aws/hosts.ts'
import { createTableObjects } from '../iceberg/rest/aws/objects.ts'
import { account, createService, credentials, s3TablesIn } from '../iceberg/rest/aws/service.ts'
import { FakeTables } from '../iceberg/rest/fake-tables.ts'
import { threeLogs } from './function-url-event.ts'

const region = 'eu-central-1'
const kind = s3TablesIn(region, 'otlp2parquet-tables')
const wasm = compileParquetWasm()
const init = { otlp2parquet: 'init' }

const undone: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of undone.splice(0).toReversed()) await undo()
})

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** What answers instead of S3 Tables and its buckets, or takes its time before they do. */
type Interfere = (
  request: WireRequest & { readonly deed: string },
) => WireAnswer | undefined | Promise<WireAnswer | undefined>

/** A function before a table bucket without tables. */
const start = async (
  interfere: Interfere = () => undefined,
  more: Readonly<Record<string, string>> = {},
) => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', credentials.sessionToken ?? '')
  undone.push(() => vi.unstubAllEnvs())
  const bucket = `${crypto.randomUUID()}--table-s3`
  const tables = new FakeTables({ locationOf: (key) => `s3://${bucket}/${key}` })
  const service = createService(kind, tables)
  const objects = createTableObjects()
  const asked: string[] = []
  const hosts = await playHosts(async (request) => {
    const deed = `${request.method} ${request.host}${request.url}`
    asked.push(deed)
    const other = await interfere({ ...request, deed })
    if (other !== undefined) return other
    return request.host.includes('--table-s3.') ? objects(request) : service.answer(request)
  })
  undone.push(hosts.close)
  const env = {
    AWS_REGION: region,
    OTLP2PARQUET_AUTH: 'none',
    OTLP2PARQUET_ICEBERG_REST_URI: `https://s3tables.${region}.amazonaws.com/iceberg`,
    OTLP2PARQUET_ICEBERG_WAREHOUSE: kind.warehouse,
    ...more,
  }
  const lines: string[] = []
  const handler = await startHandler({ env, version: '0', wasm, write: (line) => lines.push(line) })
  asked.length = 0
  const invoke = (event: unknown, remainingMs = 60_000) => {
    const end = Date.now() + remainingMs
    const getRemainingTimeInMillis = () => end - Date.now()
    return handler(event, { awsRequestId: 'id-1', getRemainingTimeInMillis })
  }
  return { invoke, asked, tables, bucket, lines }
}

/** The lines that the page shows. */
const shown = readFileSync(join(import.meta.dirname, '../../infra/aws.md'), 'utf8').split('\n')

/** Why an invocation failed, as the page shows it: without its time. */
const failureIn = (lines: readonly string[]): string => {
  const failed = lines.filter((line) => line.includes('an invocation failed'))
  expect(failed).toHaveLength(1)
  const { time: _, ...rest } = JSON.parse(failed[0] ?? '')
  return JSON.stringify({ ...rest, awsRequestId: '…' })
}

const makesTable = /^POST s3tables\..*\/tables$/
const redirect: WireAnswer = {
  status: 301,
  headers: { 'x-amz-bucket-region': 'eu-west-1' },
  body: '<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message></Error>',
}
const role = `arn:aws:sts::${account}:assumed-role/otlp2parquet-IntakeRole/otlp2parquet-intake`
const denied = (action: string): WireAnswer => ({
  status: 403,
  body: `<Error><Code>AccessDenied</Code><Message>User: ${role} is not authorized to perform: ${action}</Message></Error>`,
})
const unmet: WireAnswer = {
  status: 412,
  body: '<Error><Code>PreconditionFailed</Code></Error>',
}

describe('time', () => {
  test('a catalog that makes a table in more than five seconds makes all of them in one init', async () => {
    let slow = 1
    const { invoke, tables } = await start(async ({ deed, body }) => {
      const isSlow = makesTable.test(deed) && JSON.parse(body).name === 'traces' && slow-- > 0
      if (isSlow) await sleep(5_500)
      return undefined
    })
    expect(await invoke(init)).toEqual({ status: 'ok' })
    expect(tables.tables.size).toBe(7)
  })

  test('where it is not enough, the error says what helps, and nothing goes on', async () => {
    const { promise: isGivenUp, resolve: giveUp } = Promise.withResolvers<void>()
    const { invoke, asked, lines } = await start(async ({ deed }) => {
      if (makesTable.test(deed)) await isGivenUp
      return undefined
    })
    await expect(invoke(init, 1_800)).rejects.toThrow(
      'init was not done in time: invoke it again, or give the function more time',
    )
    expect(shown).toContain(failureIn(lines))
    // That there was no time is said first; a quarter of a second later what is under way is given up.
    await sleep(1_000)
    const before = asked.length
    giveUp()
    await sleep(1_500)
    expect(asked.length).toBe(before)
  })

  test.each([1500, 3, 0])('with %i ms left nothing is begun', async (ms) => {
    const { invoke, asked } = await start()
    await expect(invoke(init, ms)).rejects.toThrow('give the function more time')
    expect(asked).toEqual([])
  })

  test('a request waits no longer for a table than before', async () => {
    // None of its other times is over by then: a call may take 10 s.
    const { invoke } = await start(
      ({ deed }) => (makesTable.test(deed) ? new Promise(() => {}) : undefined),
      { OTLP2PARQUET_REQUEST_DEADLINE_MS: '50000' },
    )
    const late = sleep(8_000)
    expect(await Promise.race([invoke(threeLogs), late])).toMatchObject({ statusCode: 503 })
  })
})

test('a table that is gone is made again by an init of the same instance', async () => {
  const { invoke, tables } = await start()
  await invoke(init)
  tables.tables.delete('otel/logs')
  expect(await invoke(init)).toEqual({ status: 'ok' })
  expect(tables.tables.size).toBe(7)
})

describe('where nothing could be stored, init fails and says why', () => {
  const state = { OTLP2PARQUET_STATE_BUCKET: 'state' }
  const at =
    (bucket: string, answer: WireAnswer): Interfere =>
    ({ host }) =>
      host.includes(bucket) ? answer : undefined
  const tables = '--table-s3.'

  test.each<[string, Interfere, string, made: number]>([
    [
      'the state bucket denies it',
      at('state.', denied('s3:PutObject')),
      'storage is unavailable: access is denied: allow s3:PutObject',
      // Before anything is made.
      0,
    ],
    [
      "the tables' bucket denies it",
      at(tables, denied('s3tables:GetTableData')),
      'the files of table logs cannot be reached: storage is unavailable: access is denied: allow s3tables:GetTableData',
      1,
    ],
  ])('%s, which infra/aws.md shows', async (_, interfere, words, made) => {
    const { invoke, lines, tables } = await start(
      (asked) => interfere(asked) ?? at('state.', unmet)(asked),
      state,
    )
    await expect(invoke(init)).rejects.toThrow(words)
    expect(shown).toContain(failureIn(lines))
    expect(tables.tables.size).toBe(made)
  })

  test.each([
    ['state', 'state.', 'storage is unavailable: '],
    ['tables', tables, 'the files of table logs cannot be reached: storage is unavailable: '],
  ])('the bucket of %s is elsewhere', async (_, bucket, words) => {
    const { invoke } = await start(at(bucket, redirect), bucket === tables ? {} : state)
    const elsewhere = `${words}the bucket is in another region: configure eu-west-1`
    await expect(invoke(init)).rejects.toThrow(elsewhere)
  })

  test('and else it is ok', async () => {
    const { invoke, asked, bucket } = await start(at('state.', unmet), state)
    expect(await invoke(init)).toEqual({ status: 'ok' })
    expect(asked.filter((deed) => deed.startsWith('PUT state.'))).toHaveLength(1)
    // A head of each table's newest metadata: nothing of ours is left in a bucket where nobody may delete.
    const inBucket = asked.filter((deed) => deed.includes(bucket))
    expect(inBucket).toHaveLength(7)
    expect(
      new Set(inBucket.map((deed) => deed.replace(/\/otel\/\w+\//, '/')).map(plain)).size,
    ).toBe(1)
  })
})

const plain = (deed: string): string => deed.replace(/[\da-f]{8}-[\da-f-]{27}(?!-)/g, 'UUID')

describe('a table bucket in another region than the function', () => {
  const elsewhere = { AWS_REGION: 'us-east-1', OTLP2PARQUET_STATE_BUCKET: 'state' }

  test.each([
    ['without a setting', {}, 'us-east-1'],
    ['with one for the state bucket', { OTLP2PARQUET_S3_REGION: 'eu-west-3' }, 'eu-west-3'],
  ])(
    'is written to where its ARN says, and the state bucket stays where it is: %s',
    async (_, more, own) => {
      const { invoke, asked, bucket } = await start(
        ({ host }) => (host.startsWith('state.') ? unmet : undefined),
        { ...elsewhere, OTLP2PARQUET_COMMIT: 'inline', ...more },
      )
      expect(await invoke(init)).toEqual({ status: 'ok' })
      expect(((await invoke(threeLogs)) as HttpAnswer).statusCode).toBe(200)
      const hosts = new Set(asked.map((deed) => deed.split(/[ /]/)[1]))
      expect(hosts).toEqual(
        new Set([
          `s3tables.${region}.amazonaws.com`,
          `${bucket}.s3.${region}.amazonaws.com`,
          `state.s3.${own}.amazonaws.com`,
        ]),
      )
    },
  )
})
