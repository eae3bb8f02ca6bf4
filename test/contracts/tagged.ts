// What a storage that gives tags promises (`tagged` in src/storage/storage.ts): nothing is replaced but what was seen.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import type { Storage, TaggedObjects } from '../../src/storage/storage.ts'
import type { StorageFixture } from './storage.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Declares the suite for one backend. `create` makes a fresh, empty storage for each test. */
export const taggedContract = (name: string, create: () => Promise<StorageFixture>): void => {
  describe(`${name} keeps the contract of tags`, () => {
    let fixture: StorageFixture
    let storage: Storage
    let tagged: TaggedObjects
    const tagOf = async (key: string) => (await tagged.get(key))?.tag ?? ''

    beforeEach(async () => {
      fixture = await create()
      storage = fixture.storage
      if (storage.tagged === undefined) throw new Error('it gives no tags')
      tagged = storage.tagged
    })
    afterEach(() => fixture.dispose?.())

    it('gives back what was put, and what was replaced', async () => {
      await storage.put('a', utf8('first'))
      expect((await tagged.get('a'))?.bytes).toEqual(utf8('first'))
      expect(await tagged.replace('a', await tagOf('a'), utf8('second'))).toBe('replaced')
      expect((await tagged.get('a'))?.bytes).toEqual(utf8('second'))
      expect(await storage.get('a')).toEqual(utf8('second'))
      expect(await storage.head('a')).toMatchObject({ key: 'a', size: 6 })
    })

    it('leaves what others have put or replaced', async () => {
      await storage.put('a', utf8('first'))
      const first = await tagOf('a')
      await storage.put('a', utf8('second'))
      expect(await tagged.replace('a', first, utf8('ours'))).toBe('changed')
      const second = await tagOf('a')
      expect(await tagged.replace('a', second, utf8('third'))).toBe('replaced')
      expect(await tagged.replace('a', second, utf8('ours'))).toBe('changed')
      expect(await storage.get('a')).toEqual(utf8('third'))
    })

    it('puts nothing where nothing is', async () => {
      expect(await tagged.get('a')).toBeNull()
      await storage.put('a', utf8('first'))
      const tag = await tagOf('a')
      await storage.delete('a')
      expect(await tagged.replace('a', tag, utf8('second'))).toBe('changed')
      expect(await storage.get('a')).toBeNull()
    })

    it('lets one of 20 writers at once replace what all have seen', async () => {
      await storage.put('x/y', utf8('seen'))
      const tag = await tagOf('x/y')
      const writer = (i: number) => tagged.replace('x/y', tag, utf8(`${i}`))
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => writer(i)))
      expect(results.filter((result) => result === 'replaced')).toHaveLength(1)
      expect(await storage.get('x/y')).toEqual(utf8(`${results.indexOf('replaced')}`))
    })

    it('keeps its own copy of the bytes', async () => {
      await storage.put('a', utf8('first'))
      const bytes = utf8('before')
      await tagged.replace('a', await tagOf('a'), bytes)
      bytes.fill(0)
      ;(await tagged.get('a'))?.bytes.fill(1)
      expect(await storage.get('a')).toEqual(utf8('before'))
    })

    it('refuses what is no key', async () => {
      for (const act of [() => tagged.get('a/'), () => tagged.replace('a/', 'x', utf8('x'))]) {
        const error = await act().catch((error: unknown) => error)
        expect(error).toBeInstanceOf(IngestError)
        expect(error).toMatchObject({ kind: 'internal' })
      }
    })
  })
}
