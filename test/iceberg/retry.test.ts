// Protects writers that meet at one table: how long each waits before it tries again, and the clock that they wait by.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Uncommitted } from '../../src/iceberg/catalog.ts'
import { retryDelay, systemClock } from '../../src/iceberg/retry.ts'

const conflict: Uncommitted = { kind: 'conflict', reason: '' }
const throttled = (retryAfterMs: number): Uncommitted => ({
  kind: 'throttled',
  retryAfterMs,
  reason: '',
})

let dice: number
beforeEach(() => {
  dice = 1
  vi.spyOn(Math, 'random').mockImplementation(() => dice)
})
afterEach(() => {
  vi.restoreAllMocks()
})

it.each<[string, Uncommitted, attempt: number, tookMs: number, longest: number]>([
  ['after a conflict that took no time', conflict, 0, 0, 25],
  ['after one that took long, four times as long', conflict, 0, 100, 400],
  ['twice as long after the next', conflict, 1, 100, 800],
  ['never for long enough to miss the deadline by it alone', conflict, 9, 1_000, 4_000],
  ['for as long as the catalog asks for', throttled(7_000), 0, 0, 7_000],
  ['for some time where it does not say', throttled(0), 3, 5_000, 200],
])('waits %s', (_, outcome, attempt, tookMs, longest) => {
  expect(retryDelay(outcome, attempt, tookMs)).toBe(longest)
  dice = 0.5
  const half =
    outcome.kind === 'throttled' ? Math.max(outcome.retryAfterMs, longest / 2) : longest / 2
  expect(retryDelay(outcome, attempt, tookMs)).toBe(half)
})

it.each([0.5, -0.5, 2 ** 40 + 0.5, Number.POSITIVE_INFINITY])(
  'gives up at any time, whole milliseconds or not: in %d ms',
  (ms) => {
    // What is half as far as something else mostly is none.
    const signal = systemClock.signal(Date.now() + ms)
    expect(signal.aborted).toBe(false)
  },
)
