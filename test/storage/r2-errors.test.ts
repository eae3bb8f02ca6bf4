// Protects what depends on an answer of R2: failures that pass are sat out, a lost answer is looked into, and what has to
// be mended is said in words that tell what to do.
import { beforeEach, describe, expect, it } from 'vitest'
import { comparesAndSwaps } from '../../src/iceberg/file/compare-and-swap.ts'
import { createR2Storage } from '../../src/storage/r2.ts'
import type { R2RetryPolicy } from '../../src/storage/r2-attempts.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { createR2Fake, type Failure, type R2Fake } from './r2-fake.ts'
import { type Line, wrong } from './s3-scene.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')
const others = new TextEncoder().encode('abc')

let fake: R2Fake
let lines: Line[]
let storage: Storage

const open = (retry: Partial<R2RetryPolicy> = {}): Storage =>
  createR2Storage({
    bucket: fake.bucket,
    retry: { baseMs: 1, maxMs: 5, busyMs: 5, ...retry },
    log: (level, message, facts) => {
      if (level !== 'debug') lines.push([message, facts])
    },
  })

beforeEach(() => {
  fake = createR2Fake()
  lines = []
  storage = open()
})

const operations: Record<string, () => Promise<unknown>> = {
  put: () => storage.put('a', bytes),
  get: () => storage.get('a'),
  head: () => storage.head('a'),
  list: () => Array.fromAsync(storage.list('a')),
  delete: () => storage.delete('a'),
  ready: () => storage.ready(),
}

const times = (n: number, failure: Failure) => Array.from({ length: n }, () => ({ failure }))

const passing: Failure[] = [
  ...([10001, 10037, 10043, 10054, 10058] as const),
  'Network connection lost.',
  'get: Unspecified error (0)',
  'put: A code that is not known yet. (10999)',
]

describe('a failure that may pass', () => {
  it.each(passing)('%s is tried again, four times in all', async (failure) => {
    for (const [name, act] of Object.entries(operations)) {
      fake.faults.push(...times(3, failure))
      fake.calls.length = 0
      await act()
      expect(fake.calls, name).toHaveLength(4)
      expect(lines).toEqual([])
    }
  })

  it('and does not is said, and logged', async () => {
    const expected: [Failure, string][] = [
      [10001, 'R2 failed with 10001'],
      [10037, 'bytes were damaged on their way'],
      [10043, 'R2 failed with 10043'],
      [10058, 'R2 asks to slow down'],
      ['Network connection lost.', 'R2 cannot be reached'],
    ]
    for (const [failure, reason] of expected) {
      fake.faults.push(...times(4, failure))
      const error = await wrong(storage.put('a', bytes))
      expect([error.kind, error.message]).toEqual([
        'unavailable',
        `storage is unavailable: ${reason}`,
      ])
      expect(lines.pop()).toEqual([
        'R2 refused',
        expect.objectContaining({ operation: 'put', key: 'a', reason: expect.any(String) }),
      ])
    }
    expect(fake.faults).toEqual([])
  })

  it('in the middle of a list', async () => {
    const keys = ['k0', 'k1', 'k2', 'k3']
    for (const key of keys) fake.store(key, bytes)
    fake.pageSizes = [2, 2]
    fake.faults.push(undefined, { failure: 10001 })
    const found = await Array.fromAsync(storage.list('k'), ({ key }) => key)
    expect(found).toEqual(keys)
  })

  it('while the bytes come', async () => {
    fake.store('a', bytes)
    let broken = 1
    const { get } = fake.bucket
    const bucket = {
      ...fake.bucket,
      get: async (key: string) => {
        const object = await get(key)
        const arrayBuffer = async () => {
          if (broken-- > 0) throw new Error('Network connection lost.')
          return (await object?.arrayBuffer()) ?? new ArrayBuffer()
        }
        return object && { ...object, arrayBuffer }
      },
    }
    const retry = { baseMs: 1 }
    expect(await createR2Storage({ bucket, retry }).get('a')).toEqual(bytes)
    expect(fake.calls).toEqual(['get a', 'get a'])
  })

  it('is waited for longer where R2 counts by the second', async () => {
    storage = open({ busyMs: 100 })
    fake.faults.push(...times(2, 10058))
    const before = performance.now()
    await storage.put('a', bytes)
    expect(performance.now() - before).toBeGreaterThan(195)
  })
})

describe('a failure that somebody has to mend', () => {
  const cases: [failure: Failure, reason: RegExp][] = [
    [10003, /: access is denied: check the Worker's binding of the bucket$/],
    [10006, /: the bucket does not exist$/],
    [10012, /: the object's metadata are too large$/],
    [10020, /: the key is too long or no good text: shorten the prefix$/],
    [10042, /: the account has no R2 subscription$/],
    [10069, /: a lock rule of the bucket forbids it/],
    ['Too many subrequests.', /: the request needs more calls than Workers allow one$/],
    [
      'Too many API requests by single worker invocation.',
      /: the request needs more calls than Workers allow one$/,
    ],
  ]
  it.each(cases)('%s', async (failure, message) => {
    for (const [name, act] of Object.entries(operations)) {
      fake.faults.push({ failure })
      fake.calls.length = 0
      const error = await wrong(act())
      expect([error.kind, error.message], name).toEqual([
        'unavailable',
        expect.stringMatching(message),
      ])
      expect(fake.calls, name).toHaveLength(1)
    }
    expect(lines).toHaveLength(Object.keys(operations).length)
  })
})

describe('a put whose answer is lost', () => {
  const lost = (meanwhile?: () => void) => {
    fake.faults.push({ failure: 10001, late: true, ...(meanwhile && { meanwhile }) })
  }

  it('is created, under a condition too', async () => {
    lost()
    expect(await storage.put('a', bytes, once)).toBe('created')
    expect(fake.calls).toEqual(['put a', 'put a', 'head a'])
    lost()
    expect(await storage.put('a', others)).toBe('created')
    expect(fake.objects).toEqual(new Map([['a', others]]))
  })

  it('has replaced what it had seen, unless another has stored the same bytes meanwhile', async () => {
    const { tagged } = createR2Storage({ bucket: fake.bucket, retry: { baseMs: 1 } })
    await storage.put('a', bytes)
    const tagOf = async () => (await tagged.get('a'))?.tag ?? ''
    const first = await tagOf()
    lost()
    expect(await tagged.replace('a', first, others)).toBe('replaced')
    const second = await tagOf()
    lost(() => fake.store('a', bytes))
    expect(await tagged.replace('a', second, bytes)).toBe('changed')
  })

  it.each([
    ['other', others],
    ['the same', bytes],
  ])('exists where another has stored %s bytes', async (_, theirs) => {
    // Before, and then in its place: it was removed, and somebody else was faster.
    fake.store('a', theirs)
    lost()
    expect(await storage.put('a', bytes, once)).toBe('exists')
    lost(() => fake.store('b', theirs))
    expect(await storage.put('b', bytes, once)).toBe('exists')
    expect(fake.objects.get('b')).toEqual(theirs)
  })

  it('is not known where the object is gone again', async () => {
    const { head } = fake.bucket
    const bucket = { ...fake.bucket, head: (key: string) => head(key).then(() => null) }
    lost()
    const error = await wrong(
      createR2Storage({ bucket, retry: { baseMs: 1 } }).put('a', bytes, once),
    )
    expect(error.message).toBe('storage is unavailable: an object came and went')
  })

  it('does not make a bucket look as if it ignored conditions', async () => {
    lost()
    expect(await comparesAndSwaps(storage)).toBe(true)
    expect(await comparesAndSwaps(storage)).toBe(true)
  })
})

it.each([10, 11, 1000])(
  'a range from %i on has no bytes, and none of nothing is null',
  async (start) => {
    const range = { start, end: start + 5 }
    fake.store('a', bytes)
    expect(await storage.get('a', { range })).toEqual(new Uint8Array())
    expect(await storage.get('none', { range })).toBeNull()
    expect(lines).toEqual([])
  },
)

it('a range whose call fails is tried again', async () => {
  fake.store('a', bytes)
  fake.faults.push({ failure: 10001 }, undefined, { failure: 10001 }, { failure: 10001 })
  expect(await storage.get('a', { range: { start: 3, end: 5 } })).toEqual(bytes.subarray(3, 5))
})

it('a bucket that cannot be written is not ready, and nothing is written to find out', async () => {
  await storage.ready()
  expect([...fake.calls, ...fake.objects.keys()]).toEqual(['put .ready'])
  fake.faults.push({ failure: 10003 })
  await expect(storage.ready()).rejects.toThrow('access is denied')
})
