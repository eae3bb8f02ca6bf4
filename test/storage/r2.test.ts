// Protects objects in R2, through a binding that pages as R2 may and writes down every call; workerd's own: test/workerd/r2.ts.
import { beforeEach, describe, expect, it } from 'vitest'
import { createR2Storage } from '../../src/storage/r2.ts'
import { storageContract } from '../contracts/storage.ts'
import { taggedContract } from '../contracts/tagged.ts'
import { createR2Fake, type R2Fake } from './r2-fake.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')

const create = async () => ({
  storage: createR2Storage({ bucket: createR2Fake().bucket, prefix: 'p/' }),
})
storageContract('r2 with a prefix, in memory', create)
taggedContract('r2 with a prefix, in memory', create)

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
