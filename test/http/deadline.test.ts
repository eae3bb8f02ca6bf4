// Protects senders from a storage that hangs or fails: every request is answered within the deadline,
// nothing that may pass makes a sender drop its data, and what is stored late is stored once.
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { sha256 } from '../../runtimes/shared/sha256.ts'
import { IngestError } from '../../src/errors.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { requestId as requestIdOf } from '../../src/request-id.ts'
import { createMemoryStorage, type Hook } from '../../src/storage/memory.ts'
import { logs } from '../ingest/requests.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import { answerOf, heldIngest, start, tryAgain } from './harness.ts'

let encoder: Encoder
beforeAll(async () => {
  encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
})
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const body = logs({ name: 'shop', records: 3 })
let requestId: string
beforeAll(async () => {
  requestId = await requestIdOf('logs', body)
})

/**
 * The application with the real way into a storage, whose `put` does what `before` says. It hashes on this thread: another
 * one's time is none of the virtual clock.
 */
const over = (before: Hook) => {
  const storage = createMemoryStorage({
    before: (operation, key) => (operation === 'put' ? before(operation, key) : undefined),
  })
  const { encode } = encoder
  const options = {
    ...{ storage, encode, sha256, maxFiles: 1000, dedupe: true, log: noLog, metrics: noMetrics },
  }
  const keys = async () => {
    const found: string[] = []
    for await (const { key } of storage.list('')) found.push(key)
    return found
  }
  return { ...start({ ingest: createPlainIngest(options), ready: storage.ready }), keys }
}

/** Whether an answer has come; what has been decided is let through first. */
const isThere = async (answer: Promise<Response>): Promise<boolean> => {
  let there = false
  answer.then(() => {
    there = true
  })
  await vi.advanceTimersByTimeAsync(0)
  return there
}

/** A storage that hangs, `asked` when it was reached, until `free` or `fail` is called. */
const hanging = () => {
  const asked = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const before = () => {
    asked.resolve()
    return end.promise
  }
  return { before, asked: asked.promise, free: () => end.resolve(), fail: end.reject }
}

/** The line about a request that was answered before it was stored. */
const late = (waitingFor: string) => ({
  level: 'warn',
  message: 'a request was not stored in time',
  facts: {
    signal: 'logs',
    error: 'storing took too long, try again',
    waitingFor,
    bytes: body.length,
    requestId,
  },
})

describe('a storage that hangs', () => {
  test('503 when the deadline is reached, and not before', async () => {
    const { before, asked } = hanging()
    const answer = over(before).send(body)
    await asked
    await vi.advanceTimersByTimeAsync(7999)
    expect(await isThere(answer)).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(answerOf(await answer)).toEqual(tryAgain)
  })

  test('what it stores late is logged, and stands once when the sender has come again', async () => {
    const { before, asked, free } = hanging()
    const { send, keys, log } = over(before)
    const [first, second] = [send(body), send(body)]
    await asked
    await vi.advanceTimersByTimeAsync(8000)
    expect([answerOf(await first), answerOf(await second)]).toEqual([tryAgain, tryAgain])
    free()
    await expect.poll(() => log().length).toBe(4)
    expect((await send(body)).status).toBe(200)
    expect((await keys()).length).toBe(1)
    const stored = {
      level: 'info',
      message: 'a request was stored after its deadline',
      facts: { signal: 'logs', requestId },
    }
    expect(log()).toEqual([
      late('its files and their commit'),
      late('an earlier attempt'),
      stored,
      stored,
    ])
  })

  test('what fails late is logged as an error, and no rejection is left unheard', async () => {
    const { before, asked, fail } = hanging()
    const { send, log } = over(before)
    const answer = send(body)
    await asked
    await vi.advanceTimersByTimeAsync(8000)
    expect(answerOf(await answer)).toEqual(tryAgain)
    fail(new IngestError('unavailable', 'disk full'))
    await expect.poll(() => log().length).toBe(2)
    expect(log()).toEqual([
      late('its files and their commit'),
      {
        level: 'error',
        message: 'a request failed after its deadline',
        facts: { signal: 'logs', requestId, error: 'disk full' },
      },
    ])
  })

  test('a request that never ends is a line of the log', async () => {
    const { before, asked } = hanging()
    const { send, log } = over(before)
    const answer = send(body)
    await asked
    await vi.advanceTimersByTimeAsync(8000)
    expect(answerOf(await answer)).toEqual(tryAgain)
    expect(log()).toEqual([late('its files and their commit')])
  })

  test('a request that finds no time is one, too', async () => {
    const { send, log } = start({ remainingMs: () => 0 })
    expect(answerOf(await send(body))).toEqual(tryAgain)
    const { level, message } = late('')
    const facts = { signal: 'logs', error: 'too little time is left, try again' }
    expect(log()).toEqual([{ level, message, facts }])
  })

  test('what is not even asked where it could be stored waits for that', async () => {
    const held = heldIngest()
    const { send, log } = start({ ingest: held.ingest })
    const answer = send(body)
    await held.begun
    await vi.advanceTimersByTimeAsync(8000)
    expect((await answer).status).toBe(503)
    const { facts } = late('the destination')
    expect(log()).toMatchObject([{ facts: { ...facts, requestId: undefined } }])
  })

  test('its requests hold their room until they end', async () => {
    const { before, asked, free } = hanging()
    const { send, inflight } = over(before)
    const answer = send(body)
    await asked
    await vi.advanceTimersByTimeAsync(8000)
    expect((await answer).status).toBe(503)
    expect(inflight()).toBe(body.length)
    free()
    await expect.poll(inflight).toBe(0)
  })
})

describe('a storage that fails', () => {
  const errors: [string, () => unknown][] = [
    ['in our words', () => new IngestError('unavailable', 'disk full')],
    ['in its own', () => Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })],
    ['with a bug of its own', () => new TypeError('undefined is not a function')],
    ['with what is no error', () => 'no'],
  ]
  test.each(errors)('%s: 503, logged, and the next request is stored', async (_, error) => {
    let broken = true
    const { send, keys, log } = over(() => {
      if (broken) throw error()
    })
    expect(answerOf(await send(body))).toEqual(tryAgain)
    expect(log()).toMatchObject([{ level: 'error', message: 'a request could not be stored' }])
    broken = false
    expect((await send(body)).status).toBe(200)
    expect((await keys()).length).toBe(1)
  })
})

describe('an ingest', () => {
  test('with a bug of ours: 500, without a word of it in the answer', async () => {
    const bug = new TypeError('cannot read secret of undefined')
    const { send, log } = start({ ingest: () => Promise.reject(bug) })
    const answer = await send(body)
    expect(answerOf(answer)).toEqual({ status: 500, retryAfter: null })
    expect(await answer.text()).not.toContain('secret')
    expect(log()).toMatchObject([{ level: 'error', facts: { kind: 'internal' } }])
    expect(log()[0]?.facts.error).toContain('cannot read secret')
  })

  test('that is done in time leaves no timer behind', async () => {
    expect((await start().send(body)).status).toBe(200)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a body', () => {
  /** A body whose bytes come when they are told to. */
  const pushed = () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined
    const stream = new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given
      },
    })
    return {
      stream,
      push: (bytes: number) => controller?.enqueue(new Uint8Array(bytes)),
      end: () => controller?.close(),
    }
  }

  test('that takes its time: the deadline counts from its last byte', async () => {
    const held = heldIngest()
    const { send } = start({ ingest: held.ingest })
    const { stream, push, end } = pushed()
    const answer = send(stream)
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(6000)
      push(1000)
    }
    end()
    await held.begun
    await vi.advanceTimersByTimeAsync(7999)
    expect(await isThere(answer)).toBe(false)
    held.store()
    expect((await answer).status).toBe(200)
  })

  test.each([0, 500])('that stops after %i bytes: 503, and the connection ends', async (bytes) => {
    const { send, inflight } = start()
    const { stream, push } = pushed()
    const answer = send(stream)
    if (bytes > 0) push(bytes)
    await vi.advanceTimersByTimeAsync(7999)
    expect(await isThere(answer)).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(answerOf(await answer)).toEqual(tryAgain)
    expect((await answer).headers.get('connection')).toBe('close')
    expect(inflight()).toBe(0)
  })

  test('that drips is given up, however regularly', async () => {
    const { send } = start()
    const { stream, push } = pushed()
    const answer = send(stream)
    for (let i = 0; i < 40 && !(await isThere(answer)); i++) {
      push(1)
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(answerOf(await answer)).toEqual(tryAgain)
  })
})
