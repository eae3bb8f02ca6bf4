// Protects, in a few rounds, what `npm run faults` shows in many: killed at any moment, the program has
// every record that it acknowledged, once, in files that open.
import { expect, it } from 'vitest'
import { idleness, runKills } from './kill.ts'

it('a killed program loses nothing that it acknowledged', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const report = await runKills({ rounds: 3, seed })
  expect(report.violations, `seed ${seed}`).toEqual([])
  expect(idleness(report)).toBeNull()
  expect(new Set(Object.values(report.rows)).size).toBe(1)
})

it.each([
  [{ acknowledged: 0, broken: 3 }, 'nothing was acknowledged'],
  [{ acknowledged: 3, broken: 0 }, 'no kill broke a connection'],
])('a run of %o shows nothing', (figures, why) => expect(idleness(figures)).toContain(why))
