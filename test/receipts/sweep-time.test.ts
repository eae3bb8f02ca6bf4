// Protects tables from each other, and rows from their age: however long one table or one file takes, a sweep ends in its time
// with something paid, and the next one goes on where it stopped.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { noLog } from '../../src/log.ts'
import { createBalanceTeller } from '../../src/receipts/balance.ts'
import { createLease } from '../../src/receipts/lease.ts'
import { owedPrefix } from '../../src/receipts/receipt-key.ts'
import { createReceiptStore } from '../../src/receipts/receipt-store.ts'
import { creation } from '../contracts/commits.ts'
import { createProcess } from '../faults/model/process.ts'
import { fileOf, keyOf } from '../iceberg/table-lab.ts'
import {
  type Around,
  createReceiptLab,
  owedFile,
  type ReceiptLab,
  recreate,
} from './receipt-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

const hour = 3_600_000
const minute = 60_000

let lab: ReceiptLab
beforeEach(async () => {
  lab = await createReceiptLab()
})

/** Sweeps for a minute, and says what became of it and the milliseconds that it took. */
const sweepFor = (sweep: ReturnType<ReceiptLab['sweep']>) =>
  lab.timed(() => sweep(lab.world.now() + minute))

/** Lets so many milliseconds pass. */
const pass = async (ms: number): Promise<void> => {
  lab.world.at(lab.world.now() + ms, () => {})
  await lab.world.run(Number.POSITIVE_INFINITY)
}

const isCopy = (key: string): boolean => /-[0-9a-f]{8}\.parquet$/.test(key)

describe('files that are copied', () => {
  it('are committed as far as there is time, and the others by the next sweeps, none of them twice', async () => {
    const requests = Array.from({ length: 1000 }, (_, n) => n)
    for (const n of requests) await lab.owe(n, { ageMs: 24 * hour })
    // A copy takes two seconds, by 32 at a time: all of them would take more than the minute.
    const slow: Around = {
      before: (call) => (call === 'put' ? lab.world.sleep(2_000) : undefined),
    }
    const sweep = lab.sweep(slow)
    const [first, took] = await sweepFor(sweep)
    expect(first.paid).toBeGreaterThan(5)
    expect(first.paid + first.owed).toBe(1000)
    expect(first.owed).toBeGreaterThan(5)
    expect(took).toBeLessThan(minute)
    for (let i = 0; i < 20 && (await lab.owed()).length > 0; i++) await sweepFor(sweep)
    expect((await lab.files()).length).toBe(1000)
    const copies = await Array.fromAsync(lab.storage.list('otel/'), ({ key }) => key)
    expect(copies.filter(isCopy).length).toBe(1000)
  })
})

describe('a file that is copied', () => {
  const copies = async (): Promise<string[]> => {
    const keys = await Array.fromAsync(lab.storage.list('otel/'), ({ key }) => key)
    return keys.filter(isCopy)
  }
  /** Sweeps, a minute or so each, whose commits fail. */
  const failing = async (times: number): Promise<void> => {
    const sweep = lab.sweep({
      before(call) {
        if (call === 'commit') throw new IngestError('unavailable', 'refused')
      },
    })
    for (let i = 0; i < times; i++) {
      await sweepFor(sweep)
      await pass(minute)
    }
  }

  it('is copied once, however often its commit fails in a quarter of an hour', async () => {
    await lab.owe(1, { ageMs: 24 * hour })
    await failing(7)
    expect((await copies()).length).toBe(1)
    expect(await lab.swept()).toMatchObject({ paid: 1 })
    expect(await lab.files()).toEqual(await copies())
  })

  it('is copied again when nobody can know that the copy is going to stand', async () => {
    await lab.owe(1, { ageMs: 24 * hour })
    await failing(1)
    const [first = ''] = await copies()
    await pass(hour)
    expect(await lab.swept()).toMatchObject({ paid: 1 })
    expect((await copies()).length).toBe(2)
    expect(await lab.files()).not.toContain(first)
  })

  it('is copied once, where two receipts name it', async () => {
    await lab.owe(1, { ageMs: 24 * hour })
    await lab.store.write({ ...(await lab.owe(2, { ageMs: 24 * hour })), files: [owedFile(1)] })
    expect(await lab.swept()).toMatchObject({ paid: 3, owed: 0 })
    expect((await copies()).length).toBe(2)
    expect((await lab.files()).length).toBe(2)
  })

  it('is copied for the next receipt that names it, where it cannot be for the first', async () => {
    const file = owedFile(1)
    const path = file.dataFile.file_path.replace('.parquet', '-89abcdef.parquet')
    const other = { ...file, dataFile: { ...file.dataFile, file_path: path } }
    await lab.storage.put(path.replace('memory://lake/', ''), fileOf(1).bytes)
    const receipt = await lab.owe(1, { ageMs: 24 * hour })
    await lab.store.write({ ...receipt, files: [other] })
    const sweep = lab.sweep({
      before(call, key) {
        if (call === 'get' && key === keyOf(1)) throw new Error('refused')
      },
    })
    expect((await sweepFor(sweep))[0]).toMatchObject({ paid: 2, owed: 0 })
    expect((await lab.files()).length).toBe(1)
  })
})

describe('manifests that are merged', () => {
  /** A table with more manifests than it merges, none of them the sweep's own; the last snapshot after a sweep for a minute. */
  const mergedBy = async (readMs: number): Promise<Record<string, string> | undefined> => {
    const sending = lab.sendIn()
    for (const n of [1, 2, 3, 4]) await sending(n)
    const metadata = lab.metadata()
    const properties = { ...metadata.properties, 'commit.manifest-merge.min-count-to-merge': '3' }
    lab.tables.set('otel/logs', { ...metadata, properties })
    await lab.owe(5)
    const sweep = lab.sweep({
      before: (call, key = '') =>
        call === 'get' && key.endsWith('-m0.avro') ? lab.world.sleep(readMs) : undefined,
    })
    expect((await sweepFor(sweep))[0]).toMatchObject({ paid: 1, owed: 0 })
    return lab.metadata().snapshots.at(-1)?.summary
  }

  it('may take longer than a call, and what comes of it is kept', async () => {
    expect(await mergedBy(6_000)).toMatchObject({ 'manifests-replaced': '4' })
  })

  it('are left as they are, when they take so long that others would have to wait', async () => {
    expect(await mergedBy(20_000)).toMatchObject({ 'manifests-replaced': '0' })
  })
})

describe('a table that cannot be changed', () => {
  const traces = { namespace: ['otel'], name: 'traces' }
  /** Receipts of two tables: those of `logs` are first in the list. */
  const two = async (): Promise<void> => {
    const made = await lab.catalog.create(traces, creation())
    const tableUuid = made.metadata['table-uuid']
    await lab.owe(1)
    await lab.owe(2, { receipt: { identifier: traces, tableUuid } })
  }
  const rowsOf = (name: string): number => lab.tables.get(`otel/${name}`)?.snapshots.length ?? 0

  it('leaves time for the next', async () => {
    await two()
    const began = lab.world.now()
    const sweep = lab.sweep({
      // What is first in the list comes to nothing; half of the time is over then.
      async before(call) {
        if (call !== 'commit' || lab.world.now() - began > minute / 2) return
        await lab.world.sleep(10_000)
        throw new Error('no answer')
      },
    })
    const [result, took] = await sweepFor(sweep)
    expect(result).toMatchObject({ paid: 1, owed: 1, complete: true })
    expect([rowsOf('logs'), rowsOf('traces')]).toEqual([0, 1])
    expect(took).toBeLessThan(minute)
  })

  it('does not have its receipts read when it cannot be loaded', async () => {
    await two()
    let gets = 0
    const sweep = lab.sweep({
      before(call, key = '') {
        if (call === 'get' && key.startsWith(owedPrefix)) gets++
        if (call === 'load') throw new Error('no answer')
      },
    })
    const [result] = await sweepFor(sweep)
    expect(result).toMatchObject({ paid: 0, quarantined: 0, owed: 2, complete: true })
    expect(gets).toBe(0)
  })

  it('is not where the next sweep begins, when this one had no time left', async () => {
    await two()
    // Some calls of a second each, and no time is left for the second table.
    const sweep = lab.sweep({ before: () => lab.world.sleep(1_000) })
    const [cut] = await lab.timed(() => sweep(lab.world.now() + 12_000))
    expect(cut).toMatchObject({ paid: 1, complete: false })
    await lab.owe(3)
    const order: string[] = []
    const next = lab.tables
    const set = next.set.bind(next)
    next.set = (name: string, metadata: TableMetadata) => {
      order.push(name)
      return set(name, metadata)
    }
    await sweepFor(sweep)
    expect(order).toEqual(['otel/traces', 'otel/logs'])
  })
})

describe('a call that never ends', () => {
  const never = new Promise<never>(() => {})

  it.each(['list', 'load', 'get', 'put', 'delete', 'commit', 'head'])(
    'does not hold up a sweep beyond its time: %s',
    async (hanging) => {
      // Some that are looked at, copied and searched for, too.
      await lab.sendIn()(1)
      await lab.owe(1, { receipt: { baseSequence: 0 } })
      await lab.owe(2, { ageMs: hour })
      await lab.owe(3, { ageMs: 24 * hour })
      const lease = createLease(lab.storage, createProcess('sweep', lab.world).clock, noLog)
      const sweep = lab.sweep({ before: (call) => (call === hanging ? never : undefined) })
      const deadline = lab.world.now() + minute
      const failed = (error: Error) => ({ quarantined: 0, error: error.message })
      const [result, took] = await lab.timed(() => sweep(deadline, lease).catch(failed))
      // And half a second to leave notes and the lease.
      expect(took).toBeLessThanOrEqual(minute + 500)
      expect(result.quarantined).toBe(0)
      const told = 'error' in result && result.error
      expect(told).toBe(
        hanging === 'list' && 'receipts cannot be listed: the storage takes too long',
      )
      for (let i = 0; i < 2; i++) await sweepFor(lab.sweep())
      expect([(await lab.files()).length, await lab.owed(), await lab.quarantined()]).toEqual([
        3,
        [],
        [],
      ])
    },
  )

  it('of its lease does not hold it up either', async () => {
    await lab.owe(1)
    let gone = false
    const storage = {
      ...lab.storage,
      get: (key: string) => (gone ? never : lab.storage.get(key)),
    }
    const lease = createLease(storage, createProcess('sweep', lab.world).clock, noLog)
    const sweep = lab.sweep({
      before: (call) => {
        gone ||= call === 'commit'
      },
    })
    const [result, took] = await lab.timed(() => sweep(lab.world.now() + minute, lease))
    expect(result.paid).toBe(1)
    expect(took).toBeLessThanOrEqual(minute)
  })
})

describe('a catalog that answers once from an old copy', () => {
  /** The first load of a sweep shows `old`. */
  const sweepFrom = (old: TableMetadata | undefined) => {
    const now = lab.metadata()
    let loads = 0
    return lab.sweep({
      before(call) {
        if (call !== 'load') return
        if (loads++ === 0 && old !== undefined) lab.tables.set('otel/logs', old)
        else lab.tables.set('otel/logs', now)
      },
    })
  }

  it('is no reason to put aside what is owed to the table that is there now', async () => {
    const old = lab.metadata()
    await recreate(lab)
    await lab.owe(1)
    expect((await sweepFor(sweepFrom(old)))[0]).toMatchObject({ paid: 1, quarantined: 0 })
  })

  it('nor where the old copy lacks a partition spec', async () => {
    const old = lab.metadata()
    const [spec] = old['partition-specs']
    if (spec === undefined) throw new Error('no spec')
    const specs = [...old['partition-specs'], { ...spec, 'spec-id': 7 }]
    lab.tables.set('otel/logs', { ...old, 'partition-specs': specs })
    await lab.owe(1, { receipt: { files: [{ ...owedFile(1), specId: 7 }] } })
    expect((await sweepFor(sweepFrom(old)))[0]).toMatchObject({ paid: 1, quarantined: 0 })
  })
})

describe('figures of what is left', () => {
  const told = new Map<string, number>()
  const metrics = {
    count() {},
    observe() {},
    gauge: (name: string, value: number) => void told.set(name, value),
  }
  const nothing = { paid: 0, quarantined: 0, owed: 0, complete: true, oldestAt: null }
  const inTime = () => new AbortController().signal
  /** Which prefixes were listed. */
  const watched = () => {
    const lists: string[] = []
    const storage = {
      ...lab.storage,
      list(prefix: string) {
        lists.push(prefix)
        return lab.storage.list(prefix)
      },
    }
    return { lists, store: createReceiptStore(storage) }
  }

  it('cost no listing where the sweep met nothing, and seldom one of the quarantine', async () => {
    const { lists, store } = watched()
    let now = 0
    const tell = createBalanceTeller(store, () => now, metrics as never)
    await tell(nothing, inTime())
    expect(lists).toEqual(['_receipts/quarantine/'])
    now = 299_999
    told.clear()
    await tell(nothing, inTime())
    expect(lists.length).toBe(1)
    expect(told.has('receipts_quarantined')).toBe(true)
    now = 300_000
    await tell(nothing, inTime())
    expect(lists.length).toBe(2)
    await tell({ ...nothing, quarantined: 1 }, inTime())
    expect(lists.slice(2)).toEqual(['_receipts/quarantine/'])
    expect(Object.fromEntries(told)).toEqual({
      receipts_owed: 0,
      oldest_receipt_seconds: 0,
      receipts_quarantined: 0,
    })
  })

  it('are those of the list where the sweep left something', async () => {
    await lab.owe(1)
    await lab.owe(2)
    const { store } = watched()
    const tell = createBalanceTeller(store, lab.world.now, metrics as never)
    await tell({ ...nothing, complete: false }, inTime())
    expect(told.get('receipts_owed')).toBe(2)
  })

  it('are what the sweep counted on its way, where it came to the end', async () => {
    const old = lab.world.now()
    await lab.owe(1)
    await pass(5_000)
    await lab.owe(2)
    lab.tables.clear()
    const [swept] = await sweepFor(lab.sweep())
    expect(swept).toEqual({ ...nothing, owed: 2, oldestAt: old })
    const { lists, store } = watched()
    const tell = createBalanceTeller(store, () => old + 9_000, metrics as never)
    expect(await tell(swept, inTime())).toBe(true)
    expect(lists).toEqual(['_receipts/quarantine/'])
    expect(told.get('receipts_owed')).toBe(2)
    expect(told.get('oldest_receipt_seconds')).toBe(9)
  })

  it('are as many as could be counted, where a list takes too long', async () => {
    for (const n of [1, 2, 3]) await lab.owe(n)
    const controller = new AbortController()
    let listed = 0
    const storage = {
      ...lab.storage,
      async *list(prefix: string) {
        for await (const object of lab.storage.list(prefix)) {
          yield object
          if (++listed < 2) continue
          controller.abort()
          await new Promise(() => {})
        }
      },
    }
    const tell = createBalanceTeller(createReceiptStore(storage), lab.world.now, metrics as never)
    told.clear()
    expect(await tell({ ...nothing, complete: false }, controller.signal)).toBe(false)
    expect(told.get('receipts_owed')).toBe(2)
    expect(await tell({ ...nothing, owed: 7, complete: false }, controller.signal)).toBe(false)
    expect(told.get('receipts_owed')).toBe(7)
  })

  /** After so many objects a list fails, or takes until the signal aborts. */
  const disturbed = (after: number, how: 'fails' | 'hangs') => {
    const controller = new AbortController()
    const storage = {
      ...lab.storage,
      async *list(prefix: string) {
        let left = after
        for await (const object of lab.storage.list(prefix)) {
          if (left-- > 0) yield object
          else if (how === 'fails') throw new IngestError('unavailable', 'no answer')
          else {
            controller.abort()
            await new Promise(() => {})
          }
        }
      },
    }
    const now = () => lab.world.now() + 9_000
    const tell = createBalanceTeller(createReceiptStore(storage), now, metrics as never)
    return (swept: Parameters<typeof tell>[0]) => {
      told.clear()
      return tell(swept, controller.signal)
    }
  }
  const figures = () => [told.get('receipts_owed'), told.get('oldest_receipt_seconds')]

  it.each(['fails', 'hangs'] as const)('are none where a list %s at once', async (how) => {
    await lab.owe(1)
    const tell = disturbed(0, how)
    await expect(tell({ ...nothing, complete: false })).rejects.toThrow()
    expect(figures()).toEqual([undefined, undefined])
    // What the sweep met is known all the same.
    const met = { ...nothing, complete: false, owed: 3, oldestAt: lab.world.now() - 1_000 }
    await tell(met).catch(() => {})
    expect(figures()).toEqual([3, 10])
  })

  it('are those of what was listed, where a list fails after it', async () => {
    for (const n of [1, 2, 3]) await lab.owe(n)
    await expect(disturbed(2, 'fails')({ ...nothing, complete: false })).rejects.toThrow(
      'no answer',
    )
    expect(figures()).toEqual([2, 9])
  })

  it('say of an age only what is known', async () => {
    await lab.owe(1)
    await disturbed(0, 'fails')({ ...nothing, complete: false, owed: 3 }).catch(() => {})
    expect(figures()).toEqual([3, undefined])
  })

  it('of the quarantine are not those of a list that was cut', async () => {
    for (const n of [1, 2, 3]) await lab.owe(n)
    for (const key of await lab.owed()) {
      await lab.store.quarantine(key, (await lab.store.read(key)) ?? new Uint8Array())
    }
    for (const how of ['hangs', 'fails'] as const) {
      await disturbed(0, how)(nothing).catch(() => {})
      expect(told.get('receipts_quarantined')).toBeUndefined()
      await disturbed(2, how)(nothing).catch(() => {})
      expect(told.get('receipts_quarantined')).toBe(2)
    }
    // The next one lists again.
    const controller = new AbortController()
    let lists = 0
    const storage = {
      ...lab.storage,
      async *list(prefix: string) {
        if (lists++ === 0) {
          controller.abort()
          await new Promise(() => {})
        }
        yield* lab.storage.list(prefix)
      },
    }
    const tell = createBalanceTeller(createReceiptStore(storage), lab.world.now, metrics as never)
    await tell(nothing, controller.signal).catch(() => {})
    await tell(nothing, inTime())
    expect([lists, told.get('receipts_quarantined')]).toEqual([2, 3])
  })
})

describe('an object that an earlier attempt left, which no table refers to', () => {
  /** The names of the table's files after a request whose object was put so long before. */
  const filesAfter = async (ageMs: number): Promise<string[]> => {
    const key = keyOf(5)
    await lab.storage.put(key, fileOf(5).bytes)
    await pass(ageMs)
    expect((await lab.sendIn()(5))[0]).toBe('committed')
    return lab.files()
  }

  it('becomes part of the table while nobody can be about to remove it', async () => {
    expect(await filesAfter(hour - minute)).toEqual([keyOf(5)])
  })

  it('is put again beside it after an hour', async () => {
    const [file = ''] = await filesAfter(hour)
    expect([isCopy(file), await lab.storage.get(file)]).toEqual([true, fileOf(5).bytes])
  })
})

it('is paid in a few seconds of a real clock, half of which is no whole number of milliseconds', async () => {
  await lab.owe(1, { receipt: { receivedAt: Date.now() } })
  const sweep = lab.sweep({}, { clock: systemClock })
  expect(await sweep(Date.now() + 7_000.5)).toMatchObject({ paid: 1, owed: 0, complete: true })
})
