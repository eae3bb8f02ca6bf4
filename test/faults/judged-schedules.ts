import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ground, grounds } from './grounds.ts'
import { groundOf, type Judged, runSchedules } from './schedules.ts'

/** Declares the tests of schedules: a ground after the other, a test for each seed. What is returned has every run afterwards. */
export const judgeSchedules = (
  seeds: readonly number[],
  receipts = false,
): ReadonlyMap<number, Judged> => {
  const runs = new Map<number, Judged>()
  const byGround = Object.groupBy(seeds, (seed) => groundOf(seed, receipts))
  describe.each(Object.entries(byGround) as [string, number[]][])('%s', (name, own) => {
    let ground: Ground
    beforeAll(async () => {
      ground = await (grounds[name] as (typeof grounds)[string])(name)
      for (const run of await runSchedules(ground, own, receipts)) runs.set(run.plan.seed, run)
    }, 400_000)
    afterAll(() => ground.stop())

    it.each(own)('seed %i', (seed) => {
      const run = runs.get(seed)
      // What was decided, and what the programs said: a seed does not repeat what the machine does meanwhile.
      const story = `${JSON.stringify(run?.plan)}\n${run?.said}`
      expect(run?.violations.slice(0, 20), story).toEqual([])
    })
  })
  return runs
}
