// Protects receipts from each other: what cannot be committed, or not together with so many, keeps no others out of their table.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { Sweep } from '../../src/receipts/sweep.ts'
import { creation } from '../contracts/commits.ts'
import { manifestsOf } from '../faults/model/rows.ts'
import { createMemoryCatalog, memoryFileIO } from '../iceberg/memory-catalog.ts'
import { keyOf } from '../iceberg/table-lab.ts'
import { createReceiptLab, type ReceiptLab } from './receipt-lab.ts'

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

interface Refusing {
  /** Where each turn has a sweep of its own, as a function that starts anew each time has it. */
  readonly isNew?: boolean
  /** Milliseconds of each commit. */
  readonly takes?: number
  readonly maxReceipts?: number
  /** Whether the catalog asks to be left alone for a minute. */
  readonly throttled?: () => boolean
}

/** A sweep over a catalog that refuses some commits, by the files of the table that would be. */
const refusing = (
  isRefused: (files: readonly string[], before: readonly string[]) => boolean,
  { isNew = false, takes = 10, maxReceipts = 1_000, throttled = () => false }: Refusing = {},
): { readonly sweep: Sweep; readonly tried: number[] } => {
  const { tables, storage, world } = lab
  const catalog = createMemoryCatalog({ tables, io: memoryFileIO(storage), now: world.now })
  const tried: number[] = []
  const commit: Catalog['commit'] = async (table, change, options) => {
    await world.sleep(takes)
    if (throttled()) return { kind: 'throttled', retryAfterMs: minute, reason: 'too often' }
    const before = await lab.files()
    const next = createMemoryCatalog({
      tables: new Map([
        [table.identifier.namespace.concat(table.identifier.name).join('/'), table.metadata],
      ]),
      io: table.io,
      now: world.now,
    })
    const after = await next.commit(table, change)
    if (after.kind !== 'committed') return after
    const files = (await manifestsOf(after.table)).flatMap(({ entries }) =>
      entries.map(({ data_file: file }) => file.file_path.replace('memory://lake/', '')),
    )
    const added = files.filter((file) => !before.includes(file))
    tried.push(added.length)
    if (isRefused(added, before)) throw new IngestError('unavailable', 'refused')
    return catalog.commit(table, change, options)
  }
  const start = () => lab.sweep({}, { catalog: { ...catalog, commit }, maxReceipts })
  return { sweep: isNew ? (deadline) => start()(deadline) : start(), tried }
}

/** One sweep a minute, so many times. */
const sweepTimes = async (sweep: Sweep, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) {
    const end = lab.world.now() + minute
    await lab.timed(() => sweep(end))
    lab.world.at(Math.max(end, lab.world.now()), () => {})
    await lab.world.run(Number.POSITIVE_INFINITY)
  }
}

const oweAll = async (count: number): Promise<readonly string[]> => {
  const requests = Array.from({ length: count }, (_, n) => n)
  for (const n of requests) await lab.owe(n)
  return requests.map(keyOf)
}

describe.each([
  ['one sweep that goes on', false],
  ['a sweep that is new each time', true],
])('a commit that fails, by %s,', (_, isNew) => {
  it('with too many files is made smaller until it does not, and larger again', async () => {
    const files = await oweAll(100)
    const { sweep, tried } = refusing((added) => added.length > 10, { isNew })
    await sweepTimes(sweep, 10)
    expect(await lab.files()).toEqual([...files].sort())
    expect(tried.slice(0, 2)).toEqual([100, 50])
    expect(Math.max(...tried.slice(3))).toBeLessThanOrEqual(20)
    expect(await lab.owed()).toEqual([])
  })

  it.each([[[0]], [[57]], [[0, 1, 2, 63, 99]]])(
    'for files %j keeps no others out, and is tried again now and then',
    async (broken) => {
      const files = await oweAll(100)
      const bad = broken.map(keyOf)
      let isMended = false
      const { sweep } = refusing((added) => !isMended && added.some((file) => bad.includes(file)), {
        isNew,
      })
      await sweepTimes(sweep, 60)
      expect(await lab.files()).toEqual(files.filter((file) => !bad.includes(file)).sort())
      expect((await lab.owed()).length).toBe(bad.length)
      // While they rest, a table is paid as before.
      await lab.owe(1000)
      await lab.owe(1001)
      await sweepTimes(sweep, 4)
      expect(await lab.files()).toContain(keyOf(1001))
      isMended = true
      await sweepTimes(sweep, 12)
      expect(await lab.owed()).toEqual([])
      expect((await lab.files()).length).toBe(102)
    },
  )

  it('since the catalog is asked too often says nothing of receipts: none rests, and all are paid at once', async () => {
    const files = await oweAll(100)
    // Another attempt of a request left one, too.
    await lab.owe(5, { by: 'another' })
    let throttled = 12
    const { sweep, tried } = refusing(() => false, { isNew, throttled: () => throttled-- > 0 })
    await sweepTimes(sweep, 12)
    expect([tried, (await lab.owed()).length]).toEqual([[], 101])
    await sweepTimes(sweep, 1)
    expect(await lab.files()).toEqual([...files].sort())
    expect(tried).toEqual([100])
  })

  it('of one table leaves time for the next, however many receipts the first has', async () => {
    const traces = { namespace: ['otel'], name: 'traces' }
    const made = await lab.catalog.create(traces, creation())
    const tableUuid = made.metadata['table-uuid']
    await oweAll(40)
    await lab.owe(100, { receipt: { identifier: traces, tableUuid } })
    // Each takes as long as it may.
    const { sweep } = refusing((added) => !added.includes(keyOf(100)), {
      isNew,
      takes: 20_000,
      maxReceipts: 5,
    })
    for (let i = 0; i < 3; i++) await sweepTimes(sweep, 1)
    expect(lab.tables.get('otel/traces')?.snapshots.length).toBe(1)
  })
})
