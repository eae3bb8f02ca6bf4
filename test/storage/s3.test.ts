// Protects objects on S3: what goes over the wire is what AWS's own signer signs, for every key that S3 allows.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createS3Storage, type S3Options, type S3Storage } from '../../src/storage/s3.ts'
import { storageContract } from '../contracts/storage.ts'
import { taggedContract } from '../contracts/tagged.ts'
import { accessKeyId, fetchFrom, type S3Fake, secretAccessKey, startS3Fake } from './s3-server.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')

const open = (fake: S3Fake, options: Partial<S3Options> = {}): S3Storage =>
  createS3Storage({
    bucket: 'lake',
    region: fake.region,
    endpoint: fake.endpoint,
    credentials: async () => ({ accessKeyId, secretAccessKey }),
    retry: { baseMs: 1 },
    ...options,
  })

const create = async () => {
  const fake = await startS3Fake()
  fake.bucket.pageSize = 100
  return { storage: open(fake), dispose: () => fake.stop() }
}
storageContract('s3', create)
taggedContract('s3', create)

describe('on the wire', () => {
  let fake: S3Fake
  beforeEach(async () => {
    fake = await startS3Fake()
  })
  afterEach(() => fake.stop())

  const paths: [key: string, path: string][] = [
    ['year=2026/a b', 'year%3D2026/a%20b'],
    ['a%2Fb/100%', 'a%252Fb/100%25'],
    ['my.service/v1..2/~x_-', 'my.service/v1..2/~x_-'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a+b&c?d#e;f', 'a%2Bb%26c%3Fd%23e%3Bf'],
    ['größe/🦆', 'gr%C3%B6%C3%9Fe/%F0%9F%A6%86'],
  ]
  it.each(paths)('%s is asked for as %s', async (key, path) => {
    await open(fake).put(key, bytes, once)
    expect(fake.seen[0]?.path).toBe(`/lake/${path}`)
    expect([...fake.bucket.objects.keys()]).toEqual([key])
  })

  it('every character is signed as it is sent', async () => {
    const storage = open(fake, { prefix: 'a=b/c d', anyKey: true })
    const characters = [...Array.from({ length: 256 }, (_, i) => i), 0x2028, 0xfffd, 0x1f986]
    const keys = characters.map((code) => `x${String.fromCodePoint(code)}y`)
    await Promise.all(keys.map((key) => storage.put(key, bytes, once)))
    for (const key of keys) expect(await storage.get(key), key).toEqual(bytes)
    expect(new Set(fake.bucket.objects.keys())).toEqual(
      new Set(keys.map((key) => `a=b/c d/${key}`)),
    )
  })

  it('other writers’ keys, but none that a URL changes', async () => {
    const storage = open(fake, { anyKey: true })
    for (const key of ['a//b', '/a', 'a/', '.a', 'a/.b/..c', '%2e%2e/a']) {
      await storage.put(key, bytes, once)
      expect(await storage.get(key), key).toEqual(bytes)
      expect([...fake.bucket.objects.keys()], key).toContain(key)
    }
    for (const key of ['', '.', '..', 'a/../b', './a', 'a/.', 'a\ud800']) {
      await expect(storage.get(key), key).rejects.toMatchObject({ kind: 'unavailable' })
      await expect(storage.put(key, bytes), key).rejects.toMatchObject({ kind: 'unavailable' })
    }
    expect(fake.bucket.objects.size).toBe(6)
  })

  it('a put says its condition, its hash and its checksum', async () => {
    const storage = open(fake)
    await storage.put('a', bytes, once)
    await storage.put('a', bytes)
    const [first, second] = fake.seen
    const hash = '84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882'
    expect(first?.headers).toMatchObject({
      'if-none-match': '*',
      'x-amz-content-sha256': hash,
      'x-amz-checksum-sha256': Buffer.from(hash, 'hex').toString('base64'),
      'content-length': '10',
    })
    expect(second?.headers).not.toHaveProperty('if-none-match')
  })

  it('a session’s token', async () => {
    const credentials = { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 'to/ken+==' }
    fake.keys.set('ASIA', { secret: 's', token: 'to/ken+==' })
    const storage = open(fake, { credentials: async () => credentials })
    await storage.put('a', bytes)
    expect(await storage.get('a')).toEqual(bytes)
  })

  it('the bucket in the host', async () => {
    const other = await startS3Fake('host')
    const storage = open(other, {
      endpoint: 'http://s3.test:9000',
      pathStyle: false,
      fetch: fetchFrom(other.endpoint),
    })
    await storage.put('a/b=c', bytes)
    expect(await storage.get('a/b=c')).toEqual(bytes)
    expect(other.seen[0]).toMatchObject({
      path: '/a/b%3Dc',
      headers: { host: 'lake.s3.test:9000' },
    })
    await other.stop()
  })

  const addresses: [options: Partial<S3Options>, url: string][] = [
    [{ region: 'eu-west-1' }, 'https://lake.s3.eu-west-1.amazonaws.com/k'],
    [{ region: 'cn-north-1' }, 'https://lake.s3.cn-north-1.amazonaws.com.cn/k'],
    [{ region: 'eusc-de-east-1' }, 'https://lake.s3.eusc-de-east-1.amazonaws.eu/k'],
    [{ bucket: 'my.lake' }, 'https://s3.eu-west-1.amazonaws.com/my.lake/k'],
    [{ pathStyle: true }, 'https://s3.eu-west-1.amazonaws.com/lake/k'],
    [{ endpoint: 'http://minio:9000' }, 'http://minio:9000/lake/k'],
    [{ endpoint: 'http://minio:9000/' }, 'http://minio:9000/lake/k'],
    [{ endpoint: 'https://proxy/s3/', prefix: 'a' }, 'https://proxy/s3/lake/a/k'],
    [{ endpoint: 'https://x.r2.dev', pathStyle: false }, 'https://lake.x.r2.dev/k'],
    [{ endpoint: 'http://[::1]:9000', bucket: 'a b' }, 'http://[::1]:9000/a%20b/k'],
  ]
  it.each(addresses)('%j is at %s', async (options, url) => {
    const asked: string[] = []
    const storage = createS3Storage({
      bucket: 'lake',
      region: 'eu-west-1',
      credentials: async () => ({ accessKeyId, secretAccessKey }),
      fetch: async (url) => {
        asked.push(String(url))
        return new Response()
      },
      ...options,
    })
    await storage.get('k')
    expect(asked).toEqual([url])
  })

  it('a server that does not know ranges', async () => {
    const storage = open(fake)
    await storage.put('a', bytes)
    fake.fault = () => ({ status: 200, body: '0123456789' })
    expect(await storage.get('a', { range: { start: 3, end: 6 } })).toEqual(bytes.subarray(3, 6))
  })

  it('a list goes on from page to page, and passes over what is no object of ours', async () => {
    const storage = open(fake, { prefix: 'p' })
    const keys = Array.from({ length: 10 }, (_, i) => `k+${i} %2B`)
    for (const key of keys) await storage.put(key, bytes)
    await open(fake, { anyKey: true }).put('p/folder/', new Uint8Array())
    await open(fake).put('pq', bytes)
    const found = await Array.fromAsync(storage.list(''))
    expect(found).toMatchObject(keys.map((key) => ({ key, size: 10 })))
    expect(fake.seen.filter(({ query }) => query.startsWith('list-type=2'))).toHaveLength(4)
  })

  it('a replacement says which ETag it is for', async () => {
    const storage = open(fake)
    await storage.put('a', bytes)
    const { tag = '' } = (await storage.tagged.get('a')) ?? {}
    expect(tag).toMatch(/^"[0-9a-f]{32}"$/)
    await storage.tagged.replace('a', tag, bytes.subarray(1))
    expect(fake.seen.at(-1)?.headers).toMatchObject({ 'if-match': tag })
  })

  it('nothing is replaced that has no ETag', async () => {
    const storage = open(fake)
    await storage.put('a', bytes)
    const seen = fake.seen.length
    expect(await storage.tagged.replace('a', '', bytes.subarray(1))).toBe('changed')
    expect(fake.seen.length).toBe(seen)
  })

  it('a table bucket neither lists nor deletes', async () => {
    const storage = open(fake, { capabilities: { list: false, delete: false } })
    expect(storage.capabilities).toEqual({ conditionalPut: true, list: false, delete: false })
    await expect(storage.delete('a')).rejects.toThrow('this storage cannot delete')
    await expect(async () => Array.fromAsync(storage.list(''))).rejects.toThrow(
      'this storage cannot list',
    )
    expect(fake.seen).toEqual([])
  })
})
