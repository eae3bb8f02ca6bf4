// Protects the promise that a broken disk loses nothing and leaves nothing: every refusal is a
// retryable error, no half-written file stays, and the storage heals without a restart. The faults
// are real ones, made by limits on a process of its own. Where no disk may be mounted, what needs one is skipped.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { openFileStorage } from '../../src/storage/fs.ts'
import { mountingForbidden } from './limited/mounting.ts'
import { type Limited, startLimited } from './limited/start.ts'

const unavailable = (code: string, message: RegExp) => ({
  kind: 'unavailable',
  code,
  message: expect.stringMatching(message),
})
const full = unavailable('ENOSPC', /: the disk is full$/)
const bytes = new Uint8Array([1, 2, 3])

describe('a file storage', () => {
  let folder: string
  let started: Limited[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-'))
    started = []
  })
  afterEach(async () => {
    for (const limited of started) await limited.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const start = async (limit: Parameters<typeof startLimited>[0]): Promise<Limited> => {
    const limited = await startLimited(limit, folder)
    started.push(limited)
    return limited
  }
  const startDisk = (context: TestContext): Promise<Limited> => {
    if (mountingForbidden !== null) context.skip(mountingForbidden)
    return start('disk')
  }

  it('survives a full disk', async (context) => {
    const disk = await startDisk(context)
    expect(await disk.put('a/1', 100_000)).toBe('created')
    await disk.fillDisk()
    expect(await disk.put('a/2', 100_000)).toEqual(full)
    expect(await disk.put('b/c/3', 1)).toEqual(full)
    expect(await disk.ready()).toEqual(full)
    expect(await disk.files()).toEqual(['a/1 100000'])
    await disk.freeDisk()
    expect(await disk.put('a/2', 100_000)).toBe('created')
    expect(await disk.put('b/c/3', 1)).toBe('created')
    expect(await disk.files()).toEqual(['a/1 100000', 'a/2 100000', 'b/c/3 1'])
  })

  it('keeps only whole objects when the disk fills up amid many puts', async (context) => {
    const disk = await startDisk(context)
    const keys = Array.from({ length: 40 }, (_, i) => `many/${i}`)
    const outcomes = await disk.putAll(keys, 50_000)
    const created = keys.filter((_, i) => outcomes[i] === 'created')
    expect(created.length).toBeGreaterThan(0)
    expect(outcomes.filter((outcome) => outcome !== 'created')).toContainEqual(full)
    for (const outcome of outcomes) expect(['created', full]).toContainEqual(outcome)
    expect(await disk.files()).toEqual(created.map((key) => `${key} 50000`).sort())
  })

  it('survives a limit on the size of files, which ends one in the middle', async () => {
    const limited = await start('fileSize')
    expect(await limited.put('a/1', 100_000)).toBe('created')
    expect(await limited.put('a/2', 1_000_000)).toMatchObject({
      kind: 'unavailable',
      code: 'EFBIG',
    })
    expect(await limited.files()).toEqual(['a/1 100000'])
    expect(await limited.put('a/2', 100_000)).toBe('created')
  })

  it('survives a read-only file system', async (context) => {
    const disk = await startDisk(context)
    const readOnly = unavailable('EROFS', /: the file system is read-only$/)
    await disk.put('a/1', 1)
    await disk.remount('ro')
    expect(await disk.put('a/2', 1)).toEqual(readOnly)
    expect(await disk.put('b/3', 1)).toEqual(readOnly)
    expect(await disk.ready()).toEqual(readOnly)
    await disk.remount('rw')
    expect(await disk.put('a/2', 1)).toBe('created')
    expect(await disk.ready()).toBe('exists')
    expect(await disk.files()).toEqual(['a/1 1', 'a/2 1'])
  })

  it('survives folders that it may not write', async () => {
    const limited = await start('none')
    const denied = unavailable('EACCES', /: access is denied$/)
    await limited.restrict('a')
    await limited.chmod('', 0o555)
    expect(await limited.put('b/1', 1)).toEqual(denied)
    expect(await limited.ready()).toEqual(denied)
    await limited.chmod('', 0o755)
    await limited.chmod('a', 0o555)
    expect(await limited.put('a/1', 1)).toEqual(denied)
    expect(await limited.files()).toEqual([])
    await limited.chmod('a', 0o755)
    expect(await limited.putAll(['a/1', 'b/1'], 1)).toEqual(['created', 'created'])
    expect(await limited.files()).toEqual(['a/1 1', 'b/1 1'])
  })

  it('survives having no file left to open', async () => {
    const limited = await start('files')
    const tooMany = unavailable('EMFILE', /: too many files are open$/)
    await limited.takeAllFiles()
    expect(await limited.put('a/1', 1)).toEqual(tooMany)
    expect(await limited.ready()).toEqual(tooMany)
    await limited.giveFilesBack()
    expect(await limited.put('a/1', 1)).toBe('created')
    expect(await limited.files()).toEqual(['a/1 1'])
  })

  it('opens few files at once for many puts', async () => {
    const limited = await start('files')
    const keys = Array.from({ length: 1000 }, (_, i) => `a/${i}`)
    expect(new Set(await limited.putAll(keys, 10))).toEqual(new Set(['created']))
  })

  it.each(['a/b', 'a', '.tmp', '.'])('survives the removal of its folder %s', async (removed) => {
    const storage = await openFileStorage(folder)
    await storage.put('a/b/1', bytes)
    await rm(join(folder, removed), { recursive: true })
    expect(await storage.put('a/b/2', bytes, { ifNoneMatch: '*' })).toBe('created')
    expect(await storage.get('a/b/2')).toEqual(bytes)
    await rm(join(folder, removed), { recursive: true })
    await storage.ready()
  })

  it('agrees with another process about who was first', async () => {
    const both = [await start('none'), await start('none')] as const
    const keys = Array.from({ length: 300 }, (_, i) => `race/${i % 3}/${i}`)
    const sizes = [10_000, 10_001] as const
    const [ours, theirs] = await Promise.all([
      both[0].putAll(keys, sizes[0]),
      both[1].putAll(keys, sizes[1]),
    ])
    for (const i of keys.keys()) expect([ours[i], theirs[i]].sort()).toEqual(['created', 'exists'])
    const expected = keys.map((key, i) => `${key} ${ours[i] === 'created' ? sizes[0] : sizes[1]}`)
    expect(await both[0].files()).toEqual(expected.sort())
  })

  it('clears what a killed process left when it starts again', async () => {
    const limited = await start('none')
    const keys = Array.from({ length: 200 }, (_, i) => `kill/${i}`)
    const puts = limited.putAll(keys, 1_000_000)
    puts.catch(() => undefined)
    while ((await readdir(join(folder, 'data/.tmp'))).length === 0) await setImmediate()
    await limited.stop()
    const restarted = await start('none')
    const files = await restarted.files()
    expect(files.filter((file) => !/^kill\/\d+ 1000000$/.test(file))).toEqual([])
  })
})
