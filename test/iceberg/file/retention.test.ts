// Protects tables from those who clean up: whatever a snapshot that is kept names is there, at whatever moment a round of
// retention ends and however many run at once; data files and what others put there are never touched; and it does clean up.
import { beforeEach, describe, expect, it } from 'vitest'
import { IngestError } from '../../../src/errors.ts'
import { expiredSnapshots } from '../../../src/iceberg/file/expired-snapshots.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { random } from '../../judge/random.ts'
import { createTendedTable, folder, hour, policy, root, type TendedTable } from './tended-table.ts'

const bytes = new Uint8Array([1])

/** So many snapshots, an hour between them; of more than six manifests one stays. */
const hourly = async (table: TendedTable, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    table.now += hour
    const id = i
    await table.append('main', (_, at) => id % 6 !== 5 || at === 0)
  }
}

/** The number in a name: that of the snapshot which made it. */
const numberOf = (name: string): number => Number(/\d+/.exec(name)?.[0])

describe('a round of retention', () => {
  let table: TendedTable
  beforeEach(async () => {
    table = await createTendedTable()
  })

  it('removes what has expired, and keeps what is needed', async () => {
    await hourly(table, 150)
    const removed = await table.retain()
    // The last 24 hours, and the one that is exactly that old.
    const kept = (await table.load()).metadata.snapshots.map((one) => Number(one['snapshot-id']))
    expect(kept).toEqual(Array.from({ length: 25 }, (_, i) => 126 + i))
    expect(removed.snapshots).toBe(125)
    expect(await table.missing()).toEqual([])
    const keys = await table.keys()
    // Of the day before the oldest that is kept, everything is still there.
    const lists = keys.filter((key) => key.startsWith('snap-')).map(numberOf)
    expect(Math.min(...lists)).toBe(126 - 24)
    expect(lists.length).toBe(49)
    const manifests = keys.filter((key) => key.startsWith('m')).map(numberOf)
    expect(manifests.filter((n) => n >= 102).length).toBe(49)
    expect(manifests.filter((n) => n < 102).length).toBeLessThan(20)
    // 151 versions for 150 snapshots, and one that removed them.
    const versions = keys.filter((key) => /^v\d/.test(key)).map(numberOf)
    expect(Math.min(...versions)).toBe(152 - 100)
    expect(removed).toEqual({
      snapshots: 125,
      versions: 51,
      files: 300 - lists.length - manifests.length,
    })
  })

  it('does nothing the second time', async () => {
    await hourly(table, 150)
    await table.retain()
    const keys = await table.keys()
    expect(await table.retain()).toEqual({ snapshots: 0, files: 0, versions: 0 })
    expect(await table.keys()).toEqual(keys)
  })

  it('does nothing to a table that is not there, or has no snapshots', async () => {
    expect(await table.retain()).toEqual({ snapshots: 0, files: 0, versions: 0 })
    for (const key of await table.keys()) await table.storage.delete(`${folder}/${key}`)
    expect(await table.retain()).toEqual({ snapshots: 0, files: 0, versions: 0 })
  })

  it('removes what attempts left that came to nothing, but not at once', async () => {
    const put = (name: string) => table.storage.put(`${folder}/${name}`, bytes)
    await put('snap-7-old.avro')
    await put('old-m0.avro')
    await hourly(table, 60)
    await put('snap-7-new.avro')
    await put('new-m0.avro')
    await table.retain()
    const left = (await table.keys()).filter((key) => /new|old/.test(key))
    expect(left).toEqual(['new-m0.avro', 'snap-7-new.avro'])
    await hourly(table, 60)
    await table.retain()
    expect((await table.keys()).filter((key) => /new|old/.test(key))).toEqual([])
    expect(await table.missing()).toEqual([])
  })

  it('never touches data, nor what it does not know', async () => {
    const others = [
      'otel/logs/data/1-2.parquet',
      `${folder}/stats.puffin`,
      `${folder}/00001-x.json`,
      `${folder}/notes`,
      'otel/logs/old.avro',
      'otel/logs2/metadata/v1.metadata.json',
      'otel/logs2/metadata/x-m0.avro',
    ]
    for (const key of others) await table.storage.put(key, bytes)
    await hourly(table, 150)
    await table.retain()
    const found = await Array.fromAsync(table.storage.list(''), ({ key }) => key)
    expect(found).toEqual(expect.arrayContaining(others))
  })

  it('knows files by other spellings of their paths', async () => {
    table = await createTendedTable((path) => path.replace('s3://', 's3a://'))
    await hourly(table, 100)
    expect((await table.retain()).files).toBeGreaterThan(50)
    expect(await table.missing()).toEqual([])
  })

  it('keeps what a branch needs that main has left', async () => {
    await hourly(table, 3)
    await table.point('other', 2n)
    await hourly(table, 100)
    table.now += hour
    await table.append('other')
    await table.retain()
    expect(await table.missing()).toEqual([])
    const ids = (await table.load()).metadata.snapshots.map((one) => one['snapshot-id'])
    expect(ids).not.toContain(2n)
    expect(ids).toContain(104n)
  })

  it('is not kept from its work by a tag on a snapshot of long ago, whose files stay', async () => {
    await hourly(table, 2)
    await table.point('tag', 2n)
    await hourly(table, 200)
    await table.retain()
    expect(await table.missing()).toEqual([])
    const lists = (await table.keys()).filter((key) => key.startsWith('snap-')).map(numberOf)
    expect(lists).toContain(2)
    expect(lists.length).toBe(1 + 49)
  })

  it.each([30, 72, 9_000])('does no harm after a clock was %i hours ahead', async (ahead) => {
    await hourly(table, 30)
    table.ahead = ahead * hour
    await table.append()
    table.ahead = 0
    // A commit between what a round loads and what it lists.
    const raced: Storage = {
      ...table.storage,
      async *list(prefix) {
        await table.append()
        yield* table.storage.list(prefix)
      },
    }
    let files = 0
    for (let round = 0; round < 40; round++) {
      await hourly(table, 3)
      files += (await table.retain(raced)).files
      expect(await table.missing(), `round ${round}`).toEqual([])
    }
    expect(files).toBeGreaterThan(0)
    const warned = table.lines.filter((line) => line.startsWith('warn: ')).length
    // Every round until the time has come: three hours and two changes each.
    expect(warned).toBe(Math.min(40, ahead / 3 - 1))
  })

  it('removes what is too much, though its time is still to come', async () => {
    const { metadata } = await table.append()
    const [first] = metadata.snapshots
    if (first === undefined) throw new Error('a snapshot was meant')
    const snapshots = Array.from({ length: 10_003 }, (_, i) => ({
      ...first,
      'snapshot-id': BigInt(i),
      'sequence-number': i,
      'timestamp-ms': table.now + 9_000 * hour,
    }))
    const many = { ...metadata, snapshots, refs: {}, 'current-snapshot-id': 10_002n }
    const expired = expiredSnapshots(many, policy, table.now, null)
    expect(expired.map((one) => one['sequence-number'])).toEqual([0, 1, 2])
  })

  it('keeps snapshots, and so their files, that receipts need', async () => {
    await hourly(table, 100)
    await table.retain(table.storage, 40)
    const { metadata } = await table.load()
    expect(metadata.snapshots[0]?.['sequence-number']).toBe(41)
    expect(await table.missing()).toEqual([])
  })

  it('removes nothing when a list that is kept is not there', async () => {
    await hourly(table, 100)
    await table.storage.delete(`${folder}/snap-76.avro`)
    const before = (await table.keys()).filter((key) => key.endsWith('.avro'))
    await expect(table.retain()).rejects.toThrow('a manifest list of the table is gone')
    expect((await table.keys()).filter((key) => key.endsWith('.avro'))).toEqual(before)
  })

  it.each(['list', 'delete'] as const)(
    'removes snapshots alone where it cannot %s',
    async (able) => {
      await hourly(table, 100)
      const capabilities = { ...table.storage.capabilities, [able]: false }
      const before = (await table.keys()).length
      const removed = await table.retain({ ...table.storage, capabilities })
      expect(removed).toEqual({ snapshots: 75, files: 0, versions: 0 })
      // One version more.
      expect((await table.keys()).length).toBe(before + 1)
    },
  )

  it('leaves versions of the last hour, however many there are', async () => {
    for (let i = 0; i < 150; i++) {
      table.now += 1000
      await table.append()
    }
    expect((await table.retain()).versions).toBe(0)
    table.now += 2 * hour
    await table.append()
    expect((await table.retain()).versions).toBe(51)
  })

  it('makes the hint right before it removes versions', async () => {
    await hourly(table, 150)
    const hint = `${folder}/version-hint.text`
    await table.storage.put(hint, new TextEncoder().encode('3'))
    // No snapshot goes: then no commit tells the version.
    expect((await table.retain(table.storage, 0)).versions).toBe(50)
    expect(new TextDecoder().decode((await table.storage.get(hint)) ?? bytes)).toBe('151')
  })

  it('leaves a reader what he loaded before', async () => {
    await hourly(table, 100)
    const { metadata } = await table.load()
    await table.retain()
    const list = metadata.snapshots.at(-20)?.['manifest-list'].slice(root.length + 1) ?? ''
    expect(await table.storage.head(list)).not.toBeNull()
    // Removed from the table, but only just.
    const expired = metadata.snapshots.at(-26)?.['manifest-list'].slice(root.length + 1) ?? ''
    expect(await table.storage.head(expired)).not.toBeNull()
  })

  it('tries again beside a writer who is faster, and gives up some day', async () => {
    await hourly(table, 100)
    let faster = 3
    const racing: Storage = {
      ...table.storage,
      async put(key, content, options) {
        if (faster > 0 && /v\d+\.metadata/.test(key)) {
          faster--
          await table.append()
        }
        return table.storage.put(key, content, options)
      },
    }
    expect((await table.retain(racing)).snapshots).toBe(75)
    faster = 100
    await hourly(table, 5)
    await expect(table.retain(racing)).rejects.toThrow('writers were faster')
    expect(await table.missing()).toEqual([])
  })

  it('stops when it has taken too long, and goes on the next time', async () => {
    await hourly(table, 150)
    const slow: Storage = {
      ...table.storage,
      async delete(key) {
        table.now += 1000
        await table.storage.delete(key)
      },
    }
    const { versions } = await table.retain(slow)
    expect(versions).toBe(0)
    expect((await table.retain()).versions).toBeGreaterThan(50)
  })
})

describe('a round of retention with bounds', () => {
  /** What a round removes that may go on for as long, or until so many calls are left; and the calls it makes. */
  const bounded = async (table: TendedTable, untilMs: number, calls: number) => {
    let made = 0
    const one = <T>(call: T): T => {
      made++
      table.now += 10
      return call
    }
    const { storage } = table
    const counted: Storage = {
      ...storage,
      put: (...args) => one(storage.put(...args)),
      get: (...args) => one(storage.get(...args)),
      head: (key) => one(storage.head(key)),
      list: (prefix) => one(storage.list(prefix)),
      delete: (key) => one(storage.delete(key)),
    }
    const removed = await table.retain(counted, null, {
      deadline: table.now + untilMs,
      callsLeft: () => calls - made,
    })
    expect(await table.missing()).toEqual([])
    return { ...removed, made }
  }

  it.each([
    ['its deadline', 500, 10_000],
    ['there are no calls left', 1_000_000, 250],
  ])('ends before %s, and the next one goes on', async (_, untilMs, calls) => {
    const table = await createTendedTable()
    await hourly(table, 150)
    const first = await bounded(table, untilMs, calls)
    expect(first.snapshots).toBeGreaterThan(120)
    expect(first.files).toBeGreaterThan(8)
    // Some beyond: what is removed at once.
    expect(first.files).toBeLessThan(64)
    expect(first.versions).toBe(0)
    expect(first.made).toBeLessThan(60)
    const rest = await bounded(table, 1_000_000, 10_000)
    expect(rest).toMatchObject({ snapshots: 0, versions: 51 })
    expect(first.files + rest.files).toBeGreaterThan(200)
  })
})

describe('a round of retention that ends early', () => {
  /** Fails with the call of this number, before or after it has happened. */
  const failing = (storage: Storage, call: number, when: 'before' | 'after'): Storage => {
    let calls = 0
    const fails = () => ++calls === call
    const around = async <T>(act: () => Promise<T>): Promise<T> => {
      const isLast = fails()
      if (isLast && when === 'before') throw new IngestError('unavailable', 'the end')
      const result = await act()
      if (isLast) throw new IngestError('unavailable', 'the end')
      return result
    }
    return {
      ...storage,
      put: (key, content, options) => around(() => storage.put(key, content, options)),
      get: (key) => around(() => storage.get(key)),
      head: (key) => around(() => storage.head(key)),
      delete: (key) => around(() => storage.delete(key)),
    }
  }

  it.each(['before', 'after'] as const)('leaves a whole table, %s any call', async (when) => {
    const table = await createTendedTable()
    await hourly(table, 120)
    await table.retain()
    let ended = 0
    for (let call = 1; call <= 30; call++) {
      await hourly(table, 6)
      const result = await table.retain(failing(table.storage, call, when)).catch(() => null)
      if (result === null) ended++
      expect(await table.missing(), `call ${call}`).toEqual([])
    }
    expect(ended).toBeGreaterThan(20)
    await table.retain()
    expect((await table.load()).metadata.snapshots.length).toBe(25)
    expect((await table.keys()).length).toBeLessThan(220)
  })

  it('does no harm beside another one', async () => {
    const table = await createTendedTable()
    await hourly(table, 150)
    // Two other programs at once, and writers.
    const twin = () => table.retain({ ...table.storage })
    await Promise.all(
      [twin(), twin(), table.append(), table.retain()].map((one) => one.catch(() => null)),
    )
    await table.retain()
    expect(await table.missing()).toEqual([])
    expect((await table.load()).metadata.snapshots.length).toBeLessThan(27)
  })
})

it('is harmless in any history', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const dice = random(seed)
    const table = await createTendedTable()
    const branches = ['main']
    for (let step = 0; step < 100; step++) {
      table.now += dice.below(3 * hour)
      const branch = branches[dice.below(branches.length)] ?? 'main'
      const { snapshots } = (await table.load()).metadata
      const some = snapshots[dice.below(snapshots.length)]
      if (dice.oneIn(25) && some !== undefined) {
        const name = dice.oneIn(2) ? branch : `b${step}`
        await table.point(name, some['snapshot-id'])
        if (!branches.includes(name)) branches.push(name)
      } else if (dice.oneIn(15)) await table.retain()
      else if (dice.oneIn(8)) await table.append(branch, () => dice.oneIn(3))
      else await table.append(branch)
      if (step % 5 === 0) expect(await table.missing(), `seed ${seed}, ${step}`).toEqual([])
    }
    await table.retain()
    expect(await table.missing(), `seed ${seed}`).toEqual([])
  }
})

// The double's clock is the tests'.
it('a memory storage tells when it was written', async () => {
  const storage = createMemoryStorage({ now: () => 7 })
  await storage.put('a', bytes)
  expect(await Array.fromAsync(storage.list(''))).toEqual([{ key: 'a', size: 1, modifiedAt: 7 }])
})
