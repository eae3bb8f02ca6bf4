// Protects probes: /health says that the process is alive, /ready whether requests could be stored
// now; asking often costs nothing, and no answer tells more than that.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { answerOf, start, tryAgain } from './harness.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('when the storage is down', () => {
  const errors: [string, () => Promise<void>][] = [
    [
      'in our words',
      () =>
        Promise.reject(
          new IngestError('unavailable', 'storage is unavailable', {
            cause: new Error('/secret/path'),
          }),
        ),
    ],
    ['in its own', () => Promise.reject(new Error('/secret/path is read-only'))],
    ['for ever, it seems', () => Promise.reject(new IngestError('internal', '/secret/path'))],
    [
      'at once',
      () => {
        throw new Error('/secret/path')
      },
    ],
  ]
  test.each(errors)('%s: 503, the log says why, the answer does not', async (_, ready) => {
    const { get, log } = start({ ready })
    for (const path of ['/ready', '/ready/']) {
      const answer = await get(path)
      expect(answerOf(answer)).toEqual(tryAgain)
      expect(answer.headers.get('content-type')).toBe('application/json')
      const { code, message } = JSON.parse(await answer.text())
      expect({ code, told: message.includes('secret') }).toEqual({ code: 14, told: false })
    }
    expect((await get('/health')).status).toBe(200)
    expect(log()).toMatchObject([{ level: 'warn', message: 'not ready' }])
    expect(log()[0]?.facts.error).toContain('/secret/path')
  })

  test('and hangs: 503 at the deadline', async () => {
    vi.useFakeTimers()
    const { get } = start({ ready: () => new Promise(() => {}) })
    const answer = get('/ready')
    await vi.advanceTimersByTimeAsync(8000)
    expect(answerOf(await answer)).toEqual(tryAgain)
    expect(await (await answer).json()).toEqual({ code: 14, message: 'not ready in time' })
  })
})

test('the answer is kept for 5 s, good or bad', async () => {
  let [time, calls, up] = [0, 0, true]
  const ready = async () => {
    calls++
    if (!up) throw new IngestError('unavailable', 'down')
  }
  const { get } = start({ ready, now: () => time })
  const ask = async (at: number) => {
    time = at
    return [(await get('/ready')).status, calls]
  }
  expect(await ask(0)).toEqual([200, 1])
  up = false
  expect(await ask(4999)).toEqual([200, 1])
  expect(await ask(5000)).toEqual([503, 2])
  up = true
  expect(await ask(9999)).toEqual([503, 2])
  expect(await ask(10_000)).toEqual([200, 3])
})

test('a hundred at once ask the storage once', async () => {
  let calls = 0
  const { get } = start({
    ready: async () => {
      calls++
    },
  })
  const answers = await Promise.all(Array.from({ length: 100 }, () => get('/ready')))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(calls).toBe(1)
})
