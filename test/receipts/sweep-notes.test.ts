// Protects what is owed from sweeps that end without a word, as one does that has no memory or CPU time left: the next one learns
// from it. And from the notes by which it does: whatever is wrong with them, everything is paid.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { HeldLease } from '../../src/receipts/lease.ts'
import type { Page } from '../../src/receipts/pages.ts'
import { createSweepMemories } from '../../src/receipts/sweep-memory.ts'
import type { Notes, SweepNotes } from '../../src/receipts/sweep-notes.ts'
import { creation } from '../contracts/commits.ts'
import { type Around, createReceiptLab, type ReceiptLab } from './receipt-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

const minute = 60_000
const key = '_receipts/notes.json'
const traces = { namespace: ['otel'], name: 'traces' }

let lab: ReceiptLab
beforeEach(async () => {
  lab = await createReceiptLab()
})

/** The next minute, with a sweep that is new. */
const turn = async (around: Around = {}) => {
  const end = lab.world.now() + minute
  const [swept] = await lab.timed(() => lab.sweep(around)(end))
  lab.world.at(Math.max(end, lab.world.now()), () => {})
  await lab.world.run(Number.POSITIVE_INFINITY)
  return swept
}

const oweAll = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await lab.owe(n)
}

/** One receipt of a second table. */
const oweTraces = async (): Promise<void> => {
  const made = await lab.catalog.create(traces, creation())
  const tableUuid = made.metadata['table-uuid']
  await lab.owe(1000, { receipt: { identifier: traces, tableUuid } })
}

const stored = async (): Promise<string | null> => {
  const bytes = await lab.storage.get(key)
  return bytes === null ? null : new TextDecoder().decode(bytes)
}

/** Notes that all receipts for logs rest. */
const letRest = async (until: number, tried = {}): Promise<void> => {
  const keys = (await lab.owed()).filter((at) => at.includes('logs'))
  const resting = Object.fromEntries(keys.map((at) => [at, until]))
  await note(JSON.stringify({ firstTable: '', tables: {}, resting, ...tried }))
}

/** The pages are larger from sweep to sweep, and nothing is left to tell at last. */
const isForgotten = async (): Promise<void> => {
  for (let n = 100; n < 120; n++) {
    await lab.owe(n)
    await turn()
  }
  expect(await stored()).toBe(null)
}

const note = (text: string): Promise<unknown> =>
  lab.storage.put(key, new TextEncoder().encode(text))

describe('a sweep that ends amid a page', () => {
  const never = new Promise<never>(() => {})

  /** A sweep whose process ends when it has read more than so many receipts for a page. */
  const short = (most: number): Around => {
    let read = 0
    let isDead = false
    return {
      before(call, at = '') {
        if (call === 'put' && at === key) read = 0
        if (call === 'get' && at.startsWith('_receipts/owed/')) isDead ||= ++read > most
        return isDead ? never : undefined
      },
    }
  }

  it('is followed by smaller pages, until they end well', async () => {
    await oweAll(100)
    for (let i = 0; i < 3; i++) await turn(short(20))
    expect((await lab.files()).length).toBe(0)
    for (let i = 0; i < 20; i++) await turn(short(20))
    expect((await lab.files()).length).toBe(100)
    expect(await lab.owed()).toEqual([])
    await isForgotten()
  })

  it('is followed by one that begins with the other tables', async () => {
    await oweAll(100)
    await oweTraces()
    await turn(short(20))
    expect(lab.tables.get('otel/traces')?.snapshots.length).toBe(0)
    await turn(short(20))
    expect(lab.tables.get('otel/traces')?.snapshots.length).toBe(1)
  })

  it('is followed by one that ends, however often that is: somebody tells what is owed', async () => {
    await oweAll(40)
    let ended = 0
    for (let i = 0; i < 30; i++) {
      let isDead = false
      const swept = await turn({
        before(_, at = '') {
          isDead ||= at.startsWith('_receipts/owed/') && !at.endsWith('/')
          return isDead ? never : undefined
        },
      })
      if (!isDead) ended++
      if (!isDead) expect(swept).toMatchObject({ paid: 0, owed: 40, complete: false })
    }
    expect(ended).toBeGreaterThan(10)
  })

  it('and a receipt at which each ends keeps no others out', async () => {
    await oweAll(40)
    const [bad = ''] = (await lab.owed()).slice(7)
    let isDead = false
    const around: Around = {
      before(_, at) {
        isDead ||= at === bad
        return isDead ? never : undefined
      },
    }
    for (let i = 0; i < 40; i++) {
      isDead = false
      await turn(around)
    }
    expect(await lab.owed()).toEqual([bad])
    expect((await lab.files()).length).toBe(39)
  })
})

describe('receipts that rest', () => {
  const within = () => lab.world.now() + 10 * minute

  it('are tried after the other tables, where nothing else is owed to theirs', async () => {
    await oweAll(2)
    await oweTraces()
    await letRest(within())
    const read: string[] = []
    const around: Around = {
      before: (call, at = '') => void (call === 'get' && read.push(at.split('/')[2] ?? '')),
    }
    expect(await turn(around)).toMatchObject({ paid: 3, owed: 0 })
    const names = read.filter((name) => name.startsWith('otel.'))
    expect(names).toEqual(['otel.traces', 'otel.logs', 'otel.logs'])
  })

  it('are not tried right after a sweep that ended amid a page, so that one ends and tells what is owed', async () => {
    await oweAll(2)
    await oweTraces()
    await letRest(within(), { tried: { table: 'another', receipts: 1, first: 'its key' } })
    expect(await turn()).toMatchObject({ paid: 1, owed: 2, complete: false })
    expect(await turn()).toMatchObject({ paid: 2, owed: 0, complete: true })
  })
})

describe('two sweeps of one process', () => {
  it('leave no note that one of them was killed, when both ended well', async () => {
    let left: Notes | null = null
    const notes: SweepNotes = {
      read: async () => null,
      async write(noted) {
        left = noted
      },
    }
    const memoryOf = createSweepMemories(notes, 10, lab.world.now)
    const [one, other] = [memoryOf(), memoryOf()]
    await lab.owe(1)
    const [page] = await Array.fromAsync(lab.store.owed(), (receipt): Page => [receipt])
    if (page === undefined) throw new Error('nothing is owed')
    for (const memory of [one, other]) await memory.recall(0)
    await one.leave(0)
    await other.trying(page, [page], 0)
    expect(left).toMatchObject({ tried: { receipts: 1 } })
    await other.leave(0)
    expect(left).toMatchObject({ tried: null })
  })
})

describe('notes', () => {
  it('stand while a page is tried, and not when a sweep ended well', async () => {
    await oweAll(3)
    const during: (string | null)[] = []
    await turn({
      async before(call) {
        if (call === 'commit') during.push(await stored())
      },
    })
    expect(during).toEqual([expect.stringMatching(/"tried":\{"table":"otel.logs .*"receipts":3,/)])
    expect(await stored()).toBe(null)
  })

  it('are what the sweep left last, however late the first were written', async () => {
    await oweAll(2)
    let puts = 0
    await turn({
      async before(call, at) {
        if (call === 'put' && at === key && puts++ === 0) await lab.world.sleep(10_000)
      },
    })
    expect(await lab.owed()).toEqual([])
    expect(puts).toBe(1)
    expect(await stored()).toBe(null)
  })

  it('are left alone by a sweep whose turn has become that of another', async () => {
    await oweAll(2)
    await oweTraces()
    const theirs = JSON.stringify({ firstTable: 'theirs', tables: {}, resting: {} })
    let asked = 0
    const held: HeldLease = {
      async renew() {
        // Before the second page.
        if (++asked < 2) return true
        await note(theirs)
        return false
      },
      async release() {},
    }
    const sweep = lab.sweep()
    const [swept] = await lab.timed(() =>
      sweep(lab.world.now() + minute, { take: async () => held }),
    )
    expect(swept).toMatchObject({ complete: false })
    expect(await stored()).toBe(theirs)
  })

  it('cost no call where nothing is owed', async () => {
    const calls: string[] = []
    await turn({
      before(call, at = '') {
        if (at === key) calls.push(call)
      },
    })
    expect(calls).toEqual([])
  })

  it.each([
    '',
    'null',
    '[]',
    '{"firstTable":7}',
    '{"firstTable":"","tables":{"otel.logs":{"first":"1","failed":false}},"resting":{}}',
    '{"firstTable":"","tables":{},"resting":{},"tried":{"table":"otel.logs"}}',
  ])('that cannot be read hold up nobody: %s', async (text) => {
    await oweAll(3)
    await note(text)
    expect(await turn()).toMatchObject({ paid: 3, owed: 0 })
    expect(await stored()).toBe(null)
  })

  it('of a clock that is wrong hold up nobody for longer than a receipt rests', async () => {
    await oweAll(2)
    await letRest(9e15)
    for (let n = 10; n < 20; n++) {
      await lab.owe(n)
      expect(await turn()).toMatchObject({ paid: 1, owed: 2 })
    }
    await lab.owe(20)
    expect(await turn()).toMatchObject({ paid: 3, owed: 0 })
  })

  it('that tell of no receipts at all in a page still let some be paid', async () => {
    await oweAll(2)
    const [name] = (await lab.owed()).map((at) => at.split('/').slice(2, 4).join(' '))
    const tables = { [name ?? '']: { first: -5, failed: true } }
    await note(JSON.stringify({ firstTable: 'gone', tables, resting: {} }))
    expect(await turn()).toMatchObject({ paid: 2, owed: 0 })
    await isForgotten()
  })

  describe.each(['get', 'put', 'delete'])('whose %s', (call) => {
    const notes = (what: () => Promise<never>): Around => ({
      before: (one, at) => (one === call && at === key ? what() : undefined),
    })

    it.each([
      ['fails', () => Promise.reject(new Error('refused'))],
      ['never ends', () => new Promise<never>(() => {})],
    ])('%s hold up nobody', async (_, what) => {
      await oweAll(2)
      await oweTraces()
      const [swept, took] = await lab.timed(() => lab.sweep(notes(what))(lab.world.now() + minute))
      expect(swept).toMatchObject({ paid: 3, owed: 0, complete: true })
      expect(took).toBeLessThan(10_000)
    })
  })
})
