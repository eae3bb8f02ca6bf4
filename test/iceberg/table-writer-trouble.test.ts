// Protects whoever sends while a catalog, a storage or a table is in trouble: every trouble has an answer in time that has
// the sender try again, and no row is lost or doubled by it.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { currentSnapshot } from '../../src/iceberg/table-metadata.ts'
import { appendForeign, mergeManifests } from '../faults/model/others.ts'
import { requestBy } from '../tools/append-request.ts'
import { createLab, fileOf, keyOf, type Lab, tableKey } from './table-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

let lab: Lab
beforeEach(() => {
  lab = createLab()
})

describe('an answer that does not come', () => {
  const never = () => new Promise<void>(() => {})

  it('to a commit that landed is looked for', async () => {
    const sending = lab.sendIn()
    await sending(1)
    lab.interfere.after = (call) => {
      if (call === 'commit') return never()
    }
    const [outcome, took] = await sending(2)
    expect(outcome).toBe('committed')
    expect(took).toBeLessThan(4_100)
    expect(lab.snapshots()).toBe(2)
  })

  it('to a commit that did not land has it tried again', async () => {
    const sending = lab.sendIn()
    await sending(1)
    let lost = 1
    lab.interfere.before = (call) => {
      if (call === 'commit' && lost-- > 0) return never()
    }
    expect((await sending(2))[0]).toBe('committed')
    expect(lab.snapshots()).toBe(2)
  })

  it('to any call has the sender try again, before it gives up', async () => {
    for (const call of ['load', 'commit'] as const) {
      lab = createLab()
      const sending = lab.sendIn()
      if (call === 'commit') await sending(1)
      lab.interfere.before = (name) => (name === call ? never() : undefined)
      const [outcome, took] = await sending(2)
      expect(outcome, call).toMatch(/in time|too long/)
      expect(took, call).toBeLessThan(8_100)
    }
  })

  it('by the storage too', async () => {
    const sending = lab.sendIn()
    await sending(1)
    lab.interfere.object = (_, key) => (key.includes('/metadata/') ? never() : undefined)
    const [outcome, took] = await sending(2)
    expect(outcome).toBe('the storage takes too long')
    expect(took).toBeLessThan(8_100)
    lab.interfere.object = () => {}
    expect((await sending(2))[0]).toBe('committed')
  })
})

describe('nobody is held beyond his own time', () => {
  const never = () => new Promise<void>(() => {})

  it('by others for whom the table is loaded anew', async () => {
    const sending = lab.sendIn()
    await sending(1)
    lab.interfere.before = (call) => (call === 'load' ? never() : undefined)
    lab.interfere.after = (call) => (call === 'commit' ? never() : undefined)
    const [took] = await lab.timed(async () => {
      void sending.one(2)
      await lab.world.sleep(4_500)
      const began = lab.world.now()
      expect(await sending.one(3, { patienceMs: 2_000 })).toMatch(/could not be changed in time$/)
      return lab.world.now() - began
    })
    // The others have four seconds for their commit, and four for their look at what became of it.
    expect(took).toBeLessThan(3_600)
  })

  it('by a look at the table that has to tell whether its file is in it', async () => {
    const sending = lab.sendIn()
    await sending(1)
    await lab.storage.put(keyOf(2), fileOf(2).bytes)
    lab.interfere.before = (call) => (call === 'load' ? never() : undefined)
    const [outcome, took] = await sending(2, { patienceMs: 1_000 })
    expect(outcome).toBe('the storage takes too long')
    expect(took).toBeLessThan(1_100)
  })
})

describe('a catalog that refuses', () => {
  it('for longer than there is time has the sender told at once', async () => {
    const outcome = { kind: 'throttled', retryAfterMs: 60_000, reason: 'slow down' } as const
    const sending = lab.sendIn(lab.writer({ catalog: { commit: async () => outcome } }))
    const [message, took] = await sending(1)
    expect(message).toBe('the catalog is asked too often: table logs could not be changed in time')
    expect(took).toBeLessThan(100)
  })

  it('every attempt is asked until the deadline and not after', async () => {
    const times: number[] = []
    const conflict = async () => {
      times.push(lab.world.now())
      return { kind: 'conflict', reason: 'always' } as const
    }
    const sending = lab.sendIn(lab.writer({ catalog: { commit: conflict } }))
    const [message, took] = await sending(1, { patienceMs: 5_000 })
    expect(message).toBe('table logs could not be changed in time')
    expect(took).toBeLessThan(5_100)
    expect(times.length).toBeGreaterThan(3)
  })

  it('once to load, in the middle, fails that request and no other', async () => {
    const [one, two] = [lab.sendIn(), lab.sendIn()]
    await one(1)
    await two(2)
    lab.interfere.before = (call) => {
      if (call === 'load') throw new IngestError('unavailable', 'cannot load a table: refused')
    }
    expect((await one(3))[0]).toBe('cannot load a table: refused')
    lab.interfere.before = () => {}
    expect((await one(3))[0]).toBe('committed')
    expect((await one(4))[0]).toBe('committed')
    expect((await lab.files()).length).toBe(4)
  })

  it('for a reason that nobody foresaw has the sender keep its data', async () => {
    const writer = lab.writer({
      catalog: {
        commit: async () => {
          throw new TypeError('cannot read properties of undefined')
        },
      },
    })
    const stored = async () =>
      writer.append(await writer.open(), [fileOf(1)], requestBy(lab.world.now() + 1))
    const sent = lab.timed(stored)
    await expect(sent).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
  })
})

describe('a table that is not what it was', () => {
  it('is not made again after somebody took it away', async () => {
    const sending = lab.sendIn()
    await sending(1)
    lab.tables.delete(tableKey)
    expect((await sending(2))[0]).toMatch(/^table logs is gone/)
    expect((await sending(2))[0]).toMatch(/^table logs is gone/)
    expect(lab.tables.size).toBe(0)
  })

  it('gets no file that was encoded for the one before', async () => {
    const writer = lab.writer()
    await lab.sendIn(writer)(1)
    const [before] = await lab.timed(() => writer.open())
    lab.tables.delete(tableKey)
    await lab.timed(() => lab.writer().open())
    const stored = () => writer.append(before, [fileOf(2)], requestBy(lab.world.now() + 8_000))
    await expect(lab.timed(stored)).rejects.toThrow('table logs was made anew, try again')
    // The writer knows the new one now.
    await expect(lab.timed(stored)).rejects.toThrow('table logs was made anew, try again')
    expect(await lab.files()).toEqual([])
    expect((await lab.sendIn(writer)(2))[0]).toBe('committed')
  })

  it('gets no file of a partition spec that is gone, but the others', async () => {
    const writer = lab.writer()
    const [before] = await lab.timed(() => writer.open())
    const gone = { ...fileOf(1), specId: 7 }
    const results = () =>
      Promise.allSettled(
        [gone, fileOf(2)].map((file) =>
          writer.append(before, [file], requestBy(lab.world.now() + 8_000)),
        ),
      )
    const [[one, two]] = await lab.timed(results)
    expect(one).toMatchObject({ reason: { kind: 'unavailable', message: /partitioned/ } })
    expect(two).toMatchObject({ status: 'fulfilled', value: ['committed'] })
  })

  it('gets what was written under a schema that somebody changed meanwhile, under the new one', async () => {
    const sending = lab.sendIn()
    await sending(1)
    const { schemas, ...metadata } = lab.metadata()
    const [schema] = schemas
    if (schema === undefined) throw new Error('a schema was meant')
    const dropped = { ...schema, 'schema-id': 7, fields: schema.fields.slice(0, -1) }
    const changed = { ...metadata, schemas: [schema, dropped], 'current-schema-id': 7 }
    lab.tables.set(tableKey, changed)
    expect((await sending(2))[0]).toBe('committed')
    const after = lab.metadata()
    expect(after['current-schema-id']).toBe(7)
    expect(after.snapshots?.map((snapshot) => snapshot['schema-id'])).toEqual([0, 7])
    expect((await lab.files()).length).toBe(2)
  })

  it('is loaded anew before its metadata is too old to build on', async () => {
    const loads = () => lab.calls.filter((call) => call === 'load').length
    const sending = lab.sendIn(lab.writer({ catalog: { maxMetadataAgeMs: 60_000 } }))
    await sending(1)
    expect(loads()).toBe(1)
    await lab.timed(() => lab.world.sleep(31_000))
    await sending(2)
    expect(loads()).toBe(2)
  })

  it('whose history was forgotten may get rows twice: that is counted and said', async () => {
    const counted: string[] = []
    const said: string[] = []
    await lab.sendIn()(1)
    for (let i = 0; i < 3; i++) await appendForeign(lab.others(), `f${i}`)
    // With a manifest of each snapshot it would still know.
    while (!(await mergeManifests(lab.others()))) {}
    const { snapshots: all } = lab.metadata()
    const current = currentSnapshot(lab.metadata())
    lab.tables.set(tableKey, { ...lab.metadata(), snapshots: all.filter((one) => one === current) })
    await lab.storage.put(keyOf(2), fileOf(2).bytes)
    const writer = lab.writer({
      metrics: {
        count: (name) => void counted.push(name),
        observe() {},
        gauge() {},
      },
      log: (level, message) => void said.push(`${level}: ${message}`),
    })
    expect((await lab.sendIn(writer)(1))[0]).toBe('duplicate')
    expect(counted).toEqual([])
    expect((await lab.sendIn(writer)(2))[0]).toBe('committed')
    expect(counted).toEqual(['possible_duplicates', 'commits'])
    expect(said).toEqual([
      'warn: rows may be in a table twice: it does not remember whether they were there',
    ])
    // Though nobody ever learns here what became of the commit.
    await lab.storage.put(keyOf(3), fileOf(3).bytes)
    lab.interfere.after = (call) => (call === 'commit' ? new Promise(() => {}) : undefined)
    await lab.sendIn(writer)(3)
    expect(lab.snapshots()).toBe(3)
    expect(counted.filter((name) => name === 'possible_duplicates').length).toBe(2)
  })
})
