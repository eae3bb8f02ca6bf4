// Protects a backlog from lasting: receipts that gathered while the table could not be changed are paid faster than new ones
// come, sweep by sweep, each within Lambda's timeout, and what they name is in the table once whoever sends it again.
import { expect, it, vi } from 'vitest'
import { currentSnapshot } from '../../src/iceberg/table-metadata.ts'
import { openBusyTable } from './long-run/busy-table.ts'
import { describedFile } from './long-run/numbered-files.ts'

// What it compresses takes real time: the virtual clock waits for it.
vi.mock('../../src/iceberg/avro/container.ts', async (original) =>
  (await import('./long-run/real-work.ts')).countedContainers(await original()),
)

/** Requests a minute, each with a receipt, while the backlog is paid. */
const arriving = 1_000

it.each([
  // A receipt's files are looked at one by one when it is older than an hour, and copied when it is older than a day.
  ['of now', 100_000, 0],
  ['of two hours ago', 20_000, 2],
  ['of 25 hours ago', 12_000, 25],
] as const)(
  'receipts %s: %i are paid more than three times as fast as 1,000 a minute come',
  {
    timeout: 600_000,
  },
  async (_, backlog, hours) => {
    const busy = await openBusyTable({ mode: 'deferred', described: await describedFile() })
    await busy.owe(backlog)
    if (hours > 0) await busy.run(60 * hours, 0, false)
    const cpu = process.cpuUsage()
    const left: number[] = [backlog]
    while ((left.at(-1) ?? 0) > arriving && left.length < 100) {
      await busy.run(1, arriving)
      left.push((await busy.owed()).length)
    }
    const { user, system } = process.cpuUsage(cpu)
    const paid = left.slice(1).map((now, i) => (left[i] ?? 0) + arriving - now)
    console.log(JSON.stringify({ left, paid, cpuSeconds: (user + system) / 1e6 }))
    // The first sweep begins amid a minute, and the last one has less to do.
    for (const minute of paid.slice(1, -1)) expect(minute).toBeGreaterThan(3 * arriving)
    const minutes = left.length - 1
    expect((backlog + minutes * arriving - (left.at(-1) ?? 0)) / minutes).toBeGreaterThan(
      3 * arriving,
    )

    await busy.run(2, 0)
    const sent = backlog + minutes * arriving
    const once = async () => (await busy.bucket.stored(sent)).filter((times) => times === 1).length
    expect([busy.sent(), await once(), await busy.owed()]).toEqual([sent, sent, []])
    expect(busy.sweeps.at(-1)).toMatchObject({ paid: 0, quarantined: 0, owed: 0, complete: true })

    const files = () => currentSnapshot(busy.bucket.metadata())?.summary['total-data-files']
    for (let n = 0; n < sent; n += Math.ceil(sent / 40)) {
      expect(await busy.resend(n)).toBe('duplicate')
    }
    await busy.run(1, 0)
    expect(files()).toBe(String(sent))
  },
)
