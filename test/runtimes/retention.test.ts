// Protects the timer behind retention: it comes again whatever happened the last time, and never twice at once; a table that
// cannot be tended, or takes too long, does not keep the others from it.
import { describe, expect, it } from 'vitest'
import { nowAndThen } from '../../runtimes/node/now-and-then.ts'
import { retainTables } from '../../runtimes/shared/retention.ts'
import { IngestError } from '../../src/errors.ts'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import type { RetentionOptions } from '../../src/iceberg/file/retention.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'

it('comes again after a failure, and never twice at once', async () => {
  let [running, most, rounds] = [0, 0, 0]
  const complaints: string[] = []
  const act = async (): Promise<void> => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 5))
    running--
    if (++rounds === 1) throw new Error('a bad day')
  }
  nowAndThen(
    act,
    'a round of retention failed',
    (_, message, facts) => complaints.push(`${message}: ${facts?.error}`),
    1,
  )
  await expect.poll(() => rounds).toBeGreaterThan(3)
  expect(most).toBe(1)
  expect(complaints).toEqual(['a round of retention failed: Error: a bad day'])
})

/** A round for tables that are not there; the names of those that were asked for, and what the log says of tables. */
const round = async (
  names: readonly string[],
  options: Partial<RetentionOptions>,
  before: (name: string) => void = () => {},
) => {
  const asked = new Set<string>()
  const storage = createMemoryStorage({
    before: (_, key) => {
      const name = key.split('/')[1] ?? ''
      asked.add(name)
      before(name)
    },
  })
  const told: unknown[] = []
  await retainTables(
    names.map((name) => ({ namespace: ['otel'], name })),
    null,
    {
      catalog: createFileCatalog({ storage, root: 's3://b', log: noLog }),
      storage,
      policy: { maxAgeMs: 1, minCount: 1 },
      clock: systemClock,
      log: (level, _, facts) => told.push(level, facts?.table),
      metrics: noMetrics,
      ...options,
    },
  )
  return { asked: [...asked], told }
}

it('goes on with the next table', async () => {
  const { asked, told } = await round(['sick', 'well'], {}, (name) => {
    if (name === 'sick') throw new IngestError('unavailable', 'out of order')
  })
  expect(asked.sort()).toEqual(['sick', 'well'])
  expect(told).toEqual(['warn', 'sick'])
})

describe('a round with bounds', () => {
  const at = (now: number) => ({ clock: { ...systemClock, now: () => now } })
  const names = ['a', 'b', 'c']

  it('begins with no table when its time is over, and says with which the next one may go on', async () => {
    let now = 5
    const clock = { ...systemClock, now: () => now }
    const slow = await round(names, { clock, deadline: 1_000 }, (name) => {
      if (name === 'b') now = 1_000
    })
    expect(slow).toEqual({ asked: ['a', 'b'], told: ['info', 'c'] })
  })
  it('begins with no table for which there may be no calls', async () => {
    let calls = 0
    const callsLeft = () => 202 - calls
    const few = await round(names, { ...at(0), callsLeft }, () => void calls++)
    expect(few.asked.length).toBeLessThan(3)
    expect(few.told).toEqual(['info', names[few.asked.length]])
  })
  it('begins with another table each hour', async () => {
    const first = async (hour: number) => (await round(names, at(hour * 3_600_000))).asked[0]
    expect([await first(0), await first(1), await first(2), await first(3)]).toEqual([
      ...names,
      'a',
    ])
  })
})
