// Protects objects on disk: whole, durable, inside their folder, and no trace of unfinished ones.
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFileStorage } from '../../src/storage/fs.ts'
import { createTemporaries } from '../../src/storage/fs-temporaries.ts'
import { storageContract } from '../contracts/storage.ts'

const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'otlp2parquet-'))
const once = { ifNoneMatch: '*' } as const

storageContract('fs', async () => {
  const root = await makeFolder()
  const dispose = () => rm(root, { recursive: true, force: true })
  return { storage: await openFileStorage(root), dispose }
})

describe('a file storage', () => {
  let root: string
  const bytes = new Uint8Array([1, 2, 3])
  const temporaries = () => readdir(join(root, '.tmp'))

  beforeEach(async () => {
    root = await makeFolder()
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  it('makes its folder and those above it', async () => {
    const storage = await openFileStorage(join(root, 'x/y/z'))
    await storage.put('a', bytes)
    expect(await readdir(join(root, 'x/y/z'))).toEqual(['.tmp', 'a'])
  })

  it('keeps an object as the file of that name, and no temporary file', async () => {
    const storage = await openFileStorage(root)
    await storage.put('a/year=2026/b c.parquet', bytes, once)
    await storage.put('a/year=2026/b c.parquet', bytes, once)
    await storage.put('a/year=2026/b c.parquet', bytes)
    const file = await stat(join(root, 'a/year=2026/b c.parquet'))
    expect([file.size, file.nlink]).toEqual([3, 1])
    expect(await temporaries()).toEqual([])
  })

  it('does not take a folder or a dangling link for an object that exists', async () => {
    const storage = await openFileStorage(root)
    await storage.put('folder/a', bytes)
    await symlink(join(root, 'nowhere'), join(root, 'link'))
    for (const key of ['folder', 'link']) {
      await expect(storage.put(key, bytes, once), key).rejects.toMatchObject({
        kind: 'unavailable',
      })
    }
    await expect(storage.put('folder', bytes)).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(storage.put('folder/a/b', bytes)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await temporaries()).toEqual([])
  })

  it('names no path in what it says, but keeps the cause', async () => {
    await writeFile(join(root, 'file'), '')
    const error = await openFileStorage(join(root, 'file')).catch((error: unknown) => error)
    expect(error).toMatchObject({ kind: 'unavailable', retryable: true })
    expect((error as Error).message).not.toContain('file:')
    expect((error as Error).message).not.toContain(root)
    expect((error as Error).cause).toMatchObject({ code: expect.stringMatching(/^E/) })
  })

  describe('at its start', () => {
    const host = hostname().replace(/[^A-Za-z0-9.]/g, '_')
    const writer = randomUUID().slice(0, 8)
    const cases: [string, string, 'old' | 'new', 'cleared' | 'kept'][] = [
      ['of a dead process', `${host}-4194303-${writer}-1`, 'new', 'cleared'],
      [
        'of a dead process whose number we have',
        `${host}-${process.pid}-${writer}-1`,
        'new',
        'cleared',
      ],
      ['of a process that runs', `${host}-${process.ppid}-${writer}-1`, 'new', 'kept'],
      [
        'of a process that runs, though old',
        `${host}-${process.ppid}-${writer}-1`,
        'old',
        'cleared',
      ],
      ['of another host', `elsewhere-4194303-${writer}-1`, 'new', 'kept'],
      ['of another host, though old', `elsewhere-4194303-${writer}-1`, 'old', 'cleared'],
      ['of nobody we know', 'what', 'new', 'kept'],
    ]
    it.each(cases)('finds a temporary file %s', async (_, name, age, fate) => {
      const path = join(root, '.tmp', name)
      await mkdir(join(root, '.tmp'))
      await writeFile(path, 'half')
      if (age === 'old') await utimes(path, new Date(), new Date(Date.now() - 3_700_000))
      await openFileStorage(root)
      expect(await temporaries()).toEqual(fate === 'kept' ? [name] : [])
    })

    it('leaves the temporary files of a storage that is at work in the same folder', async () => {
      await openFileStorage(root)
      await createTemporaries(join(root, '.tmp')).use(bytes, async (path) => {
        await openFileStorage(root)
        expect((await stat(path)).size).toBe(bytes.length)
      })
      expect(await temporaries()).toEqual([])
    })

    it('harms no put of another storage in the same folder', async () => {
      const storage = await openFileStorage(root)
      const puts = Array.from({ length: 100 }, (_, i) => storage.put(`a/${i}`, bytes, once))
      await Promise.all(Array.from({ length: 5 }, () => openFileStorage(root)))
      expect(new Set(await Promise.all(puts))).toEqual(new Set(['created']))
      expect(await temporaries()).toEqual([])
    })
  })
})
