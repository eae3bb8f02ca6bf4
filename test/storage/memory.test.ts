// Protects the storage that other tests stand on: it behaves like a real one and fails on demand.
import { describe, expect, it } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { storageContract } from '../contracts/storage.ts'
import { taggedContract } from '../contracts/tagged.ts'

storageContract('memory', async () => ({ storage: createMemoryStorage() }))
taggedContract('memory', async () => ({ storage: createMemoryStorage() }))

describe('a memory storage told to fail', () => {
  const bytes = new Uint8Array([1])
  const fail = () => {
    throw new IngestError('unavailable', 'told to fail')
  }

  it('does nothing when it fails before', async () => {
    let failing = true
    const storage = createMemoryStorage({ before: () => (failing ? fail() : undefined) })
    await expect(storage.put('a', bytes)).rejects.toThrow('told to fail')
    await expect(storage.ready()).rejects.toThrow('told to fail')
    failing = false
    expect(await storage.get('a')).toBeNull()
  })

  it('has done it when it fails after', async () => {
    const storage = createMemoryStorage({
      after: (operation) => (operation === 'put' ? fail() : undefined),
    })
    await expect(storage.put('a', bytes)).rejects.toThrow('told to fail')
    expect(await storage.get('a')).toEqual(bytes)
  })
})
