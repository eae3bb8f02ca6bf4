// Protects the timer behind retention: it comes again whatever happened the last time, and never twice at once; a table that
// cannot be tended does not keep the others from it.
import { expect, it } from 'vitest'
import { nowAndThen } from '../../runtimes/node/now-and-then.ts'
import { retainTables } from '../../runtimes/shared/retention.ts'
import { IngestError } from '../../src/errors.ts'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
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

it('goes on with the next table', async () => {
  const asked: string[] = []
  const storage = createMemoryStorage({
    before: (_, key) => {
      asked.push(key.split('/')[1] ?? '')
      if (key.includes('sick')) throw new IngestError('unavailable', 'out of order')
    },
  })
  const complaints: unknown[] = []
  await retainTables(
    ['sick', 'well'].map((name) => ({ namespace: ['otel'], name })),
    null,
    {
      catalog: createFileCatalog({ storage, root: 's3://b', log: noLog }),
      storage,
      policy: { maxAgeMs: 1, minCount: 1 },
      clock: systemClock,
      log: (level, _, facts) => complaints.push(level, facts?.table),
      metrics: noMetrics,
    },
  )
  expect(asked).toContain('well')
  expect(complaints).toEqual(['warn', 'sick'])
})
