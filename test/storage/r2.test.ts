// Protects objects in R2: through workerd's own binding, and through one that pages as R2 may and writes down every call.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createR2Storage } from '../../src/storage/r2.ts'
import { storageContract } from '../contracts/storage.ts'
import { createR2Fake, type R2Fake } from './r2-fake.ts'
import { type R2Simulator, startR2Simulator } from './r2-simulator.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')

let simulator: R2Simulator
beforeAll(async () => {
  simulator = await startR2Simulator()
})
afterAll(() => simulator.stop())

storageContract('r2', async () => {
  await simulator.empty()
  return { storage: createR2Storage({ bucket: simulator.bucket }) }
})

storageContract('r2 with a prefix, in memory', async () => {
  const { bucket } = createR2Fake()
  return { storage: createR2Storage({ bucket, prefix: 'p/' }) }
})

describe('the simulator', () => {
  beforeEach(() => simulator.empty())

  it('refuses bytes that are not those of their hash', async () => {
    const sha256 = () => new Uint8Array(32)
    const storage = createR2Storage({
      bucket: simulator.bucket,
      sha256,
      retry: { attempts: 1 },
    })
    await expect(storage.put('a', bytes)).rejects.toThrow(
      'storage is unavailable: bytes were damaged on their way',
    )
    expect(await storage.head('a')).toBeNull()
  })

  it('keeps keys that only other writers use', async () => {
    const storage = createR2Storage({ bucket: simulator.bucket, prefix: 'p', anyKey: true })
    for (const key of ['a//b', '/a', 'a/', '.a', 'a/.b/..c', '..', '%2e%2e/a']) {
      expect(await storage.put(key, bytes, once), key).toBe('created')
      expect(await storage.get(key), key).toEqual(bytes)
    }
    for (const key of ['', 'a\ud800']) {
      await expect(storage.put(key, bytes), key).rejects.toMatchObject({ kind: 'unavailable' })
    }
  })
})

describe('a bucket', () => {
  let fake: R2Fake
  beforeEach(() => {
    fake = createR2Fake()
  })
  const open = (prefix?: string) =>
    createR2Storage({ bucket: fake.bucket, ...(prefix !== undefined && { prefix }) })

  it('is called once for each operation', async () => {
    const storage = open('p')
    await storage.put('a', bytes, once)
    await storage.put('a', bytes, once)
    await storage.get('a')
    await storage.get('a', { range: { start: 2, end: 4 } })
    await storage.get('a', { range: { start: 4, end: 4 } })
    await storage.head('a')
    await Array.fromAsync(storage.list('a'))
    await storage.delete('a')
    await storage.ready()
    expect(fake.calls).toEqual([
      ...['put p/a', 'put p/a', 'get p/a', 'get p/a'],
      ...['head p/a', 'list p/a', 'delete p/a', 'put p/.ready'],
    ])
    expect(fake.objects.size).toBe(0)
  })

  it('a list goes on from page to page, and passes over what is no object of ours', async () => {
    const keys = Array.from({ length: 10 }, (_, i) => `k${i}`)
    for (const key of keys) await open('p').put(key, bytes)
    for (const name of ['p/folder/', 'p/.hidden', 'pq']) fake.store(name, bytes)
    fake.pageSizes = [3, 0, 1, 4]
    const found = await Array.fromAsync(open('p').list(''))
    expect(found).toMatchObject(keys.map((key) => ({ key, size: 10 })))
    expect(fake.calls.filter((call) => call.startsWith('list'))).toHaveLength(5)
  })

  it('an object’s ETag changes with its bytes', async () => {
    const storage = open()
    await storage.put('a', bytes)
    const before = await storage.head('a')
    await storage.put('a', bytes)
    expect((await storage.head('a'))?.etag).not.toBe(before?.etag)
  })
})
