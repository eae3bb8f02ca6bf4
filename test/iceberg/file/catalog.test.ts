// Protects what a catalog without a service could get wrong alone: a writer that slept while others committed and cleaned
// up, answers that were lost, a folder that somebody removed, storages that do not compare before they swap.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IngestError, NotImplementedError } from '../../../src/errors.ts'
import type { LoadedTable } from '../../../src/iceberg/catalog.ts'
import { createFileCatalog, type FileCatalog } from '../../../src/iceberg/file/catalog.ts'
import {
  comparesAndSwaps,
  mindsTags,
  probeKey,
  tagProbeKey,
} from '../../../src/iceberg/file/compare-and-swap.ts'
import {
  moveHint,
  raiseHint,
  readHint,
  seeHint,
  takeBackHint,
  writeHint,
} from '../../../src/iceberg/file/hint.ts'
import { openFileCatalog } from '../../../src/iceberg/file/open.ts'
import { metadataKey } from '../../../src/iceberg/file/versions.ts'
import { noLog } from '../../../src/log.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import { createS3Storage } from '../../../src/storage/s3.ts'
import type { Storage, TaggedObjects } from '../../../src/storage/storage.ts'
import { append, creation } from '../../contracts/commits.ts'
import { refuse } from '../../storage/s3-bucket.ts'
import { accessKeyId, secretAccessKey, startS3Fake } from '../../storage/s3-server.ts'
import { createCountedStorage } from './rounds.ts'

const logs = { namespace: ['otel'], name: 'logs' }
const table = 'otel/logs'
const hint = `${table}/metadata/version-hint.text`
const root = 's3://bucket/lake'

const minute = 60_000
const hour = 60 * minute

describe.each([
  ['gives tags', true],
  ['gives none', false],
])('a file catalog whose storage %s', (_, isTagged) => {
  let storage: Storage
  let now: number
  /** What happens just before a put to this key. */
  let beforePut: ((key: string) => Promise<void>) | null
  let catalog: FileCatalog
  let others: FileCatalog

  beforeEach(() => {
    now = 1_795_000_000_000
    beforePut = null
    storage = createMemoryStorage()
    if (!isTagged) storage = { ...storage, tagged: undefined }
    const clock = () => now
    const held: Storage = {
      ...storage,
      async put(key, bytes, options) {
        const hook = beforePut
        if (hook !== null && key.endsWith('.json')) {
          beforePut = null
          await hook(key)
        }
        return storage.put(key, bytes, options)
      },
    }
    catalog = createFileCatalog({ storage: held, root, log: noLog, now: clock })
    others = createFileCatalog({ storage, root, log: noLog, now: clock })
  })

  const loaded = async (by = others): Promise<LoadedTable> => {
    const found = await by.load(logs)
    if (found === null) throw new Error('no table')
    return found
  }
  const commits = async (count: number, from = 1000n): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const found = await loaded()
      expect((await others.commit(found, append(found, from + BigInt(i)))).kind).toBe('committed')
    }
  }
  const remove = async (from: number, to: number): Promise<void> => {
    for (let version = from; version <= to; version++) {
      await storage.delete(metadataKey(table, version))
    }
  }
  const snapshots = async (): Promise<bigint[]> =>
    (await loaded()).metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])

  /** A writer stops just before its put; what happens meanwhile; and how its commit ends. */
  const stopped = async (meanwhile: () => Promise<void>) => {
    const made = await catalog.create(logs, creation())
    beforePut = meanwhile
    return catalog.commit(made, append(made, 1n))
  }

  it('does not know what became of a commit whose version was removed meanwhile', async () => {
    const outcome = await stopped(async () => {
      await commits(150)
      now += 2 * hour
      await remove(1, 51)
    })
    expect(outcome.kind).toBe('unknown')
    // The version that it put stands, and nobody takes it for the table.
    expect(await storage.head(metadataKey(table, 2))).not.toBeNull()
    for (const by of [catalog, others, createFileCatalog({ storage, root, log: noLog })]) {
      expect((await loaded(by)).metadata.snapshots.length).toBe(150)
    }
    const again = await loaded(catalog)
    expect((await catalog.commit(again, append(again, 1n))).kind).toBe('committed')
    expect((await snapshots()).length).toBe(151)
  })

  it('knows it by the version before alone, while nobody wrote the hint', async () => {
    const outcome = await stopped(async () => {
      await commits(150)
      now += 2 * hour
      await remove(1, 51)
      await storage.put(hint, new TextEncoder().encode('1'))
    })
    expect(outcome.kind).toBe('unknown')
  })

  it('knows it by the hint alone, while the version before stands', async () => {
    const outcome = await stopped(async () => {
      await commits(150)
      now += 2 * hour
      await remove(2, 51)
    })
    expect(outcome.kind).toBe('unknown')
  })

  it('commits after a long stop in which nobody else did', async () => {
    const outcome = await stopped(async () => {
      now += 2 * hour
    })
    expect(outcome.kind).toBe('committed')
    expect(await snapshots()).toEqual([1n])
  })

  it('finds its snapshot where others went on from it at once', async () => {
    const made = await catalog.create(logs, creation())
    const slow: Storage = {
      ...storage,
      async put(key, bytes, options) {
        const result = await storage.put(key, bytes, options)
        if (key === metadataKey(table, 2)) await commits(3)
        return result
      },
    }
    now += minute
    const late = createFileCatalog({ storage: slow, root, log: noLog, now: () => now })
    const outcome = await late.commit({ ...made, loadedAt: now - 30_000 }, append(made, 1n))
    expect(outcome.kind).toBe('committed')
    expect(await snapshots()).toEqual([1n, 1000n, 1001n, 1002n])
    const { table: after } = outcome as { table: LoadedTable }
    expect(after.metadata.snapshots.length).toBe(4)
    expect((await late.commit(after, append(after, 2n))).kind).toBe('committed')
  })

  it('puts nothing on metadata of more than a minute ago', async () => {
    const made = await catalog.create(logs, creation())
    now += minute + 1
    const outcome = await catalog.commit(made, append(made, 1n))
    expect(outcome).toMatchObject({ kind: 'conflict', reason: 'the metadata is too old' })
    expect(await storage.head(metadataKey(table, 2))).toBeNull()
  })

  it('puts nothing that nobody waits for', async () => {
    const made = await catalog.create(logs, creation())
    const signal = AbortSignal.abort()
    expect((await catalog.commit(made, append(made, 1n), { signal })).kind).toBe('conflict')
    expect(await storage.head(metadataKey(table, 2))).toBeNull()
  })

  it('does not know what becomes of a put that nobody waits for any longer', async () => {
    const made = await catalog.create(logs, creation())
    const giveUp = new AbortController()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    beforePut = async () => {
      giveUp.abort()
      await released
    }
    const outcome = await catalog.commit(made, append(made, 1n), { signal: giveUp.signal })
    expect(outcome.kind).toBe('unknown')
    release()
    await expect.poll(snapshots).toEqual([1n])
  })

  it('has committed when its own version stands: an answer was lost', async () => {
    const made = await catalog.create(logs, creation())
    const repeating: Storage = {
      ...storage,
      async put(key, bytes, options) {
        await storage.put(key, bytes, options)
        return storage.put(key, bytes, options)
      },
    }
    const retrying = createFileCatalog({ storage: repeating, root, log: noLog, now: () => now })
    expect((await retrying.commit(made, append(made, 1n))).kind).toBe('committed')
    expect(await snapshots()).toEqual([1n])
  })

  it('does not know when the storage does not say', async () => {
    const made = await catalog.create(logs, creation())
    beforePut = async () => {
      throw new IngestError('unavailable', 'no answer')
    }
    expect((await catalog.commit(made, append(made, 1n))).kind).toBe('unknown')
  })

  it('commits though the hint cannot be written', async () => {
    const failing: Storage = {
      ...storage,
      put: async (key, bytes, options) => {
        if (key === hint) throw new IngestError('unavailable', 'no room')
        return storage.put(key, bytes, options)
      },
    }
    const unhinted = createFileCatalog({ storage: failing, root, log: noLog, now: () => now })
    const made = await unhinted.create(logs, creation())
    expect((await unhinted.commit(made, append(made, 1n))).kind).toBe('committed')
    expect(await readHint(storage, table)).toBeNull()
    expect(await snapshots()).toEqual([1n])
  })

  it('tells nobody of a version before it stands', async () => {
    const outcome = await stopped(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(await readHint(storage, table)).toBe(1)
    })
    expect(outcome.kind).toBe('committed')
    expect(await readHint(storage, table)).toBe(2)
  })

  it('tells nobody of a version that is left of a table that was removed', async () => {
    const outcome = await stopped(() => storage.delete(metadataKey(table, 1)))
    expect(outcome.kind).toBe('unknown')
    expect(await readHint(storage, table)).toBe(1)
    await expect(others.load(logs)).rejects.toThrow('version 2 is left alone')
  })

  it('does not make a table again that somebody removes under it', async () => {
    const made = await catalog.create(logs, creation())
    await commits(5)
    const known = await loaded(catalog)
    for await (const { key } of storage.list(`${table}/`)) await storage.delete(key)
    expect((await catalog.commit(known, append(known, 1n))).kind).toBe('unknown')
    await expect(catalog.load(logs)).rejects.toThrow('version 7 is left alone')
    await storage.delete(metadataKey(table, 7))
    expect(await catalog.load(logs)).toBeNull()
    expect(made.metadata['table-uuid']).not.toBe('')
  })

  it('does not go on with what is left of a table where another begins', async () => {
    await catalog.create(logs, creation())
    await commits(5)
    const known = await loaded(catalog)
    const elsewhere = createMemoryStorage()
    await createFileCatalog({ storage: elsewhere, root, log: noLog }).create(logs, creation())
    const first = await elsewhere.get(metadataKey(table, 1))
    await remove(1, 4)
    await storage.put(metadataKey(table, 1), first ?? new Uint8Array())
    expect((await catalog.commit(known, append(known, 1n))).kind).toBe('unknown')
    await expect(catalog.load(logs)).rejects.toThrow('is of another table that was here before')
  })

  it('holds metadata once for all that share what was last seen, each with its own way to files', async () => {
    await catalog.create(logs, creation())
    const lastSeen = new Map()
    const sharing = () => createFileCatalog({ storage, root, log: noLog, now: () => now, lastSeen })
    const [first, second, third] = [sharing(), sharing(), sharing()]
    // At once: each has read the bytes when another parses them.
    const [one, other] = await Promise.all([loaded(first), loaded(second)])
    expect(other.metadata).toBe(one.metadata)
    expect(other.io).not.toBe(one.io)
    await commits(1)
    const younger = await loaded(third)
    expect(younger.metadata.snapshots).toHaveLength(1)
    expect((await loaded(first)).metadata).toBe(younger.metadata)
    // Who knew an older version of it does no harm.
    expect((await second.commit(one, append(one, 1n))).kind).toBe('conflict')
    const again = await loaded(second)
    expect((await second.commit(again, append(again, 2n))).kind).toBe('committed')
    expect(await snapshots()).toEqual([1000n, 2n])
  })

  it('sees that a table was made anew', async () => {
    const made = await catalog.create(logs, creation())
    for await (const { key } of storage.list(`${table}/`)) await storage.delete(key)
    const anew = await others.create(logs, creation())
    const found = await loaded(catalog)
    expect(found.metadata['table-uuid']).toBe(anew.metadata['table-uuid'])
    expect(found.metadata['table-uuid']).not.toBe(made.metadata['table-uuid'])
  })

  it('does not make a table whose first version is long gone', async () => {
    await catalog.create(logs, creation())
    await commits(150)
    await remove(1, 40)
    const again = await catalog.create(logs, creation())
    expect(again.metadata.snapshots.length).toBe(150)
    expect((await loaded(createFileCatalog({ storage, root, log: noLog }))).metadata).toEqual(
      again.metadata,
    )
  })

  it('takes back a first version that comes when the table has lost its own long ago', async () => {
    const { promise: isPut, resolve: put } = Promise.withResolvers<void>()
    const { promise: isAwake, resolve: wake } = Promise.withResolvers<void>()
    const sleepy: Storage = {
      ...storage,
      async put(...args) {
        put()
        await isAwake
        return storage.put(...args)
      },
    }
    let now = Date.now()
    const slept = createFileCatalog({ storage: sleepy, root, log: noLog, now: () => now })
    const making = slept.create(logs, creation())
    await isPut
    await catalog.create(logs, creation())
    await commits(150)
    await remove(1, 40)
    now += 3_600_000
    wake()
    expect((await making).metadata.snapshots.length).toBe(150)
    expect(await storage.head(metadataKey(table, 1))).toBe(null)
    await commits(1)
    expect((await loaded()).metadata.snapshots.length).toBe(151)
  })

  it.each([
    ['{', 'cannot read the metadata'],
    ['{"format-version":1}', 'format version 1'],
    ['{"format-version":3}', 'format version 3'],
    ['{"format-version":2,"properties":{"write.metadata.compression-codec":"gzip"}}', 'gzip'],
  ])('says that it cannot use %s', async (text, reason) => {
    await storage.put(metadataKey(table, 1), new TextEncoder().encode(text))
    const refused = catalog.load(logs)
    await expect(refused).rejects.toThrow(reason)
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('keeps as many entries of the metadata log as the table asks for', async () => {
    await catalog.create(logs, creation({ 'write.metadata.previous-versions-max': '3' }))
    await commits(5)
    expect(
      (await loaded()).metadata['metadata-log'].map((entry) => entry['metadata-file']),
    ).toEqual([3, 4, 5].map((version) => `${root}/${metadataKey(table, version)}`))
  })

  it('commits when warm in as many round trips as it must, the last to tell others; loads in one', async () => {
    const { storage: memory, count } = createCountedStorage()
    const counted = isTagged ? memory : { ...memory, tagged: undefined }
    const warm = createFileCatalog({ storage: counted, root, log: noLog })
    const made = await warm.create(logs, creation())
    const committed = await count(() => warm.commit(made, append(made, 1n)))
    expect(committed.result.kind).toBe('committed')
    expect(committed.calls.filter((call) => call.startsWith('put'))).toEqual([
      `put ${metadataKey(table, 2)}`,
      `put ${hint}`,
    ])
    expect(committed.rounds).toBe(isTagged ? 2 : 3)
    const reloaded = await count(() => warm.load(logs))
    expect(reloaded.rounds).toBe(1)
    const { table: known } = committed.result as { table: LoadedTable }
    expect(reloaded.result?.metadata).toBe(known.metadata)
  })
})

describe('a hint that is moved on from what was seen', () => {
  const taggedOf = ({ tagged }: Storage): TaggedObjects => {
    if (tagged === undefined) throw new Error('no tags')
    return tagged
  }
  /** A storage that does something else with tags. */
  const withTags = (storage: Storage, tagged: Partial<TaggedObjects>): Storage => ({
    ...storage,
    tagged: { ...taggedOf(storage), ...tagged },
  })
  const open = (storage: Storage) => createFileCatalog({ storage, root, log: noLog })
  const commit = async (catalog: FileCatalog, base: LoadedTable, id: bigint) => {
    const outcome = await catalog.commit(base, append(base, id))
    if (outcome.kind !== 'committed') throw new Error(outcome.reason)
    return outcome.table
  }

  let storage: Storage
  /** What it said, one after the other. */
  let said: (number | null)[]
  beforeEach(() => {
    said = []
    storage = createMemoryStorage({
      async after(operation, key) {
        if (operation === 'put' && key === hint) said.push(await readHint(storage, table))
      },
    })
  })

  it('is not moved back by a writer who slept meanwhile', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { replace } = taggedOf(storage)
    const slow: Storage = {
      ...withTags(storage, { replace: async (...call) => released.then(() => replace(...call)) }),
      async put(key, ...rest) {
        if (key === hint) await released
        return storage.put(key, ...rest)
      },
    }
    const others = open(storage)
    const made = await others.create(logs, creation())
    const committing = commit(open(slow), made, 1n)
    await expect.poll(() => storage.head(metadataKey(table, 2))).not.toBeNull()
    let latest = (await others.load(logs)) ?? made
    for (const id of [2n, 3n]) latest = await commit(others, latest, id)
    release()
    await committing
    expect([...new Set(said)]).toEqual([1, 3, 4])
  })

  it('is never moved back', async () => {
    await writeHint(storage, table, 9)
    const seen = await seeHint(storage, table)
    for (const version of [5, 9]) {
      expect(await moveHint(storage, table, seen, version)).toBe(false)
      await raiseHint(storage, table, version)
    }
    expect(said).toEqual([9])
    expect(await moveHint(storage, table, seen, 10)).toBe(true)
    expect(said).toEqual([9, 10])
  })

  it('is taken back only while it says what it was made to say', async () => {
    await writeHint(storage, table, 1)
    const seen = await seeHint(storage, table)
    if (seen === null) throw new Error('no hint')
    await moveHint(storage, table, seen, 2)
    await takeBackHint(storage, table, seen, 2)
    await writeHint(storage, table, 3)
    await takeBackHint(storage, table, seen, 2)
    expect(said).toEqual([1, 2, 1, 3])
  })

  it.each([
    ['be seen', 'get'],
    ['be moved on', 'replace'],
  ] as const)('is moved on later where it could not %s at first', async (_, call) => {
    const made = await open(storage).create(logs, creation())
    const failing = vi.spyOn(taggedOf(storage), call)
    failing.mockRejectedValueOnce(new IngestError('unavailable', 'no answer'))
    await commit(open(storage), made, 1n)
    expect(await readHint(storage, table)).toBe(2)
    expect(failing.mock.calls.length).toBeGreaterThan(1)
  })

  it('is written without a condition where the storage refuses all of them', async () => {
    const made = await open(storage).create(logs, creation())
    const refusing = withTags(storage, { replace: async () => 'changed' })
    await commit(open(refusing), made, 1n)
    expect(await readHint(storage, table)).toBe(2)
  })
})

describe('compare-and-swap', () => {
  const ignoring = (memory = createMemoryStorage()): Storage => ({
    ...memory,
    put: (key, bytes) => memory.put(key, bytes),
  })
  /** Looks, and then writes: right only for one writer at a time. */
  const racing = (memory = createMemoryStorage()): Storage => ({
    ...memory,
    async put(key, bytes, options) {
      if (options?.ifNoneMatch === '*' && (await memory.head(key)) !== null) return 'exists'
      return memory.put(key, bytes)
    },
  })
  const incapable = (memory = createMemoryStorage()): Storage => ({
    ...memory,
    capabilities: { ...memory.capabilities, conditionalPut: false },
  })
  /** Says `exists`, and overwrites all the same. */
  const lying = (memory = createMemoryStorage()): Storage => ({
    ...memory,
    put: async (key, bytes, options) => {
      const result = await memory.put(key, bytes, options)
      if (result === 'exists') await memory.put(key, bytes)
      return result
    },
  })

  it.each([
    ['a good one', () => createMemoryStorage(), true],
    ['one that ignores conditions', ignoring, false],
    ['one that looks and then writes', racing, false],
    ['one that says that it cannot', incapable, false],
    ['one that says no and does', lying, false],
  ])('is seen in %s', async (_, make, expected) => {
    expect(await comparesAndSwaps(make())).toBe(expected)
  })

  it('is seen at every start, and at several at once', async () => {
    const storage = createMemoryStorage()
    const starts = Array.from({ length: 5 }, () => comparesAndSwaps(storage))
    expect(await Promise.all(starts)).toEqual(Array(5).fill(true))
    expect(await comparesAndSwaps(storage)).toBe(true)
    expect(await Array.fromAsync(storage.list(''), ({ key }) => key)).toEqual([probeKey])
    expect(await comparesAndSwaps(ignoring(storage))).toBe(false)
  })

  it('is seen by one put where it was seen before', async () => {
    const memory = createMemoryStorage()
    expect(await comparesAndSwaps(memory)).toBe(true)
    const puts = vi.fn(memory.put)
    expect(await comparesAndSwaps({ ...memory, put: puts })).toBe(true)
    expect(puts).toHaveBeenCalledTimes(1)
    expect(await comparesAndSwaps(lying(memory))).toBe(false)
  })

  it('keeps the program from starting where it is not there', async () => {
    const opening = openFileCatalog({ storage: ignoring(), root, log: noLog })
    await expect(opening).rejects.toThrow('the storage ignores conditions')
  })

  it('keeps the program from starting where a storage says that it knows nothing of it', async () => {
    const fake = await startS3Fake()
    fake.fault = ({ method }) => (method === 'PUT' ? refuse(501, 'NotImplemented') : undefined)
    const { endpoint, region } = fake
    const credentials = async () => ({ accessKeyId, secretAccessKey })
    const storage = createS3Storage({ bucket: 'lake', region, endpoint, credentials })
    await expect(openFileCatalog({ storage, root, log: noLog })).rejects.toThrow(
      'the object store knows no conditional puts',
    )
    await fake.stop()
  })

  it('is asked for again when the storage could not be asked', async () => {
    let isDown = true
    const storage = createMemoryStorage({
      before: () => {
        if (isDown) throw new IngestError('unavailable', 'down')
      },
    })
    const catalog = await openFileCatalog({ storage, root, log: noLog })
    for (const act of [() => catalog.load(logs), () => catalog.ready()]) {
      await expect(act()).rejects.toThrow('down')
    }
    await expect(catalog.create(logs, creation())).rejects.toThrow('down')
    isDown = false
    expect(await catalog.load(logs)).toBeNull()
    await expect(catalog.ready()).resolves.toBeUndefined()
    expect((await catalog.create(logs, creation())).metadata.snapshots).toEqual([])
    expect(await storage.head(probeKey)).not.toBeNull()
  })
})

describe('tags', () => {
  type Replace = TaggedObjects['replace']
  const replacing = (change: (memory: Storage, own: Replace) => Replace): Storage => {
    const memory = createMemoryStorage()
    const tagged = memory.tagged as TaggedObjects
    return { ...memory, tagged: { ...tagged, replace: change(memory, tagged.replace) } }
  }
  const ignoring = () =>
    replacing((memory) => async (key, _, bytes) => {
      await memory.put(key, bytes)
      return 'replaced'
    })
  /** Says that it changed nothing, and overwrites all the same. */
  const lying = () =>
    replacing((memory) => async (key, _, bytes) => {
      await memory.put(key, bytes)
      return 'changed'
    })
  const unknowing = () =>
    replacing(() => async () => {
      throw new NotImplementedError('no If-Match here')
    })

  it.each([
    ['a good one', createMemoryStorage, true],
    ['one that has none', () => ({ ...createMemoryStorage(), tagged: undefined }), false],
    ['one that takes every tag', ignoring, false],
    ['one that says no and does', lying, false],
  ])('are seen to be minded in %s', async (_, make, expected) => {
    const storage = make()
    expect(await Promise.all([mindsTags(storage), mindsTags(storage)])).toEqual([
      expected,
      expected,
    ])
    expect(await mindsTags(storage)).toBe(expected)
  })

  it.each([
    ['a good storage', createMemoryStorage, true],
    ['one that takes every tag', ignoring, false],
    ['one that does not know them', unknowing, false],
  ])('are used in %s: %#', async (_, make, isUsed) => {
    const storage = make()
    const replace = vi.spyOn(storage.tagged as TaggedObjects, 'replace')
    const catalog = await openFileCatalog({ storage, root, log: noLog })
    const made = await catalog.create(logs, creation())
    expect((await catalog.commit(made, append(made, 1n))).kind).toBe('committed')
    expect(await readHint(storage, table)).toBe(2)
    expect(replace.mock.calls.some(([key]) => key === hint)).toBe(isUsed)
  })

  it('are asked for with a put to a key of their own, beside the other proof', async () => {
    const { storage, count } = createCountedStorage()
    await openFileCatalog({ storage, root, log: noLog })
    const again = await count(() => openFileCatalog({ storage, root, log: noLog }))
    expect(again.rounds).toBe(3)
    expect(again.calls.filter((call) => call.startsWith('put')).sort()).toEqual([
      `put ${probeKey}`,
      `put ${tagProbeKey}`,
    ])
  })
})
