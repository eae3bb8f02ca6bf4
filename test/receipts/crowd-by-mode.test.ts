// Protects requests from a crowd of programs that write one table, in every mode: each is in the table once after a sweep. How
// many commits there are in a minute is printed: by a virtual clock, with calls that take as long as those of a service.
import { beforeAll, expect, it, vi } from 'vitest'
import type { DataFile } from '../../src/iceberg/manifest.ts'
import { openBusyTable } from './long-run/busy-table.ts'
import { describedFile } from './long-run/numbered-files.ts'

// What it compresses takes real time: the virtual clock waits for it.
vi.mock('../../src/iceberg/avro/container.ts', async (original) =>
  (await import('./long-run/real-work.ts')).countedContainers(await original()),
)

const requests = 1_000

let described: DataFile
beforeAll(async () => {
  described = await describedFile()
})

const modes = ['auto', 'inline', 'deferred'] as const
const cases = [1, 5, 20, 50].flatMap((writers) => modes.map((mode) => [writers, mode] as const))

it.each(cases)(
  '%i writers, %s: 1,000 requests in a minute',
  { timeout: 600_000 },
  async (writers, mode) => {
    const busy = await openBusyTable({ mode, described, writers })
    await busy.run(1, requests)
    const snapshots = (await busy.point()).snapshots
    await busy.run(2, 0)
    const { committed = 0, owed = 0 } = Object.fromEntries(busy.outcomes)
    console.log(JSON.stringify({ writers, mode, commitsInTheMinute: snapshots, committed, owed }))
    expect(committed + owed).toBe(requests)
    if (mode === 'deferred') expect([committed, snapshots]).toEqual([0, 1])
    // One by a request, which the first of all writers wins, and one by the sweep.
    if (mode === 'auto') expect(snapshots).toBe(2)
    if (mode === 'inline') expect(snapshots).toBeGreaterThan(60)
    const stored = await busy.bucket.stored(requests)
    expect([stored.filter((times) => times === 1).length, await busy.owed()]).toEqual([
      requests,
      [],
    ])
  },
)

// R2's own catalog takes twenty commits a minute to a table, and may count those that come to nothing.
it.each([8, 50, 100])(
  '%i writers, auto: few commits are asked for in vain',
  { timeout: 600_000 },
  async (writers) => {
    const busy = await openBusyTable({ mode: 'auto', described, writers })
    const minutes = 4
    await busy.run(minutes, requests)
    const asked = busy.bucket.asked()
    const { snapshots } = await busy.point()
    console.log(JSON.stringify({ writers, minutes, asked, snapshots }))
    expect(asked / minutes).toBeLessThan(20)
    await busy.run(2, 0)
    expect(await busy.owed()).toEqual([])
  },
)
