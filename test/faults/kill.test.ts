// Protects, in a few rounds, what `npm run faults` shows in many: killed at any moment, the program has
// every record that it acknowledged, once, in files that open.
import { expect, it } from 'vitest'
import { runKills } from './kill.ts'

it('a killed program loses nothing that it acknowledged', { timeout: 120_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const report = await runKills({ rounds: 3, seed })
  expect(report.violations, `seed ${seed}`).toEqual([])
  expect(report.acknowledged).toBeGreaterThan(0)
  expect(report.broken).toBeGreaterThan(0)
  expect(new Set(Object.values(report.rows)).size).toBe(1)
})
