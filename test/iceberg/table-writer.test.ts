// Protects how a process commits: in two calls when it knows the table, many requests in one, nobody held up by another's
// trouble, no object referenced that another attempt wrote.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { entryStatus } from '../../src/iceberg/manifest.ts'
import { identifier } from '../faults/model/lake.ts'
import { compact } from '../faults/model/others.ts'
import { manifestsOf } from '../faults/model/rows.ts'
import { requestBy } from '../tools/append-request.ts'
import { createLab, fileOf, keyOf, type Lab, send, tableKey } from './table-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

let lab: Lab
beforeEach(() => {
  lab = createLab()
})

describe('calls that a request waits for, one after another', () => {
  it('are three for a new process: the table; data file, manifest and list; the commit', async () => {
    await lab.timed(() => lab.writer().open())
    const sending = lab.sendIn()
    expect(await sending(1)).toEqual(['committed', 3])
  })

  it('are two for one that knows the table', async () => {
    const sending = lab.sendIn()
    await sending(1)
    expect(await sending(2)).toEqual(['committed', 2])
    lab.calls.length = 0
    expect(await sending(3)).toEqual(['committed', 2])
    const named = lab.calls.map((call) =>
      call.replace(/^put .*\/(data\/|snap-|.*-m0).*$/, 'put $1'),
    )
    expect(named.map((call) => call.replace(/ .*-m0/, ' m0'))).toEqual([
      'put data/',
      'put m0',
      'put snap-',
      'commit',
    ])
  })

  it('are the list of the current snapshot besides, where another process made it', async () => {
    await lab.sendIn()(1)
    expect(await lab.sendIn()(2)).toEqual(['committed', 4])
  })

  it('are those for a look and another try, after another process was faster', async () => {
    const one = lab.sendIn()
    await one(1)
    await lab.sendIn()(2)
    // Commit; table, list, the other's manifest, list, commit, and up to 25 ms between.
    const [outcome, took] = await one(3)
    expect(outcome).toBe('committed')
    expect(took).toBeLessThan(2 + 5 + 26)
  })

  it('are two for a request that was stored before: the object, the table; what was added to it is known', async () => {
    const sending = lab.sendIn()
    await sending(1)
    expect(await sending(1)).toEqual(['duplicate', 2])
  })
})

describe('requests at once', () => {
  it('go together into few snapshots', async () => {
    const { one } = lab.sendIn()
    const all = Array.from({ length: 50 }, (_, n) => n)
    const [outcomes] = await lab.timed(() => Promise.all(all.map((n) => one(n))))
    expect(new Set(outcomes)).toEqual(new Set(['committed']))
    expect(lab.snapshots()).toBeLessThan(4)
    expect((await lab.files()).length).toBe(50)
  })

  it('that come while a commit is tried again are taken in', async () => {
    const sending = lab.sendIn()
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
    expect(lab.snapshots()).toBe(2)
    expect((await lab.files()).length).toBe(3)
  })

  it('do not wait for one whose object takes long', async () => {
    const { one } = lab.sendIn()
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
    const earlier = lab.sendIn()
    await earlier(1)
    await compact(lab.others())
    await earlier(2)
    lab.interfere.object = (operation, key) => {
      if (operation === 'get' && key.endsWith('-m0.avro')) throw new Error('not now')
    }
    const { one } = lab.sendIn()
    const [outcomes] = await lab.timed(() => Promise.all([one(1), one(3), one(4)]))
    expect(outcomes).toEqual(['the table could not be changed', 'committed', 'committed'])
    lab.interfere.object = () => {}
    expect((await lab.sendIn()(1))[0]).toBe('duplicate')
  })

  it('do not fail with one whose object cannot be put', async () => {
    const { one } = lab.sendIn()
    lab.interfere.object = (_, key) => {
      if (key === keyOf(1)) throw new IngestError('unavailable', 'the disk is full')
    }
    const [outcomes] = await lab.timed(() => Promise.all([one(1), one(2)]))
    expect(outcomes).toEqual(['the disk is full', 'committed'])
  })

  it('of one body are stored once, by one process or by two', async () => {
    const [one, two] = [lab.sendIn(), lab.sendIn()]
    for (const n of [1, 2, 3, 4]) {
      const both = [one.one(n, { by: 'a' }), one.one(n, { by: 'b' }), two.one(n, { by: 'cc' })]
      const [outcomes] = await lab.timed(() => Promise.all(both))
      expect(outcomes.sort()).toEqual(['committed', 'duplicate', 'duplicate'])
    }
    expect((await lab.files()).length).toBe(4)
  })
})

describe('an object that stands already', () => {
  const stands = (n: number, by: string) => lab.storage.put(keyOf(n), fileOf(n, by).bytes)

  it('is committed where its bytes are our own', async () => {
    await stands(1, '')
    expect((await lab.sendIn()(1))[0]).toBe('committed')
    expect(await lab.files()).toEqual([keyOf(1)])
  })

  it('is left as it is where they are not: ours go beside it', async () => {
    await stands(1, 'another attempt')
    expect((await lab.sendIn()(1))[0]).toBe('committed')
    const [path = ''] = await lab.files()
    expect(path).toMatch(/^otel\/logs\/data\/5-[0-9a-f-]{36}-[0-9a-f]{8}\.parquet$/)
    expect(await lab.storage.get(keyOf(1))).toEqual(fileOf(1, 'another attempt').bytes)
    expect(await lab.storage.get(path)).toEqual(fileOf(1).bytes)
  })

  it('is known to be in the table after a compaction took it out', async () => {
    await lab.sendIn()(1)
    await compact(lab.others())
    expect((await lab.sendIn()(1))[0]).toBe('duplicate')
    expect(lab.snapshots()).toBe(2)
  })

  it('is known to be, after a merge of ours dropped what the compaction said of it', async () => {
    await lab.sendIn()(1)
    const properties = { 'commit.manifest-merge.min-count-to-merge': '2' }
    lab.tables.set(tableKey, { ...lab.metadata(), properties })
    await compact(lab.others())
    const statuses = async () => {
      const table = await lab.catalog.load(identifier)
      const manifests = table === null ? [] : await manifestsOf(table)
      return manifests.flatMap(({ entries }) => entries.map(({ status }) => status))
    }
    expect(await statuses()).toContain(entryStatus.deleted)
    const sending = lab.sendIn()
    for (const n of [2, 3, 4, 5]) await sending(n)
    expect(await statuses()).not.toContain(entryStatus.deleted)
    expect((await lab.sendIn()(1))[0]).toBe('duplicate')
    expect(lab.snapshots()).toBe(6)
  })
})

it("lets go of a file's bytes when they stand, not when they are committed", async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const writer = lab.writer()
  const [table] = await lab.timed(() => writer.open())
  const held = (): WeakRef<Uint8Array>[] => {
    const encoded = [fileOf(1), fileOf(2)]
    void writer.append(table, encoded, requestBy(lab.world.now() + 8_000))
    return encoded.map(({ bytes }) => new WeakRef(bytes))
  }
  lab.interfere.before = (call) => (call === 'commit' ? lab.world.sleep(3_000) : undefined)
  const refs = held()
  await lab.world.run(lab.world.now() + 1_000)
  await new Promise((resolve) => setTimeout(resolve))
  gc()
  expect(lab.snapshots()).toBe(0)
  expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined])
  await lab.world.run(Number.POSITIVE_INFINITY)
  expect(lab.snapshots()).toBe(1)
})

it('a table whose metadata went back to an older state is known as it is after a look: not each request needs one', async () => {
  const sending = lab.sendIn()
  await sending(1)
  const backup = lab.metadata()
  for (const n of [2, 3, 4]) await sending(n)
  lab.tables.set(tableKey, backup)
  await lab.timed(() => lab.world.sleep(300_000))
  expect((await sending(5))[0]).toBe('committed')
  lab.calls.length = 0
  expect((await sending(6))[0]).toBe('committed')
  expect(lab.calls).not.toContain('load')
  expect(await lab.files()).toEqual([1, 5, 6].map(keyOf))
})
