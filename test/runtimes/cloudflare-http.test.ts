/**
 * Protects HTTP on Workers: every case of the contract, answered by the Worker in workerd, each answer decoded by the judge;
 * and the rows that stand in its bucket afterwards are the records that were sent. Who comes while its memory is taken is told to
 * come again.
 */
import { type OutgoingHttpHeaders, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Configuration, json, protobuf } from '../http/case.ts'
import { groups } from '../http/cases/cases.ts'
import { problems } from '../http/check.ts'
import { sendOver } from '../http/send.ts'
import { rowsOfFile, storedProblems } from '../http/stored.ts'
import { len, logsOf, str } from '../http/wire.ts'
import type { TableRow } from '../judge/rows.ts'
import { objectsOf, type RunningWorker, startWorker } from '../tools/worker.ts'

/** Variables of a configuration. Equal bodies count each time: many cases send the same. */
const variablesOf = ({ auth, corsOrigins, basePath, maxPayloadBytes }: Configuration = {}) => ({
  OTLP2PARQUET_DEDUPE: 'off',
  OTLP2PARQUET_MAX_PAYLOAD_BYTES: String(maxPayloadBytes ?? 8 << 20),
  OTLP2PARQUET_AUTH: auth?.kind ?? 'none',
  ...(auth && { OTLP2PARQUET_AUTH_TOKENS: auth.tokens.join(',') }),
  ...(corsOrigins && { OTLP2PARQUET_CORS_ORIGINS: corsOrigins.join(',') }),
  ...(basePath && { OTLP2PARQUET_BASE_PATH: basePath }),
})

const takeRows = async ({ bucket }: RunningWorker): Promise<TableRow[]> => {
  const objects = await objectsOf(bucket)
  const rows = [...objects].map(([key, bytes]) => rowsOfFile(key, bytes))
  for (const key of objects.keys()) await bucket.delete(key)
  return (await Promise.all(rows)).flat()
}

// A variable cannot set so little room for bytes in flight as one group wants: below it is filled by another request.
const configurable = groups.filter(({ configuration }) => !configuration?.maxInflightBytes)

describe.each(configurable)('$name', ({ cases, configuration }) => {
  let worker: RunningWorker
  beforeAll(async () => {
    worker = await startWorker({ variables: variablesOf(configuration) })
  })
  afterAll(() => worker.stop())

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    const answer = await sendOver(worker.url)(one.request)
    expect(problems(one, answer)).toEqual([])
    expect(storedProblems(one, await takeRows(worker))).toEqual([])
  })
})

describe('in flight', () => {
  let worker: RunningWorker
  beforeAll(async () => {
    const variables = {
      ...variablesOf({ maxPayloadBytes: 1 << 20 }),
      OTLP2PARQUET_MAX_INFLIGHT_BYTES: '1MiB',
      // For so long a body may pause.
      OTLP2PARQUET_REQUEST_DEADLINE_MS: '60000',
    }
    worker = await startWorker({ variables })
  })
  afterAll(() => worker.stop())

  /** A log record of so many bytes and some. */
  const record = (size: number) => logsOf(len(5, str(1, 'x'.repeat(size))))
  const refused = { status: 503, headers: { 'Retry-After': '1' } }
  const large = protobuf('another body, for which there is no room', record(700_000), refused)
  const others = [
    protobuf('another, chunked', record(700_000), refused, { chunked: 50_000 }),
    json('another, in JSON', `{"a":"${'x'.repeat(700_000)}"}`, refused),
    protobuf(
      'another, for which there is none once it is inflated',
      gzipSync(record(700_000)),
      refused,
      {
        headers: { 'Content-Encoding': 'gzip' },
      },
    ),
  ]
  const small = protobuf('a body for which there is room', record(50_000), 200)
  const later = protobuf('the other body, once there is room', record(700_000), 200)

  /** Sends half of a body, and the rest when it is told to; its status. */
  const sendHalf = (body: Uint8Array, headers: OutgoingHttpHeaders) => {
    const sending = request(`${worker.url}v1/logs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-protobuf', ...headers },
    })
    const status = new Promise<number | undefined>((resolve, reject) => {
      sending.on('response', (answer) =>
        answer.resume().on('end', () => resolve(answer.statusCode)),
      )
      sending.on('error', reject)
    })
    const half = body.length >> 1
    sending.write(body.subarray(0, half))
    return () => {
      sending.end(body.subarray(half))
      return status
    }
  }

  test.each([
    ['that said how long it is', true],
    ['of which no more is known than what has come', false],
  ])('while most of the room is taken by a slow body %s', async (_, isDeclared) => {
    const slow = protobuf('', record(900_000), 200)
    const body = slow.request.body ?? new Uint8Array()
    const send = sendOver(worker.url)
    let rest: (() => Promise<unknown>) | undefined
    const begin = async () => {
      await rest?.()
      rest = sendHalf(body, isDeclared ? { 'Content-Length': body.length } : {})
      await setTimeout(300)
      return (await send(large.request)).status
    }
    // On a busy machine the other one may be faster, and the slow one is refused.
    await expect.poll(begin).toBe(503)
    await takeRows(worker)
    for (const one of [large, ...others, small, large]) {
      expect(problems(one, await send(one.request))).toEqual([])
      expect(storedProblems(one, await takeRows(worker))).toEqual([])
    }
    expect(await rest?.()).toBe(200)
    expect(storedProblems(slow, await takeRows(worker))).toEqual([])
    expect(problems(later, await send(later.request))).toEqual([])
    expect(storedProblems(later, await takeRows(worker))).toEqual([])
  })
})
