// Protects the keys that sign: renewed before they end, by one asking for all, and never asked for in a loop.
import { describe, expect, test, vi } from 'vitest'
import { type Credentials, cacheCredentials } from '../../src/storage/s3-credentials.ts'

/** A provider whose credentials live `lifeMs`, on a clock that the test turns. */
const scene = (lifeMs?: number) => {
  let now = 1_000_000
  let failing = false
  const asked: boolean[] = []
  const cache = cacheCredentials(
    async ({ refused = false } = {}): Promise<Credentials> => {
      asked.push(refused)
      if (failing) throw new Error('no answer')
      const expiration = lifeMs === undefined ? {} : { expiration: new Date(now + lifeMs) }
      return { accessKeyId: String(asked.length), secretAccessKey: 's', ...expiration }
    },
    undefined,
    () => now,
  )
  return {
    asked,
    get: async (refused?: Credentials) => (await cache(refused)).accessKeyId,
    cache,
    pass: (ms: number) => {
      now += ms
    },
    fail: (fails: boolean) => {
      failing = fails
    },
  }
}

const minute = 60_000

describe('credentials', () => {
  test('that never end are asked for once', async () => {
    const { get, pass, asked } = scene()
    expect([await get(), await get()]).toEqual(['1', '1'])
    pass(1e12)
    expect(await get()).toBe('1')
    expect(asked).toEqual([false])
  })

  test('are renewed five minutes before their end, once for all who ask', async () => {
    const { get, pass } = scene(60 * minute)
    await get()
    pass(55 * minute - 1)
    expect(await get()).toBe('1')
    pass(1)
    expect(await Promise.all([get(), get(), get()])).toEqual(['2', '2', '2'])
  })

  test('that live for less than that are good for their life, and asked for every ten seconds', async () => {
    const { get, pass, asked } = scene(2 * minute)
    for (let i = 0; i < 100; i++) {
      await get()
      pass(1000)
    }
    expect(asked).toHaveLength(10)
  })

  test('that cannot be renewed are good until they end', async () => {
    const { get, pass, fail, asked } = scene(60 * minute)
    await get()
    fail(true)
    pass(56 * minute)
    expect([await get(), await get()]).toEqual(['1', '1'])
    expect(asked).toHaveLength(2)
    pass(4 * minute)
    await expect(get()).rejects.toMatchObject({ kind: 'unavailable' })
    fail(false)
    expect(await get()).toBe('4')
  })

  test('that were refused are replaced, once for all who had them', async () => {
    const { cache, get, asked } = scene()
    const refused = await cache()
    expect(await Promise.all([get(refused), get(refused), get()])).toEqual(['2', '2', '1'])
    expect(await get(refused)).toBe('2')
    expect(asked).toEqual([false, true])
  })

  test('that were refused are not used again when there are no others', async () => {
    const { cache, get, fail } = scene()
    const refused = await cache()
    fail(true)
    await expect(get(refused)).rejects.toThrow('there are no credentials')
  })

  test('that are over when they come are asked for once more, then used: the clock may be wrong', async () => {
    const { get, asked } = scene(-minute)
    expect([await get(), await get()]).toEqual(['2', '2'])
    expect(asked).toEqual([false, true])
  })

  test('that never come are not waited for', async () => {
    vi.useFakeTimers()
    try {
      const asked = cacheCredentials(() => new Promise(() => {}))()
      const outcome = expect(asked).rejects.toMatchObject({
        kind: 'unavailable',
        cause: { message: 'credentials did not come in time' },
      })
      await vi.advanceTimersByTimeAsync(10_000)
      await outcome
    } finally {
      vi.useRealTimers()
    }
  })
})
