// Protects objects on S3: real servers of other people keep the storage contract through us, the
// strict one with signatures, regions and checksums that it recomputes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createS3Storage, type S3Options, type S3Storage } from '../../src/storage/s3.ts'
import { storageContract } from '../contracts/storage.ts'
import { taggedContract } from '../contracts/tagged.ts'
import { type S3Server, startMoto, startVersitygw } from './s3-servers.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')
const others = new TextEncoder().encode('abc')

let server: S3Server
let buckets = 0

/** A storage in a bucket of its own. */
const open = async (options: Partial<S3Options> = {}): Promise<S3Storage> => {
  const bucket = `bucket-${buckets++}`
  await server.createBucket(bucket)
  const { endpoint, region } = server
  return createS3Storage({
    bucket,
    endpoint,
    region,
    credentials: async () => server,
    retry: { baseMs: 1 },
    ...options,
  })
}

/** Loses the answers to these calls, though they were carried out; `before` happens first. */
const losing = (calls: RegExp, before: (storage: S3Storage) => Promise<unknown>) => {
  let left = 1
  const lossy: { storage?: S3Storage; fetch: typeof fetch } = {
    fetch: async (url, init) => {
      const isIt = left > 0 && calls.test(`${init?.method} ${url}`)
      if (isIt) {
        left--
        await before(lossy.storage as S3Storage)
      }
      const response = await fetch(url, init)
      if (isIt) throw new TypeError('lost')
      return response
    },
  }
  return lossy
}

// A route of moto's ends at the end of a line.
const servers = [
  ['versitygw', startVersitygw, /(?!)/],
  ['moto', startMoto, /\n/],
] as const

describe.each(servers)('%s', (name, start, nameless) => {
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  storageContract(name, async () => ({ storage: await open() }), nameless)
  taggedContract(name, async () => ({ storage: await open() }))

  const sizes: [kind: string, size: number, last: RegExp][] = [
    ['whole', 10, /^PUT .*\/k$/],
    ['in parts', 11_000_000, /^POST .*uploadId=/],
  ]
  describe.each(sizes)('an object %s', (_, size, last) => {
    const multipart = { aboveBytes: 5_500_000, partBytes: 5 * 2 ** 20 }
    const mine = new Uint8Array(size).map((_, i) => (i * 2_654_435_761) >>> 24)

    test('is created, exists, and is what it was', async () => {
      const storage = await open({ multipart })
      expect(await storage.put('k', mine, once)).toBe('created')
      expect(await storage.put('k', mine, once)).toBe('exists')
      expect(await storage.put('k', mine)).toBe('created')
      expect(Buffer.compare((await storage.get('k')) ?? others, mine)).toBe(0)
      expect(await storage.get('k', { range: { start: size - 3, end: size + 3 } })).toEqual(
        mine.subarray(-3),
      )
    })

    test('is created when the answer was lost', async () => {
      const lossy = losing(last, async () => undefined)
      const storage = await open({ multipart, fetch: lossy.fetch })
      expect(await storage.put('k', mine, once)).toBe('created')
      expect(Buffer.compare((await storage.get('k')) ?? others, mine)).toBe(0)
    })

    test('exists when others were faster, and one answer was lost', async () => {
      for (const theirs of [others, mine]) {
        const lossy = losing(last, (storage) => storage.put('k', theirs))
        const storage = await open({ multipart, fetch: lossy.fetch })
        lossy.storage = storage
        expect(await storage.put('k', mine, once)).toBe('exists')
        expect(await storage.head('k')).toMatchObject({ size: theirs.length })
      }
    })
  })

  test('replaces only what it knows', async () => {
    const storage = await open()
    expect(await storage.tagged.replace('a', '"0"', bytes)).toBe('changed')
    await storage.put('a', bytes)
    const etag = (await storage.head('a'))?.etag ?? ''
    expect(await storage.tagged.replace('a', etag, others)).toBe('replaced')
    expect(await storage.tagged.replace('a', etag, bytes)).toBe('changed')
    expect(await storage.get('a')).toEqual(others)
  })

  test('objects of other writers, with keys that ours never have', async () => {
    const storage = await open({ anyKey: true })
    for (const key of ['wh//t/metadata/v1.json', '.a', 'a/.b', '..c/d', '%2e%2e/e']) {
      expect(await storage.put(key, bytes, once), key).toBe('created')
      expect(await storage.get(key), key).toEqual(bytes)
    }
  })

  test('a list of more than one page', async () => {
    const storage = await open({ prefix: 'many' })
    const keys = Array.from({ length: 1100 }, (_, i) => `k/${String(i).padStart(4, '0')} +%`)
    await Promise.all(keys.map((key) => storage.put(key, bytes)))
    const found = await Array.fromAsync(storage.list('k/'), ({ key }) => key)
    expect(found).toEqual(keys)
  })

  test('a bucket that is not there', async () => {
    const storage = await open({ bucket: 'none' })
    for (const act of [() => storage.put('a', bytes), () => storage.get('a'), storage.ready]) {
      await expect(act()).rejects.toThrow('storage is unavailable: the bucket does not exist')
    }
  })
})

describe('versitygw', () => {
  beforeAll(async () => {
    server = await startVersitygw()
  })
  afterAll(() => server.stop())

  const wrong: [name: string, options: () => Partial<S3Options>, message: string][] = [
    [
      'region',
      () => ({ region: 'eu-west-1' }),
      'the bucket is in another region: configure us-east-1',
    ],
    [
      'secret',
      () => ({ credentials: async () => ({ ...server, secretAccessKey: 'x' }) }),
      'the signature is refused',
    ],
    [
      'access key',
      () => ({ credentials: async () => ({ ...server, accessKeyId: 'x' }) }),
      'the access key is not known there',
    ],
  ]
  test.each(wrong)('refuses a wrong %s, and we say so', async (_, options, message) => {
    const storage = await open(options())
    for (const act of [
      () => storage.put('a', bytes),
      () => storage.get('a'),
      () => Array.fromAsync(storage.list('')),
      () => storage.delete('a'),
      () => storage.ready(),
    ]) {
      await expect(act()).rejects.toThrow(`storage is unavailable: ${message}`)
    }
  })
})
