// Protects: how a process commits: in two calls when it knows the table, many requests in one, nobody held up by another's
// trouble, and every trouble an answer that has the sender try again.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { currentSnapshot, type TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { identifier } from '../faults/model/lake.ts'
import { appendForeign, compact, type Others } from '../faults/model/others.ts'
import { createChance } from '../faults/model/random.ts'
import { manifestsOf } from '../faults/model/rows.ts'
import { createLab, fileOf, keyOf, type Lab, send } from './table-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

const tableKey = 'otel/logs'

let lab: Lab
beforeEach(() => {
  lab = createLab()
})

const metadata = (): TableMetadata => {
  const found = lab.tables.get(tableKey)
  if (found === undefined) throw new Error('no table')
  return found
}
const snapshots = (): number => metadata().snapshots.length

/** Names of the live files of the table. */
const files = async (): Promise<string[]> => {
  const table = await lab.catalog.load(identifier)
  if (table === null) return []
  const entries = (await manifestsOf(table)).flatMap((manifest) => manifest.entries)
  const live = entries.filter(({ status }) => status !== 2)
  return live.map(({ data_file: { file_path: path } }) => path.replace('memory://lake/', '')).sort()
}

const others = (): Others => ({
  catalog: lab.catalog,
  chance: createChance(3),
  now: lab.world.now,
  pause: async () => {},
})

const sendIn = (writer = lab.writer()) => {
  const one = (n: number, options = {}) => send(writer, n, lab.world, options)
  return Object.assign((n: number, options = {}) => lab.timed(() => one(n, options)), { one })
}

describe('calls that a request waits for, one after another', () => {
  it('are three for a new process: the table; data file, manifest and list; the commit', async () => {
    await lab.timed(() => lab.writer().open())
    const sending = sendIn()
    expect(await sending(1)).toEqual(['committed', 3])
  })

  it('are two for one that knows the table', async () => {
    const sending = sendIn()
    await sending(1)
    expect(await sending(2)).toEqual(['committed', 2])
    lab.calls.length = 0
    expect(await sending(3)).toEqual(['committed', 2])
    expect(
      lab.calls.map((call) => call.replace(/^put .*\/(5|snap)?.*-(m0)?.*$/, 'put $1$2')),
    ).toEqual(['put 5', 'put m0', 'put snap', 'commit'])
  })

  it('are the list of the current snapshot besides, where another process made it', async () => {
    await sendIn()(1)
    expect(await sendIn()(2)).toEqual(['committed', 4])
  })

  it('are those for a look and another try, after another process was faster', async () => {
    const one = sendIn()
    await one(1)
    await sendIn()(2)
    // Commit; table, list, the other's manifest, list, commit, and up to 25 ms between.
    const [outcome, took] = await one(3)
    expect(outcome).toBe('committed')
    expect(took).toBeLessThan(2 + 5 + 26)
  })

  it('are as few for a request that was stored before: the object, the manifest, by who knows the list', async () => {
    const sending = sendIn()
    await sending(1)
    expect(await sending(1)).toEqual(['duplicate', 1])
  })
})

describe('requests at once', () => {
  it('go together into few snapshots', async () => {
    const { one } = sendIn()
    const all = Array.from({ length: 50 }, (_, n) => n)
    const [outcomes] = await lab.timed(() => Promise.all(all.map((n) => one(n))))
    expect(new Set(outcomes)).toEqual(new Set(['committed']))
    expect(snapshots()).toBeLessThan(4)
    expect((await files()).length).toBe(50)
  })

  it('that come while a commit is tried again are taken in', async () => {
    const sending = sendIn()
    await sending(1)
    let refusals = 3
    const writer = lab.writer({
      catalog: {
        commit: async (table, commit) =>
          refusals-- > 0
            ? { kind: 'throttled', retryAfterMs: 500, reason: 'test' }
            : lab.catalog.commit(table, commit),
      },
    })
    const later = async (n: number) => {
      await lab.world.sleep(600)
      return send(writer, n, lab.world)
    }
    await lab.timed(() => Promise.all([send(writer, 2, lab.world), later(3)]))
    expect(snapshots()).toBe(2)
    expect((await files()).length).toBe(3)
  })

  it('do not wait for one whose object takes long', async () => {
    const { one } = sendIn()
    lab.interfere.object = async (_, key) => {
      if (key === keyOf(1)) await lab.world.sleep(5_000)
    }
    const times: Record<number, number> = {}
    const began = lab.world.now()
    const timed = async (n: number, after: number) => {
      await lab.world.sleep(after)
      expect(await one(n)).toBe('committed')
      times[n] = lab.world.now() - began
    }
    await lab.timed(() => Promise.all([timed(1, 0), timed(2, 0), timed(3, 300)]))
    expect(times[1]).toBeGreaterThan(5_000)
    expect(times[2]).toBeLessThan(500)
    expect(times[3]).toBeLessThan(500)
  })

  it('do not fail with one that cannot be looked for', async () => {
    const earlier = sendIn()
    await earlier(1)
    await compact(others())
    await earlier(2)
    lab.interfere.object = (operation, key) => {
      if (operation === 'get' && key.endsWith('-m0.avro')) throw new Error('not now')
    }
    const { one } = sendIn()
    const [outcomes] = await lab.timed(() => Promise.all([one(1), one(3), one(4)]))
    expect(outcomes).toEqual(['the table could not be changed', 'committed', 'committed'])
    lab.interfere.object = () => {}
    expect((await sendIn()(1))[0]).toBe('duplicate')
  })

  it('do not fail with one whose object cannot be put', async () => {
    const { one } = sendIn()
    lab.interfere.object = (_, key) => {
      if (key === keyOf(1)) throw new IngestError('unavailable', 'the disk is full')
    }
    const [outcomes] = await lab.timed(() => Promise.all([one(1), one(2)]))
    expect(outcomes).toEqual(['the disk is full', 'committed'])
  })

  it('of one body are stored once, by one process or by two', async () => {
    const [one, two] = [sendIn(), sendIn()]
    for (const n of [1, 2, 3, 4]) {
      const both = [one.one(n, { by: 'a' }), one.one(n, { by: 'b' }), two.one(n, { by: 'cc' })]
      const [outcomes] = await lab.timed(() => Promise.all(both))
      expect(outcomes.sort()).toEqual(['committed', 'duplicate', 'duplicate'])
    }
    expect((await files()).length).toBe(4)
  })
})

describe('an object that stands already', () => {
  const stands = (n: number, by: string) => lab.storage.put(keyOf(n), fileOf(n, by).bytes)

  it('is committed where its bytes are our own', async () => {
    await stands(1, '')
    expect((await sendIn()(1))[0]).toBe('committed')
    expect(await files()).toEqual([keyOf(1)])
  })

  it('is left as it is where they are not: ours go beside it', async () => {
    await stands(1, 'another attempt')
    expect((await sendIn()(1))[0]).toBe('committed')
    const [path = ''] = await files()
    expect(path).toMatch(/^otel\/logs\/data\/5-[0-9a-f-]{36}-[0-9a-f]{8}\.parquet$/)
    expect(await lab.storage.get(keyOf(1))).toEqual(fileOf(1, 'another attempt').bytes)
    expect(await lab.storage.get(path)).toEqual(fileOf(1).bytes)
  })

  it('is known to be in the table after a compaction took it out', async () => {
    await sendIn()(1)
    await compact(others())
    expect((await sendIn()(1))[0]).toBe('duplicate')
    expect(snapshots()).toBe(2)
  })
})

describe('an answer that does not come', () => {
  const never = () => new Promise<void>(() => {})

  it('to a commit that landed is looked for', async () => {
    const sending = sendIn()
    await sending(1)
    lab.interfere.after = (call) => {
      if (call === 'commit') return never()
    }
    const [outcome, took] = await sending(2)
    expect(outcome).toBe('committed')
    expect(took).toBeLessThan(4_100)
    expect(snapshots()).toBe(2)
  })

  it('to a commit that did not land has it tried again', async () => {
    const sending = sendIn()
    await sending(1)
    let lost = 1
    lab.interfere.before = (call) => {
      if (call === 'commit' && lost-- > 0) return never()
    }
    expect((await sending(2))[0]).toBe('committed')
    expect(snapshots()).toBe(2)
  })

  it('to any call has the sender try again, before it gives up', async () => {
    for (const call of ['load', 'commit'] as const) {
      lab = createLab()
      const sending = sendIn()
      if (call === 'commit') await sending(1)
      lab.interfere.before = (name) => (name === call ? never() : undefined)
      const [outcome, took] = await sending(2)
      expect(outcome, call).toMatch(/in time|too long/)
      expect(took, call).toBeLessThan(8_100)
    }
  })

  it('by the storage too', async () => {
    const sending = sendIn()
    await sending(1)
    lab.interfere.object = (_, key) => (key.includes('/metadata/') ? never() : undefined)
    const [outcome, took] = await sending(2)
    expect(outcome).toBe('the storage takes too long')
    expect(took).toBeLessThan(8_100)
    lab.interfere.object = () => {}
    expect((await sending(2))[0]).toBe('committed')
  })
})

describe('a catalog that refuses', () => {
  it('for longer than there is time has the sender told at once', async () => {
    const outcome = { kind: 'throttled', retryAfterMs: 60_000, reason: 'slow down' } as const
    const sending = sendIn(lab.writer({ catalog: { commit: async () => outcome } }))
    const [message, took] = await sending(1)
    expect(message).toBe('the table could not be changed in time')
    expect(took).toBeLessThan(100)
  })

  it('every attempt is asked until the deadline and not after', async () => {
    const times: number[] = []
    const conflict = async () => {
      times.push(lab.world.now())
      return { kind: 'conflict', reason: 'always' } as const
    }
    const sending = sendIn(lab.writer({ catalog: { commit: conflict } }))
    const [message, took] = await sending(1, { patienceMs: 5_000 })
    expect(message).toMatch(/could not be changed in time$/)
    expect(took).toBeLessThan(5_100)
    expect(times.length).toBeGreaterThan(3)
  })

  it('once to load, in the middle, fails that request and no other', async () => {
    const [one, two] = [sendIn(), sendIn()]
    await one(1)
    await two(2)
    lab.interfere.before = (call) => {
      if (call === 'load') throw new IngestError('unavailable', 'cannot load a table: refused')
    }
    expect((await one(3))[0]).toBe('cannot load a table: refused')
    lab.interfere.before = () => {}
    expect((await one(3))[0]).toBe('committed')
    expect((await one(4))[0]).toBe('committed')
    expect((await files()).length).toBe(4)
  })

  it('for a reason that nobody foresaw has the sender keep its data', async () => {
    const writer = lab.writer({
      catalog: {
        commit: async () => {
          throw new TypeError('cannot read properties of undefined')
        },
      },
    })
    const stored = async () => writer.append(await writer.open(), [fileOf(1)], lab.world.now() + 1)
    const sent = lab.timed(stored)
    await expect(sent).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
  })
})

describe('a table that is not what it was', () => {
  it('is not made again after somebody took it away', async () => {
    const sending = sendIn()
    await sending(1)
    lab.tables.delete(tableKey)
    expect((await sending(2))[0]).toMatch(/^table logs is gone/)
    expect((await sending(2))[0]).toMatch(/^table logs is gone/)
    expect(lab.tables.size).toBe(0)
  })

  it('gets no file that was encoded for the one before', async () => {
    const writer = lab.writer()
    await sendIn(writer)(1)
    const [before] = await lab.timed(() => writer.open())
    lab.tables.delete(tableKey)
    await lab.timed(() => lab.writer().open())
    const stored = () => writer.append(before, [fileOf(2)], lab.world.now() + 8_000)
    await expect(lab.timed(stored)).rejects.toThrow('table logs was made anew, try again')
    // The writer knows the new one now.
    await expect(lab.timed(stored)).rejects.toThrow('table logs was made anew, try again')
    expect(await files()).toEqual([])
    expect((await sendIn(writer)(2))[0]).toBe('committed')
  })

  it('gets no file of a partition spec that is gone, but the others', async () => {
    const writer = lab.writer()
    const [before] = await lab.timed(() => writer.open())
    const gone = { ...fileOf(1), specId: 7 }
    const results = () =>
      Promise.allSettled(
        [gone, fileOf(2)].map((file) => writer.append(before, [file], lab.world.now() + 8_000)),
      )
    const [[one, two]] = await lab.timed(results)
    expect(one).toMatchObject({ reason: { kind: 'unavailable', message: /partitioned/ } })
    expect(two).toMatchObject({ status: 'fulfilled', value: ['committed'] })
  })

  it('is loaded anew before its metadata is too old to build on', async () => {
    const loads = () => lab.calls.filter((call) => call === 'load').length
    const sending = sendIn(lab.writer({ catalog: { maxMetadataAgeMs: 60_000 } }))
    await sending(1)
    expect(loads()).toBe(1)
    await lab.timed(() => lab.world.sleep(31_000))
    await sending(2)
    expect(loads()).toBe(2)
  })

  it('whose history was forgotten may get rows twice: that is counted and said', async () => {
    const counted: string[] = []
    const said: string[] = []
    await sendIn()(1)
    for (let i = 0; i < 3; i++) await appendForeign(others(), `f${i}`)
    const { snapshots: all } = metadata()
    const current = currentSnapshot(metadata())
    lab.tables.set(tableKey, { ...metadata(), snapshots: all.filter((one) => one === current) })
    await lab.storage.put(keyOf(2), fileOf(2).bytes)
    const writer = lab.writer({
      metrics: {
        count: (name) => void counted.push(name),
        observe() {},
        gauge() {},
      },
      log: (level, message) => void said.push(`${level}: ${message}`),
    })
    expect((await sendIn(writer)(1))[0]).toBe('duplicate')
    expect(counted).toEqual([])
    expect((await sendIn(writer)(2))[0]).toBe('committed')
    expect(counted).toEqual(['possible_duplicates', 'commits'])
    expect(said).toEqual([
      'warn: rows may be in a table twice: it does not remember whether they were there',
    ])
    // Though nobody ever learns here what became of the commit.
    await lab.storage.put(keyOf(3), fileOf(3).bytes)
    lab.interfere.after = () => new Promise(() => {})
    await sendIn(writer)(3)
    expect(snapshots()).toBe(3)
    expect(counted.filter((name) => name === 'possible_duplicates').length).toBe(2)
  })
})

it("lets go of a file's bytes when they stand, not when they are committed", async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const writer = lab.writer()
  const [table] = await lab.timed(() => writer.open())
  const held = (): WeakRef<Uint8Array>[] => {
    const encoded = [fileOf(1), fileOf(2)]
    void writer.append(table, encoded, lab.world.now() + 8_000)
    return encoded.map(({ bytes }) => new WeakRef(bytes))
  }
  lab.interfere.before = (call) => (call === 'commit' ? lab.world.sleep(3_000) : undefined)
  const refs = held()
  await lab.world.run(lab.world.now() + 1_000)
  await new Promise((resolve) => setTimeout(resolve))
  gc()
  expect(snapshots()).toBe(0)
  expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined])
  await lab.world.run(Number.POSITIVE_INFINITY)
  expect(snapshots()).toBe(1)
})
