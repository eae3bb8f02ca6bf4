// Protects memory: the bodies of all requests together stay below a limit. Past it senders are told
// to come again before their body is read, and the room comes back however a request ends.
import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { contentCodings } from '../../runtimes/shared/content-codings.ts'
import type { Decode } from '../../src/app.ts'
import { IngestError } from '../../src/errors.ts'
import { answerOf, countedBody, heldIngest, start, stored, tryAgain } from './harness.ts'

/** An application of 10,000 bytes whose first request holds 6,000 of them. */
const occupied = async () => {
  const held = heldIngest()
  let calls = 0
  const app = start({ ingest: async (request) => (calls++ === 0 ? held.ingest(request) : stored) })
  const first = app.send(new Uint8Array(6000))
  await held.begun
  return { ...app, first, store: held.store, calls: () => calls }
}

describe('while most of the room is taken', () => {
  test('a body that does not fit is refused unread, one that fits is stored', async () => {
    const { send, calls, counts } = await occupied()
    const { seen, body } = countedBody(5)
    expect(answerOf(await send(body, { 'Content-Length': '5000' }))).toEqual(tryAgain)
    expect({ ...seen, calls: calls() }).toEqual({ taken: 0, calls: 1 })
    expect((await send(new Uint8Array(4000))).status).toBe(200)
    expect(counts['refused_requests logs overloaded']).toBe(1)
  })

  test('a body of unknown length is read until it does not fit, and no further', async () => {
    const { send, inflight } = await occupied()
    const { seen, body } = countedBody(1000)
    expect(answerOf(await send(body))).toEqual(tryAgain)
    expect(seen.taken).toBe(5)
    expect(inflight()).toBe(6000)
  })

  test('a body that inflates to what does not fit is refused', async () => {
    const { send, calls } = await occupied()
    const gzip = { 'Content-Encoding': 'gzip' }
    // While it is inflated, what came is there as well.
    const largest = 4000 - gzipSync(new Uint8Array(3960)).length
    expect(answerOf(await send(gzipSync(new Uint8Array(largest + 1)), gzip))).toEqual(tryAgain)
    expect(calls()).toBe(1)
    expect((await send(gzipSync(new Uint8Array(largest)), gzip)).status).toBe(200)
  })

  test('the room comes back with the answer', async () => {
    const { send, first, store, inflight } = await occupied()
    store()
    expect((await first).status).toBe(200)
    expect(inflight()).toBe(0)
    expect((await send(new Uint8Array(10_000))).status).toBe(200)
  })

  test('probes are answered all the same', async () => {
    const { get } = await occupied()
    expect((await get('/health')).status).toBe(200)
    expect((await get('/ready')).status).toBe(200)
  })
})

test('100 requests at once: never more bytes than the limit, all others may come again', async () => {
  let most = 0
  const app = start({
    ingest: async () => {
      most = Math.max(most, app.inflight())
      await setImmediate()
      return stored
    },
  })
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => app.send(new Uint8Array(3000))),
  )
  const statuses = answers.map(({ status }) => status)
  expect(most).toBe(9000)
  expect(new Set(statuses)).toEqual(new Set([200, 503]))
  expect(statuses.filter((status) => status === 200).length).toBe(3)
  expect(app.inflight()).toBe(0)
})

describe('bodies that are inflated at once', () => {
  const coders = { gzip: gzipSync, deflate: deflateSync, zstd: zstdCompressSync }

  /** The codings, and how much they made. */
  const counted = () => {
    const seen = { made: 0 }
    const inflate: Record<string, Decode> = {}
    for (const [name, decode] of Object.entries(contentCodings())) {
      inflate[name] = async (...args) => {
        const bytes = await decode(...args)
        seen.made += bytes.length
        return bytes
      }
    }
    return { seen, inflate }
  }

  test.each(Object.entries(coders))('%s: none is that has no room', async (coding, compress) => {
    const { ingest, store } = heldIngest()
    const { seen, inflate } = counted()
    const { send, inflight } = start({ ingest, inflate })
    const body = compress(new Uint8Array(4000))
    const answers = Array.from({ length: 4 }, () => send(body, { 'Content-Encoding': coding }))
    const refused: Response[] = []
    for (const answer of answers) void answer.then((early) => refused.push(early))
    await expect.poll(() => [refused.length, inflight()]).toEqual([2, 8000])
    expect(refused.map(answerOf)).toEqual([tryAgain, tryAgain])
    expect(seen.made).toBe(8000)
    store()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 200, 503, 503])
  })

  test('one that hardly shrank has room where it is alone', async () => {
    const body = gzipSync(randomBytes(9000))
    const limits = { maxPayloadBytes: body.length, maxInflightBytes: body.length }
    const { send } = start({ limits })
    expect((await send(body, { 'Content-Encoding': 'gzip' })).status).toBe(200)
  })
})

const failing = (error: unknown) => ({ ingest: () => Promise.reject(error) })
const torn = () =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(3000))
      controller.error(new Error('connection reset'))
    },
  })

describe('the room comes back after', () => {
  const ways: [string, number, () => Promise<{ answer: Response; inflight: number }>][] = [
    ['a malformed request', 400, once(failing(new IngestError('malformed', 'no')))],
    ['a storage that fails', 503, once(failing(new IngestError('unavailable', 'no')))],
    ['a bug', 500, once(failing(new TypeError('no')))],
    [
      'a bug that throws at once',
      500,
      once({
        ingest: () => {
          throw new TypeError('no')
        },
      }),
    ],
    ['bad gzip', 400, once({}, new Uint8Array(5000), { 'Content-Encoding': 'gzip' })],
    ['a bomb', 413, once({}, gzipSync(new Uint8Array(100_000)), { 'Content-Encoding': 'gzip' })],
    ['a body that is too large', 413, once({}, () => countedBody(20).body)],
    ['a body that does not end', 503, once({}, torn)],
    [
      'a Content-Length that lies',
      200,
      once({}, () => countedBody(1).body, { 'Content-Length': '9000' }),
    ],
  ]
  test.each(ways)('%s', async (_, status, send) => {
    const { answer, inflight } = await send()
    expect({ status: answer.status, inflight }).toEqual({ status, inflight: 0 })
  })

  function once(
    parts: Parameters<typeof start>[0],
    body: Uint8Array | (() => ReadableStream<Uint8Array>) = new Uint8Array(5000),
    headers = {},
  ) {
    return async () => {
      const { send, inflight } = start(parts)
      const answer = await send(typeof body === 'function' ? body() : body, headers)
      return { answer, inflight: inflight() }
    }
  }
})

describe('refused without a byte of the body', () => {
  const token = { kind: 'bearer', tokens: () => ['t'] } as const
  const cases: [string, number, Parameters<typeof start>[0], Record<string, string>, string?][] = [
    ['no credentials', 401, { auth: token }, {}],
    [
      'no credentials, for a body that is too large',
      401,
      { auth: token },
      { 'Content-Length': '20000' },
    ],
    ['an unknown type', 415, {}, { 'Content-Type': 'text/plain' }],
    ['an unknown coding', 415, {}, { 'Content-Encoding': 'br' }],
    ['a declared length above the limit', 413, {}, { 'Content-Length': '10001' }],
    [
      'a declared length above the room',
      503,
      { limits: { maxInflightBytes: 4000 } },
      { 'Content-Length': '5000' },
    ],
    ['an unknown path', 404, {}, {}, '/v1/none'],
    ['a probe', 405, {}, {}, '/health'],
  ]
  test.each(cases)('%s: %i', async (_, status, parts, headers, path) => {
    const { send } = start(parts)
    const { seen, body } = countedBody(5)
    expect({ status: (await send(body, headers, path)).status, ...seen }).toEqual({
      status,
      taken: 0,
    })
  })
})
