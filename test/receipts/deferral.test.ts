// Protects that a request is answered with 200 only for files that are committed or that a receipt names, and that a receipt
// is left whenever files stand whose commit failed in time.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../runtimes/shared/sha256.ts'
import type { Deferral } from '../../src/iceberg/deferral.ts'
import type { TableWriter } from '../../src/iceberg/table-writer.ts'
import { noMetrics } from '../../src/metrics.ts'
import { type CommitMode, commitPolicy } from '../../src/receipts/commit-policy.ts'
import { createDeferral } from '../../src/receipts/deferral.ts'
import { createReceiptStore } from '../../src/receipts/receipt-store.ts'
import { identifier } from '../faults/model/lake.ts'
import { appendForeign } from '../faults/model/others.ts'
import { manifestsOf } from '../faults/model/rows.ts'
import { fileOf, keyOf, tableKey } from '../iceberg/table-lab.ts'
import { requestBy } from '../tools/append-request.ts'
import { createReceiptLab, type ReceiptLab, recreate } from './receipt-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

let lab: ReceiptLab
/** About files that wait. */
let said: string[]

beforeEach(async () => {
  lab = await createReceiptLab()
  said = []
})

const deferralOf = (mode: CommitMode, store = lab.store): Deferral =>
  createDeferral({
    store,
    policy: commitPolicy({ mode, intervalMs: 10_000, now: lab.world.now }),
    metrics: noMetrics,
  })

const writerBy = (mode: CommitMode, store = lab.store): TableWriter =>
  lab.writer({
    deferral: deferralOf(mode, store),
    log: (level, message) => void (message.includes('sweep') && said.push(`${level}: ${message}`)),
  })

/** What is left when all that a writer was asked for is done and swept, once each. */
const afterSweep = async (...numbers: number[]): Promise<void> => {
  await lab.swept()
  expect([await lab.owed(), await lab.quarantined()]).toEqual([[], []])
  expect((await lab.files()).sort()).toEqual(numbers.map(keyOf))
}

describe('as planned', () => {
  it('deferred: every request leaves a receipt, and nothing is said', async () => {
    const sending = lab.sendIn(writerBy('deferred'))
    expect([(await sending(1))[0], (await sending(2))[0]]).toEqual(['owed', 'owed'])
    expect([lab.snapshots(), (await lab.owed()).length, said]).toEqual([0, 2, []])
    await afterSweep(1, 2)
    expect(lab.snapshots()).toBe(1)
  })

  it('auto: the first commits, those beside it and soon after it leave receipts', async () => {
    const { one } = lab.sendIn(writerBy('auto'))
    const all = () => Promise.all([1, 2, 3].map((n) => one(n)))
    const [outcomes] = await lab.timed(all)
    expect(outcomes).toEqual(['committed', 'owed', 'owed'])
    const [after] = await lab.timed(() => one(4))
    expect([after, lab.snapshots()]).toEqual(['owed', 1])
    await afterSweep(1, 2, 3, 4)
  })

  it('auto: commits again when the interval is over', async () => {
    const sending = lab.sendIn(writerBy('auto'))
    await sending(1)
    await lab.timed(() => lab.world.sleep(10_000))
    expect((await sending(2))[0]).toBe('committed')
  })

  it('auto: whoever is overtaken by another process leaves a receipt', async () => {
    const [mine, others] = [lab.sendIn(writerBy('auto')), lab.sendIn()]
    await mine(1)
    await lab.timed(() => lab.world.sleep(10_000))
    await others(2)
    expect((await mine(3))[0]).toBe('owed')
    expect(said).toEqual([])
    await afterSweep(1, 2, 3)
  })

  it.each([
    [1, 59],
    [1, 3_600],
    [4, 3_600],
  ])(
    'auto: %i writers of a table whose last snapshot was made by a clock %i seconds ahead make one commit an interval',
    async (count, seconds) => {
      await lab.sendIn()(0)
      const at = lab.world.now() + seconds * 1_000
      const snapshots = lab.metadata().snapshots.map((one) => ({ ...one, 'timestamp-ms': at }))
      lab.tables.set(tableKey, { ...lab.metadata(), 'last-updated-ms': at, snapshots })
      const sends = Array.from({ length: count }, () => lab.sendIn(writerBy('auto')).one)
      const outcomes: string[] = []
      for (let n = 1; n <= 120; n++) {
        const send = sends[n % count]
        lab.world.at(lab.world.now() + n * 1_000, async () => {
          outcomes.push((await send?.(n)) ?? '')
        })
      }
      await lab.world.run(Number.POSITIVE_INFINITY)
      expect(outcomes.length).toBe(120)
      const commits = outcomes.filter((one) => one === 'committed').length
      expect(commits).toBeGreaterThan(7)
      // A first one of each process, and one in each ten seconds.
      expect(commits).toBeLessThanOrEqual(12 + count)
      expect(outcomes.filter((one) => one === 'owed').length).toBe(120 - commits)
      await afterSweep(...Array.from({ length: 121 }, (_, n) => n))
    },
  )

  it('a request of several files is one receipt, and one commit', async () => {
    for (const [mode, outcome] of [
      ['deferred', 'owed'],
      ['auto', 'committed'],
    ] as const) {
      const writer = writerBy(mode)
      const files = [1, 2, 3].map((n) => fileOf(mode === 'auto' ? n + 3 : n))
      const append = async () =>
        writer.append(await writer.open(), files, requestBy(lab.world.now() + 8_000))
      const [outcomes] = await lab.timed(append)
      expect(outcomes).toEqual([outcome, outcome, outcome])
      expect([(await lab.owed()).length, lab.snapshots()]).toEqual(
        mode === 'auto' ? [1, 1] : [1, 0],
      )
    }
    await afterSweep(1, 2, 3, 4, 5, 6)
  })
})

describe('a resend', () => {
  it.each(['auto', 'deferred', 'inline'] as const)(
    '%s: adds nothing to what is owed',
    async (mode) => {
      await lab.sendIn(writerBy('deferred'))(1)
      expect((await lab.sendIn(writerBy(mode))(1))[0]).toBe('duplicate')
      expect((await lab.owed()).length).toBe(1)
      await afterSweep(1)
      expect((await lab.sendIn(writerBy(mode))(1))[0]).toBe('duplicate')
      await afterSweep(1)
    },
  )

  it('of a request that got no further than its object leaves a receipt, and is there once', async () => {
    await lab.storage.put(keyOf(1), fileOf(1).bytes)
    expect((await lab.sendIn(writerBy('deferred'))(1))[0]).toBe('owed')
    await lab.storage.put(keyOf(2), fileOf(2, 'another').bytes)
    expect((await lab.sendIn(writerBy('deferred'))(2))[0]).toBe('owed')
    await lab.swept()
    const files = await lab.files()
    expect(files.length).toBe(2)
    expect(files[0]).toBe(keyOf(1))
    expect(files[1]).not.toBe(keyOf(2))
  })
})

describe('trouble', () => {
  const waits = 'warn: files wait for the sweep: they could not be committed'

  it.each([
    ['a commit that never arrives', ['commit'], 'before'],
    ['a commit that lands, and nobody can tell', ['commit', 'load'], 'after'],
  ] as const)('%s: a receipt within the deadline', async (_, calls, when) => {
    const sending = lab.sendIn(writerBy('inline'))
    await sending(1)
    lab.interfere[when] = (call) =>
      calls.some((one) => one === call) ? new Promise(() => {}) : undefined
    const [outcome, took] = await sending(2)
    expect(outcome).toBe('owed')
    expect(took).toBeLessThan(8_000)
    expect(said).toEqual([waits])
    await afterSweep(1, 2)
  })

  it('others are always faster: a receipt', async () => {
    const sending = lab.sendIn(writerBy('inline'))
    await sending(1)
    let i = 0
    lab.interfere.before = async (call) => {
      if (call === 'commit') await appendForeign(lab.others(), `f${i++}`)
    }
    expect((await sending(2))[0]).toBe('owed')
    lab.interfere.before = () => {}
    await lab.swept()
    expect(await lab.files()).toContain(keyOf(2))
    expect([await lab.owed(), said]).toEqual([[], [waits]])
  })

  it('an object that cannot be put: no receipt, and an error', async () => {
    const sending = lab.sendIn(writerBy('deferred'))
    lab.interfere.object = (operation, key) => {
      if (operation === 'put' && key === keyOf(1)) throw new Error('the disk is full')
    }
    expect((await sending(1))[0]).toBe('the disk is full')
    expect(await lab.owed()).toEqual([])
  })

  it('a receipt that cannot be written: an error', async () => {
    const store = createReceiptStore(
      { ...lab.storage, put: () => Promise.reject(new Error('the disk is full')) },
      sha256,
    )
    expect((await lab.sendIn(writerBy('deferred', store))(1))[0]).toBe('the disk is full')
  })

  it('a table that is gone: an error, since nobody may ever pay', async () => {
    const sending = lab.sendIn(writerBy('inline'))
    await sending(1)
    lab.tables.delete(tableKey)
    expect((await sending(2))[0]).toBe('table logs is gone, try again')
    expect(await lab.owed()).toEqual([])
  })

  it('a table that was made anew: an error, and then a receipt for the new one', async () => {
    const writer = writerBy('deferred')
    const sending = lab.sendIn(writer)
    await sending(1)
    // A sweep's time is over before the next call: after a minute the writer would look at the table anew.
    await lab.timed(() => lab.sweep()(lab.world.now() + 20_000))
    await recreate(lab)
    expect((await sending(1))[0]).toBe('table logs was made anew, try again')
    expect((await sending(1))[0]).toBe('owed')
    await lab.swept()
    expect((await lab.files()).length).toBe(1)
  })
})

describe('the merging of manifests', () => {
  const manifests = async (): Promise<number> => {
    const table = await lab.catalog.load(identifier)
    return table === null ? 0 : (await manifestsOf(table)).length
  }
  /** Sends requests that are committed one by one, where a table wants no more than two manifests. */
  const committedBy = async (mode: CommitMode) => {
    const properties = { 'commit.manifest-merge.min-count-to-merge': '2' }
    const writer = writerBy(mode)
    await lab.timed(() => writer.open())
    lab.tables.set(tableKey, { ...lab.metadata(), properties })
    const sending = lab.sendIn(writer)
    return async (...numbers: number[]) => {
      for (const n of numbers) {
        await lab.timed(() => lab.world.sleep(10_000))
        expect((await sending(n))[0]).toBe('committed')
      }
    }
  }

  it('inline: is done as soon as there are more than a table wants', async () => {
    const sending = await committedBy('inline')
    await sending(1, 2, 3)
    expect(await manifests()).toBe(3)
    await sending(4)
    expect(await manifests()).toBe(2)
  })

  it('auto: is left to the next sweep that commits', async () => {
    const sending = await committedBy('auto')
    await sending(1, 2, 3, 4)
    expect(await manifests()).toBe(4)
    await lab.sendIn(writerBy('deferred'))(5)
    await afterSweep(1, 2, 3, 4, 5)
    expect(await manifests()).toBe(2)
  })

  it('auto: is done by who writes all the same, where no sweep has anything to commit', async () => {
    const sending = await committedBy('auto')
    await sending(1, 2, 3, 4)
    expect(await manifests()).toBe(4)
    await sending(5)
    expect(await manifests()).toBe(2)
  })
})
