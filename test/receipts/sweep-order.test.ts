// Protects the oldest rows from younger ones: whatever is owed is paid in the order in which it came, as far as there is time and
// the platform allows calls, however long the list of it is; and no table has to wait for all that another owes.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import { oldestFirst } from '../../src/receipts/pages.ts'
import { createReceiptStore, type ListedReceipt } from '../../src/receipts/receipt-store.ts'
import { creation } from '../contracts/commits.ts'
import { fileOf, keyOf } from '../iceberg/table-lab.ts'
import { type Around, createReceiptLab, owedFile, type ReceiptLab } from './receipt-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

const minute = 60_000

let lab: ReceiptLab
beforeEach(async () => {
  lab = await createReceiptLab()
})

/** Leaves receipts of these requests, one a second. */
const oweInTurn = async (requests: readonly number[]): Promise<void> => {
  for (const n of requests) {
    await lab.owe(n)
    lab.world.at(lab.world.now() + 1_000, () => {})
    await lab.world.run(Number.POSITIVE_INFINITY)
  }
}

const sweepFor = async (sweep: ReturnType<ReceiptLab['sweep']>) =>
  (await lab.timed(() => sweep(lab.world.now() + minute)))[0]

/** Tells the files of the table after each commit. */
const commitsInto = (commits: string[][]): Around => ({
  async after(call) {
    if (call === 'commit') commits.push(await lab.files())
  },
})

const ascending = Array.from({ length: 30 }, (_, n) => n)

describe('what is owed is paid oldest first', () => {
  it.each([
    ['in the order of their keys', ascending],
    ['against it', ascending.toReversed()],
    ['anyhow', ascending.toSorted((a, b) => ((a * 7) % 31) - ((b * 7) % 31))],
  ])('of receipts that came %s', async (_, requests) => {
    await oweInTurn(requests)
    const commits: string[][] = []
    const sweep = lab.sweep(commitsInto(commits), { maxReceipts: 10 })
    expect(await sweepFor(sweep)).toMatchObject({ paid: 30, complete: true })
    const firsts = [10, 20, 30].map((count) => requests.slice(0, count).map(keyOf).sort())
    expect(commits).toEqual(firsts)
  })

  it('where there is time for a part of it', async () => {
    const requests = ascending.toReversed()
    await oweInTurn(requests)
    const slow: Around = {
      before: (call) => (call === 'load' ? lab.world.sleep(2_500) : undefined),
    }
    const sweep = lab.sweep(slow, { maxReceipts: 4 })
    const [cut] = await lab.timed(() => sweep(lab.world.now() + 12_000))
    expect(cut.complete).toBe(false)
    expect(cut.paid).toBeGreaterThan(0)
    expect(await lab.files()).toEqual(requests.slice(0, cut.paid).map(keyOf).sort())
  })

  it('of a table, a page before the next of another', async () => {
    const traces = { namespace: ['otel'], name: 'traces' }
    const made = await lab.catalog.create(traces, creation())
    const tableUuid = made.metadata['table-uuid']
    await oweInTurn(ascending)
    await lab.owe(100, { receipt: { identifier: traces, tableUuid } })
    const order: string[] = []
    const set = lab.tables.set.bind(lab.tables)
    lab.tables.set = (name, metadata) => {
      order.push(name)
      return set(name, metadata)
    }
    await sweepFor(lab.sweep({}, { maxReceipts: 10 }))
    expect(order).toEqual(['otel/logs', 'otel/traces', 'otel/logs', 'otel/logs'])
  })

  it('also of more than are held at once, which are listed again', async () => {
    const requests = ascending.toReversed()
    await oweInTurn(requests)
    const commits: string[][] = []
    let lists = 0
    const { after } = commitsInto(commits)
    const before = (call: string) => {
      if (call === 'list') lists++
    }
    const sweep = lab.sweep({ before, ...(after && { after }) }, { maxReceipts: 2 })
    expect(await sweepFor(sweep)).toMatchObject({ paid: 30, owed: 0, complete: true })
    expect(lists).toBe(3)
    expect(commits.map((files) => files.length)).toEqual(ascending.slice(1, 16).map((n) => 2 * n))
    commits.forEach((files, i) => {
      expect(files).toEqual(
        requests
          .slice(0, 2 * (i + 1))
          .map(keyOf)
          .sort(),
      )
    })
  })
})

it('what cannot be paid does not keep what came after it from being met', async () => {
  // Nobody can tell of a later version's receipts what they owe: more of them than are held at once.
  await oweInTurn(ascending.slice(0, 12))
  for (const key of await lab.owed()) {
    const bytes = await lab.storage.get(key)
    const text = new TextDecoder()
      .decode(bytes ?? undefined)
      .replace(/"format-version":\s*\d+/, '"format-version":99')
    await lab.storage.put(key, new TextEncoder().encode(text))
  }
  await oweInTurn(ascending.slice(12, 17))
  const result = await sweepFor(lab.sweep({}, { maxReceipts: 2 }))
  expect(result).toMatchObject({ paid: 5, owed: 12, quarantined: 0, complete: true })
  expect(await lab.files()).toEqual(ascending.slice(12, 17).map(keyOf))
})

describe('a list that is long', () => {
  const listed = (table: string, i: number): ListedReceipt => ({
    ...{ key: `_receipts/owed/${table}/${i}`, table, tableUuid: 'u', requestId: `${i}` },
    ...{ baseSequence: 0, digest: '', size: 500, modifiedAt: (i * 7919) % 100_003 },
  })
  async function* list() {
    for (let i = 0; i < 100_000; i++) yield listed('logs', i)
    for (let i = 0; i < 10; i++) yield listed('traces', 200_000 + i)
  }

  it('leaves out the youngest of its table alone', async () => {
    const { tables, whole, more } = await oldestFirst(list(), 1_000, async () => true)
    expect([whole, more]).toEqual([true, true])
    const [logs, traces] = tables
    expect(logs?.map(({ modifiedAt }) => modifiedAt)).toEqual(
      Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003)
        .sort((a, b) => a - b)
        .slice(0, 1_000),
    )
    expect(traces?.length).toBe(10)
  })

  it('is not read where another sweeps', async () => {
    let items = 0
    async function* counted() {
      for await (const one of list()) {
        items++
        yield one
      }
    }
    const none = await oldestFirst(counted(), 1_000, async () => false)
    expect([none, items]).toEqual([{ tables: [], whole: false, more: false }, 1])
  })

  /** Ends with an error after so many. */
  const broken = (after: number) =>
    createReceiptStore({
      ...lab.storage,
      async *list(prefix: string) {
        let left = after
        for await (const object of lab.storage.list(prefix)) {
          if (left-- === 0) throw new IngestError('unavailable', 'storage is unavailable')
          yield object
        }
      },
    })

  /** Hangs after so many. */
  async function* hanging(after: number) {
    let left = after
    for await (const receipt of lab.store.owed()) {
      if (left-- === 0) await new Promise(() => {})
      yield receipt
    }
  }
  const brokenOff =
    'receipts could not be listed to the end: the next sweep may meet what this one did not'
  const tooLong = new IngestError(
    'unavailable',
    'receipts cannot be listed: the storage takes too long',
  )

  it('and breaks off is paid as far as it came', async () => {
    await oweInTurn([1, 2, 3, 4])
    const lines: unknown[] = []
    const log: Log = (level, message, facts) => void lines.push([level, message, facts?.error])
    const sweep = lab.sweep({}, { log, store: { ...lab.store, owed: () => broken(2).owed() } })
    expect(await sweepFor(sweep)).toMatchObject({ paid: 2, complete: false })
    const error = new IngestError('unavailable', 'storage is unavailable')
    expect(lines).toEqual([['warn', brokenOff, error]])
    // What was paid is not in the next list.
    expect(await sweepFor(sweep)).toMatchObject({ paid: 2, complete: true })
    expect(lines.length).toBe(1)
  })

  it('and breaks off when others of it were paid is no error', async () => {
    await oweInTurn([1, 2, 3, 4, 5, 6, 7])
    let lists = 0
    const owed = () => (lists++ === 0 ? lab.store.owed() : broken(0).owed())
    const sweep = lab.sweep({}, { maxReceipts: 1, store: { ...lab.store, owed } })
    expect(await sweepFor(sweep)).toMatchObject({ paid: 5, complete: false })
  })

  it('and takes too long is paid as far as it came', async () => {
    await oweInTurn([1, 2, 3])
    const lines: unknown[] = []
    const log: Log = (level, message, facts) => void lines.push([level, message, facts?.error])
    const sweep = lab.sweep({}, { log, store: { ...lab.store, owed: () => hanging(2) } })
    expect(await sweepFor(sweep)).toMatchObject({ paid: 2, complete: false })
    expect(lines).toEqual([['warn', brokenOff, tooLong]])
  })

  it('and gives nothing in the time that it has is an error', async () => {
    await oweInTurn([1])
    const sweep = lab.sweep({}, { store: { ...lab.store, owed: () => hanging(0) } })
    await expect(sweepFor(sweep)).rejects.toThrow(tooLong)
  })

  it('and does not even begin is an error', async () => {
    await oweInTurn([1])
    const sweep = lab.sweep({}, { store: { ...lab.store, owed: () => broken(0).owed() } })
    await expect(sweepFor(sweep)).rejects.toThrow('storage is unavailable')
  })
})

describe('a platform that limits calls', () => {
  const mostCalls = 2_000

  /** A sweep that may make so many calls, how many it made, and its lines. */
  const limited = () => {
    let calls = 0
    const lines: unknown[] = []
    const log: Log = (level, message, facts) => void lines.push([level, message, facts])
    const sweep = lab.sweep(
      { before: () => void calls++ },
      { log, callsLeft: () => mostCalls - calls },
    )
    return { sweep, lines, calls: () => calls }
  }

  it.each([
    ['of now', 0],
    ['of yesterday', 24 * 60 * minute],
  ])(
    'has receipts %s paid as far as these go, and the others by the next turn',
    async (_, ageMs) => {
      for (let n = 0; n < 600; n++) await lab.owe(n, { ageMs })
      const turn = limited()
      const first = await sweepFor(turn.sweep)
      expect(turn.calls()).toBeLessThan(mostCalls)
      expect(first.complete).toBe(false)
      expect(first.paid).toBeGreaterThan(150)
      expect((await lab.owed()).length).toBe(600 - first.paid)
      const told = 'a sweep ends before its platform allows it no more calls: the next one goes on'
      expect(turn.lines).toEqual([['info', told, { paid: first.paid }]])
      for (let i = 0; i < 3; i++) await sweepFor(limited().sweep)
      expect([await lab.owed(), (await lab.files()).length]).toEqual([[], 600])
    },
  )

  it('has receipts paid as far as their files go, once these have to be copied', async () => {
    for (let n = 0; n < 600; n += 20) {
      const numbers = Array.from({ length: 20 }, (_, i) => n + i)
      for (const i of numbers) await lab.storage.put(keyOf(i), fileOf(i).bytes, {})
      const files = numbers.map((i) => owedFile(i))
      await lab.owe(n, { ageMs: 24 * 60 * minute, receipt: { files } })
    }
    const sums: number[] = []
    for (let i = 0; i < 3; i++) {
      const turn = limited()
      const { paid } = await sweepFor(turn.sweep)
      expect(turn.calls()).toBeLessThan(mostCalls)
      sums.push(paid)
    }
    // Of 2,000 calls a thousand are for what is around: there is room for 15 times 61, and for what was read.
    expect(sums).toEqual([15, 15, 0])
    expect([await lab.owed(), (await lab.files()).length]).toEqual([[], 600])
  })

  it('has one receipt paid however many files it has', async () => {
    const files = Array.from({ length: 400 }, (_, n) => owedFile(n))
    for (let n = 0; n < 400; n++) await lab.storage.put(keyOf(n), fileOf(n).bytes, {})
    await lab.owe(0, { ageMs: 24 * 60 * minute, receipt: { files } })
    expect(await sweepFor(limited().sweep)).toMatchObject({ paid: 1, complete: true })
    expect((await lab.files()).length).toBe(400)
  })
})
