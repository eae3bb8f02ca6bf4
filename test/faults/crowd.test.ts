// Protects one table from many writers: processes that append to it at once lose nothing that was acknowledged, store nothing
// twice, and their commits are one line.
import { expect, it } from 'vitest'
import { runCrowd } from './crowd.ts'

it.each([
  [2, 10],
  [10, 3],
])('%i processes append %i files each', async (writers, each) => {
  const { violations, acknowledged } = await runCrowd(writers, each)
  expect(violations).toEqual([])
  // A machine that is busy with other tests may be too slow for some; that is no loss.
  expect(acknowledged).toBeGreaterThan((writers * each) / 2)
})
