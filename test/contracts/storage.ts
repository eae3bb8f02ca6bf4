// What every storage promises (src/storage/storage.ts), whatever it is made of: a backend that
// passes may be put under the rest of the program.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import type { ObjectInfo, Storage } from '../../src/storage/storage.ts'

/** An empty storage, and how to remove it. */
export interface StorageFixture {
  readonly storage: Storage
  readonly dispose?: () => Promise<void>
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const once = { ifNoneMatch: '*' } as const

const everyAscii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  .filter((character) => character !== '/' && character !== '.')
  .map((character) => `ascii/${character}`)

const hostileKeys = [
  ...everyAscii,
  'ascii/every !"#$%&\'()*+,-.:;<=>?@[\\]^_`{|}~',
  'logs/my service/year=2026/month=01/day=02/hour=03/1-2.parquet',
  'percent/%2e%2e%2Fx',
  'percent/%',
  'percent/%00',
  'backslash/a\\..\\..\\x',
  'space/ ',
  'space/trailing ',
  'space/a\tb\nc\rd',
  'dots/a..',
  'dots/a/b./c...',
  'unicode/größe/日本語/🦆',
  'unicode/e\u0301',
  'unicode/\u00e9',
  'unicode/\u202e\ufeff',
  'case/A',
  'case/a',
  'proto/__proto__',
  'proto/constructor/x',
  'glob/**',
  'query?x=1&y=2#fragment',
  `long/${'x'.repeat(255)}`,
  `long/${'ü'.repeat(127)}`,
  `${'d'.repeat(255)}/${'e'.repeat(255)}/${'f'.repeat(255)}/${'g'.repeat(255)}`,
]

const invalidKeys: Record<string, string> = {
  'the empty key': '',
  'a leading slash': '/a',
  'a trailing slash': 'a/',
  'an empty segment': 'a//b',
  'a segment of one dot': 'a/./b',
  'a segment of two dots': 'a/../b',
  'two dots first': '../a',
  'two dots last': 'a/..',
  'a segment that begins with a dot': 'a/.hidden',
  NUL: 'a\0b',
  'a lone surrogate': 'a\ud800',
  'a segment of 256 bytes': `a/${'x'.repeat(256)}`,
  'a segment of 256 bytes in 128 characters': `a/${'ü'.repeat(128)}`,
  'a key of 1025 bytes': `${'x/'.repeat(512)}x`,
}

/** Keys in bytewise order, where a folder's keys lie among its neighbours'. */
const orderedKeys = [
  'A',
  'a b/c',
  'a-b',
  'a/-',
  'a/b/c',
  'a/b/d',
  'a/b0',
  'a/c',
  'a0',
  'aa/x',
  'ab',
  'b',
  'é',
  '日',
  '\uffee',
  '🦆',
]

const collect = async (objects: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> => {
  const found: ObjectInfo[] = []
  for await (const object of objects) found.push(object)
  return found
}

/** Every operation that takes a key. */
const operations: Record<string, (storage: Storage, key: string) => Promise<unknown>> = {
  put: (storage, key) => storage.put(key, utf8('x')),
  get: (storage, key) => storage.get(key),
  head: (storage, key) => storage.head(key),
  delete: (storage, key) => storage.delete(key),
}

/**
 * Declares the suite for one backend. `create` makes a fresh, empty storage for each test; `nameless` are characters that a
 * server of others cannot take in a key.
 */
export const storageContract = (
  name: string,
  create: () => Promise<StorageFixture>,
  nameless = /(?!)/,
): void => {
  describe(`${name} keeps the storage contract`, () => {
    let fixture: StorageFixture
    let storage: Storage
    const keys = async (prefix: string) => (await collect(storage.list(prefix))).map((o) => o.key)

    beforeEach(async () => {
      fixture = await create()
      storage = fixture.storage
    })
    afterEach(() => fixture.dispose?.())

    it('is ready', async () => {
      await expect(storage.ready()).resolves.toBeUndefined()
      expect(await keys('')).toEqual([])
    })

    it('gives back what was put', async () => {
      expect(await storage.put('a/b', utf8('one'))).toBe('created')
      expect(await storage.get('a/b')).toEqual(utf8('one'))
      expect(await storage.head('a/b')).toMatchObject({ key: 'a/b', size: 3 })
      expect(await collect(storage.list(''))).toMatchObject([{ key: 'a/b', size: 3 }])
    })

    it.each([
      [0, 1, '0'],
      [3, 6, '345'],
      [0, 100, '0123456789'],
      [8, 100, '89'],
      [10, 11, ''],
      [4, 4, ''],
    ])('gives back bytes from %i to %i', async (start, end, text) => {
      await storage.put('a', utf8('0123456789'))
      await storage.put('empty', new Uint8Array())
      const range = { start, end }
      expect(await storage.get('a', { range })).toEqual(utf8(text))
      expect(await storage.get('empty', { range })).toEqual(new Uint8Array())
      expect(await storage.get('none', { range: { start: 0, end: 1 } })).toBeNull()
    })

    it('lists when an object was written', async () => {
      const before = Date.now()
      await storage.put('a', utf8('first'))
      const [first] = await collect(storage.list('a'))
      // S3 tells whole seconds, and a file system's clock ticks.
      expect(first?.modifiedAt).toBeGreaterThan(before - 2000)
      expect(first?.modifiedAt).toBeLessThan(Date.now() + 2000)
      // To the second, as HTTP tells it.
      const head = await storage.head(first?.key ?? '')
      expect(Math.abs((head?.modifiedAt ?? 0) - (first?.modifiedAt ?? 0))).toBeLessThan(1000)
    })

    it('gives back what was put as volatile, under a condition too', async () => {
      expect(await storage.put('a', utf8('first'), { volatile: true })).toBe('created')
      expect(await storage.put('a', utf8('2nd'), { volatile: true })).toBe('created')
      expect(await storage.put('a', utf8('3rd'), { ...once, volatile: true })).toBe('exists')
      expect(await storage.get('a')).toEqual(utf8('2nd'))
    })

    it('says null for what is not there', async () => {
      await storage.put('a/b', utf8('one'))
      for (const key of ['none', 'a', 'a/none', 'a/b/c', 'none/none']) {
        expect(await storage.get(key), key).toBeNull()
        expect(await storage.head(key), key).toBeNull()
      }
    })

    it('replaces without a condition', async () => {
      await storage.put('a', utf8('a longer first'))
      expect(await storage.put('a', utf8('second'))).toBe('created')
      expect(await storage.get('a')).toEqual(utf8('second'))
      expect(await keys('')).toEqual(['a'])
    })

    it('leaves what stands under a condition', async () => {
      expect(storage.capabilities.conditionalPut).toBe(true)
      expect(await storage.put('a', utf8('first'), once)).toBe('created')
      expect(await storage.put('a', utf8('second'), once)).toBe('exists')
      expect(await storage.get('a')).toEqual(utf8('first'))
      await storage.delete('a')
      expect(await storage.put('a', utf8('third'), once)).toBe('created')
      expect(await storage.get('a')).toEqual(utf8('third'))
    })

    it('lets one of 50 writers at once create', async () => {
      const writer = async (i: number) => ({
        i,
        result: await storage.put('x/y', utf8(`${i}`), once),
      })
      const results = await Promise.all(Array.from({ length: 50 }, (_, i) => writer(i)))
      const winners = results.filter(({ result }) => result === 'created')
      expect(winners).toHaveLength(1)
      expect(await storage.get('x/y')).toEqual(utf8(`${winners[0]?.i}`))
    })

    it('is whole after 50 writers at once replaced', async () => {
      const bytes = Array.from({ length: 50 }, (_, i) => new Uint8Array(10_000 + i).fill(i))
      await Promise.all(bytes.map((each) => storage.put('x/y', each)))
      const found = await storage.get('x/y')
      expect(found).toEqual(bytes[found?.[0] ?? -1])
    })

    it('shows whole objects only, while they are put and replaced', async () => {
      const size = 1_500_000
      const lane = async (i: number): Promise<void> => {
        for (const n of [1, 2, 3, 4]) await storage.put(`p/${i}`, new Uint8Array(size).fill(n))
      }
      let putting = true
      const lanes = Promise.all([1, 2, 3, 4, 5].map(lane)).finally(() => {
        putting = false
      })
      do {
        for (const { key, size: listed } of await collect(storage.list(''))) {
          expect({ key, listed }).toEqual({ key: expect.stringMatching(/^p\/\d$/), listed: size })
          const found = (await storage.get(key)) ?? new Uint8Array()
          expect(sameBytes(found, new Uint8Array(size).fill(found[0] ?? 0))).toBe(true)
        }
      } while (putting)
      await lanes
      expect(await keys('')).toHaveLength(5)
    })

    it.each([0, 1, 5_000_000])('keeps an object of %i bytes', async (size) => {
      const bytes = new Uint8Array(size).map((_, i) => (i * 2_654_435_761) >>> 24)
      await storage.put('sized', bytes, once)
      expect((await storage.head('sized'))?.size).toBe(size)
      const found = await storage.get('sized')
      expect(found?.length).toBe(size)
      expect(found !== null && sameBytes(found, bytes)).toBe(true)
    })

    it('keeps its own copy of the bytes', async () => {
      const bytes = utf8('before')
      await storage.put('a', bytes)
      bytes.fill(0)
      ;(await storage.get('a'))?.fill(1)
      expect(await storage.get('a')).toEqual(utf8('before'))
    })

    it('writes the part of a buffer that a view shows', async () => {
      await storage.put('a', utf8('0123456789').subarray(3, 6))
      expect(await storage.get('a')).toEqual(utf8('345'))
    })

    it('keeps hostile keys apart', async () => {
      const hostile = hostileKeys.filter((key) => !nameless.test(key))
      expect(hostile.length).toBeGreaterThan(100)
      await Promise.all(hostile.map((key) => storage.put(key, utf8(key), once)))
      for (const key of hostile) expect(await storage.get(key), key).toEqual(utf8(key))
      expect(new Set(await keys(''))).toEqual(new Set(hostile))
    })

    it.each(Object.entries(invalidKeys))('refuses %s', async (_, key) => {
      for (const [operation, act] of Object.entries(operations)) {
        const error = await act(storage, key).catch((error: unknown) => error)
        expect(error, operation).toBeInstanceOf(IngestError)
        expect((error as IngestError).kind).toBe('internal')
        expect((error as IngestError).message).toMatch(/^cannot use a storage key: ./)
      }
      expect(await keys('')).toEqual([])
    })

    it('lists in bytewise order', async () => {
      expect(storage.capabilities.list).toBe(true)
      for (const key of orderedKeys.toReversed()) await storage.put(key, utf8(key))
      expect(await keys('')).toEqual(orderedKeys)
      expect(orderedKeys).toEqual(
        orderedKeys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      )
    })

    it.each(['a', 'a/', 'a/b', 'a/b/', 'a/b/c', 'a ', 'ab', 'abc', 'none/x', '\uffee', '.', '..'])(
      'lists what starts with %j',
      async (prefix) => {
        for (const key of orderedKeys) await storage.put(key, utf8(key))
        expect(await keys(prefix)).toEqual(orderedKeys.filter((key) => key.startsWith(prefix)))
      },
    )

    it.each(['../', '/', 'a//', 'a/../', './x', '.tmp/'])('refuses to list %j', async (prefix) => {
      await expect(async () => collect(storage.list(prefix))).rejects.toMatchObject({
        kind: 'internal',
      })
    })

    it('lets go of a list before its end', async () => {
      for (const key of orderedKeys) await storage.put(key, utf8(key))
      for await (const { key } of storage.list('')) if (key === 'a/b/c') break
      expect(await keys('a/b/')).toEqual(['a/b/c', 'a/b/d'])
    })

    it('deletes, also what is not there', async () => {
      expect(storage.capabilities.delete).toBe(true)
      await storage.put('a/b', utf8('x'))
      await storage.put('a/c', utf8('x'))
      for (const key of ['a/b', 'a/b', 'none', 'a', 'a/c/d']) await storage.delete(key)
      expect(await storage.get('a/b')).toBeNull()
      expect(await keys('')).toEqual(['a/c'])
    })

    it('stores 1,000 objects put at once', async () => {
      const names = Array.from({ length: 1000 }, (_, i) => `many/${i % 7}/${i}`)
      await Promise.all(names.map((key) => storage.put(key, utf8(key), once)))
      expect((await keys('many/')).length).toBe(1000)
    })
  })
}

/** Equal bytes? A matcher's walk over five million elements takes seconds. */
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
