// Protects a table that is written to for days: its metadata stays as small as the catalog takes, every commit succeeds, and
// every request is in it once. The clock is virtual; commits, manifests, merges, receipts and sweeps are the program's own.
// LONG_RUN_HOURS=120 LONG_RUN_REQUESTS=1000 is the whole of it: 50 minutes of CPU time. How many snapshots there are
// is the clock's doing, not the requests': the run in CI has fewer of these, and a short one as many.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { DataFile } from '../../src/iceberg/manifest.ts'
import { currentSnapshot } from '../../src/iceberg/table-metadata.ts'
import { type BusyTable, hourMs, openBusyTable } from './long-run/busy-table.ts'
import { describedFile, recordsPerFile } from './long-run/numbered-files.ts'
import { mostMetadata } from './long-run/s3-tables.ts'

// What it compresses takes real time: the virtual clock waits for it.
vi.mock('../../src/iceberg/avro/container.ts', async (original) =>
  (await import('./long-run/real-work.ts')).countedContainers(await original()),
)

const timeout = 24 * hourMs
const hours = Number(process.env.LONG_RUN_HOURS ?? 26)
const requests = Number(process.env.LONG_RUN_REQUESTS ?? 4)

let described: DataFile
beforeAll(async () => {
  described = await describedFile()
})

const total = ({ bucket }: BusyTable, what: string): number =>
  Number(currentSnapshot(bucket.metadata())?.summary[`total-${what}`])

/** Every request is in the table once, and none is owed. */
const expectOnce = async (busy: BusyTable): Promise<void> => {
  const sent = busy.sent()
  const stored = await busy.bucket.stored(sent)
  expect([stored.filter((times) => times === 1).length, await busy.owed()]).toEqual([sent, []])
  expect([total(busy, 'data-files'), total(busy, 'records')]).toEqual([sent, recordsPerFile * sent])
}

/** A request that is sent again is known, however long ago it was. */
const expectKnown = async (busy: BusyTable, numbers: readonly number[]): Promise<void> => {
  const files = total(busy, 'data-files')
  for (const n of numbers) expect(await busy.resend(n)).toBe('duplicate')
  await busy.run(1, 0)
  expect(total(busy, 'data-files')).toBe(files)
}

const spread = (count: number, sent: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor((i * (sent - 1)) / (count - 1)))

const warnings = ({ lines }: BusyTable): string[] =>
  [...lines.keys()].filter((line) => !line.startsWith('debug: '))

describe('auto', () => {
  it(`${requests} requests a minute for ${hours} hours: metadata of less than 4 MB, which do not grow after a day`, {
    timeout,
  }, async () => {
    const busy = await openBusyTable({ mode: 'auto', described })
    await busy.run(60 * hours, requests)
    await busy.run(2, 0)

    const sizes = busy.points.map(({ metadataBytes }) => metadataBytes)
    const after = busy.points.filter(({ hours }) => hours >= 25)
    expect(Math.max(...sizes)).toBeLessThan(4e6)
    expect(Math.max(...sizes)).toBeGreaterThan(1e6)
    // A minute has one sweep, and one request at most that finds the table unchanged for a minute.
    expect(Math.max(...after.map(({ snapshots }) => snapshots))).toBeLessThan(2 * 60 * 25)
    const grown = (after.at(-1)?.metadataBytes ?? 0) / (after[0]?.metadataBytes ?? 1)
    expect(Math.abs(grown - 1)).toBeLessThan(0.05)

    const commits = busy.bucket.metadata()['last-sequence-number']
    expect(commits).toBeGreaterThan(60 * hours)
    expect(commits).toBeLessThan(2 * 60 * hours)
    expect(busy.sweeps.filter(({ owed, complete }) => owed > 0 || !complete)).toEqual([])
    expect([...busy.outcomes.keys()].sort()).toEqual(['committed', 'owed'])
    expect(warnings(busy)).toEqual([])
    const told = { sent: busy.sent(), commits, ...busy.points.at(-1), most: Math.max(...sizes) }
    console.log(JSON.stringify(told))
    console.log(JSON.stringify(busy.points.filter(({ hours }) => hours % 12 === 0)))

    await expectOnce(busy)
    await expectKnown(busy, spread(9, busy.sent()))
  })
})

it.each(['auto', 'deferred'] as const)(
  '%s: 1,000 requests a minute make as few snapshots as 10 do',
  { timeout },
  async (mode) => {
    const minutes = 4
    for (const perMinute of [10, 1_000]) {
      const busy = await openBusyTable({ mode, described })
      await busy.run(minutes, perMinute)
      await busy.run(2, 0)
      const { snapshots } = await busy.point()
      // One a sweep, of which the last has nothing to do.
      if (mode === 'deferred') expect(snapshots).toBe(minutes + 1)
      else expect(snapshots).toBeLessThanOrEqual(2 * minutes + 1)
      expect(warnings(busy)).toEqual([])
      await expectOnce(busy)
    }
  },
)

describe('inline', () => {
  /** A table whose metadata has room for so many snapshots more; those that it has are of 23 hours ago. */
  const almostFull = async (receipts: boolean, room: number): Promise<[BusyTable, number]> => {
    const busy = await openBusyTable({ mode: 'inline', described, receipts })
    await busy.run(1, 60)
    const before = await busy.point()
    await busy.run(1, 1_000)
    await busy.run(1, 0)
    const { metadataBytes, snapshots } = await busy.point()
    const made = snapshots - before.snapshots
    const bytes = (metadataBytes - before.metadataBytes) / made
    const hours = mostMetadata / bytes / made / 60
    const of = Object.fromEntries(busy.outcomes)
    console.log(JSON.stringify({ bytesPerSnapshot: bytes, snapshotsAMinute: made, hours, of }))
    await busy.bucket.fill(mostMetadata - room * bytes, busy.world.now() - 23 * hourMs)
    busy.outcomes.clear()
    return [busy, busy.bucket.metadata().snapshots.length]
  }
  const reasonOf = (busy: BusyTable, line: string, fact: string): string =>
    String(busy.lines.get(line)?.facts[fact])
  const refused = "cannot change a table: the table's metadata is too large"
  const large = "warn: a table's metadata is large: commit more seldom, or keep fewer snapshots"
  const waits = 'warn: files wait for the sweep: they could not be committed'

  it('is refused once the metadata are full; receipts hold what comes until snapshots expire', {
    timeout,
  }, async () => {
    const [busy, full] = await almostFull(true, 20)
    await busy.run(2, 30)
    const { outcomes, bucket, lines } = busy
    // What it refuses is reckoned before the change, which names another file.
    expect(bucket.size()).toBeLessThan(mostMetadata + 1_000)
    expect(bucket.metadata().snapshots.length - full).toBeGreaterThan(10)
    expect(bucket.metadata().snapshots.length - full).toBeLessThan(25)
    expect([...outcomes.keys()].sort()).toEqual(['committed', 'owed'])
    // An hour goes by in which nothing can be committed.
    const stuck = bucket.metadata()['last-sequence-number']
    await busy.run(55, 1)
    expect(bucket.metadata()['last-sequence-number']).toBe(stuck)
    expect([...outcomes.keys()].sort()).toEqual(['committed', 'owed'])
    expect((await busy.owed()).length).toBeGreaterThan(55)
    expect(reasonOf(busy, waits, 'error')).toContain(refused)
    expect(reasonOf(busy, 'warn: receipts are still owed', 'reason')).toBe(refused)
    expect(lines.get(large)?.facts.bytes).toBeGreaterThan(16 * 2 ** 20)
    // Then the old ones expire, and the next sweep pays; what failed alone, and rests for ten minutes, a later one.
    await busy.run(65, 1)
    await busy.run(12, 0)
    expect(bucket.metadata().snapshots.length).toBeLessThan(full / 100)
    await expectOnce(busy)
    await expectKnown(busy, spread(5, busy.sent()))
  })

  it('is refused, and senders are told to try again, where there is no place for receipts', {
    timeout,
  }, async () => {
    // With less room than a snapshot takes the first commit may be small enough, or not: it has none at all.
    const [busy] = await almostFull(false, -2)
    await busy.run(1, 10)
    expect([...busy.outcomes.keys()]).toEqual([refused])
    expect(busy.sweeps).toEqual([])
  })
})
