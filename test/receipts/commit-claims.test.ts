// Protects a catalog from many writers in one memory, which all find the same commit due; and rows from waiting for ever for one
// that claimed it and failed.
import { expect, it } from 'vitest'
import { createCommitClaims } from '../../src/receipts/commit-claims.ts'

it("one of those who ask for a table's commit gets it; the next one when another is due", () => {
  const at = { now: 1_000_000 }
  const { claim } = createCommitClaims(10_000, () => at.now)
  expect([claim('logs'), claim('logs'), claim('traces')]).toEqual([true, false, true])
  at.now += 9_999
  expect(claim('logs')).toBe(false)
  at.now++
  expect([claim('logs'), claim('logs')]).toEqual([true, false])
})

it('a clock that was set back by more than an interval holds up nobody', () => {
  const at = { now: 1_000_000 }
  const { claim } = createCommitClaims(10_000, () => at.now)
  expect(claim('logs')).toBe(true)
  at.now -= 3_600_000
  expect(claim('logs')).toBe(true)
})
