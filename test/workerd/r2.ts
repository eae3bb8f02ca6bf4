/** R2 through the binding of the Worker that runs these cases: the contracts of a storage and of a catalog, and what is R2's own. */
import { describe, expect, it } from 'vitest'
import { createR2Storage, type R2Options } from '../../src/storage/r2.ts'
import { catalogContract } from '../contracts/catalog.ts'
import { fileCatalogIn } from '../contracts/file-catalog.ts'
import { storageContract } from '../contracts/storage.ts'
import { taggedContract } from '../contracts/tagged.ts'
import { emptyBucket } from './bucket.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')

const open = async (options: Partial<R2Options> = {}) =>
  createR2Storage({ bucket: await emptyBucket(), ...options })

storageContract('r2', async () => ({ storage: await open() }))
taggedContract('r2', async () => ({ storage: await open() }))

catalogContract(
  'the file catalog in R2',
  async () => fileCatalogIn(await open({ prefix: 'lake' }), 's3://bucket/lake'),
  { scribbles: true },
)

describe('the binding', () => {
  it('refuses bytes that are not those of their hash', async () => {
    const storage = await open({ sha256: () => new Uint8Array(32), retry: { attempts: 1 } })
    await expect(storage.put('a', bytes)).rejects.toThrow(
      'storage is unavailable: bytes were damaged on their way',
    )
    expect(await storage.head('a')).toBeNull()
  })

  it('keeps keys that only other writers use', async () => {
    const storage = await open({ prefix: 'p', anyKey: true })
    for (const key of ['a//b', '/a', 'a/', '.a', 'a/.b/..c', '..', '%2e%2e/a']) {
      expect(await storage.put(key, bytes, once), key).toBe('created')
      expect(await storage.get(key), key).toEqual(bytes)
    }
    for (const key of ['', 'a\ud800']) {
      await expect(storage.put(key, bytes), key).rejects.toMatchObject({ kind: 'unavailable' })
    }
  })
})
