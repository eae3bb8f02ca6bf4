/**
 * Protects what was acknowledged before it was committed: schedules before real servers, as in `schedules.test.ts`, of
 * programs that leave receipts and sweep while everything goes wrong, half of them functions on Lambda. Afterwards each record is there once, by three
 * readers, and no receipt is left.
 */
import { describe, expect, it } from 'vitest'
import { judgeSchedules } from './judged-schedules.ts'

/** `schedules.ts --receipts` runs any. */
const count = Number(process.env.FAULT_SCHEDULES ?? 60)
const seeds = Array.from({ length: count }, (_, i) => i + 1001)
const runs = judgeSchedules(seeds, true)

describe('receipts', () => {
  /** In how many schedules a call to a receipt came to that. */
  const schedulesWith = (method: string, did: (landed: number | null) => boolean): number =>
    [...runs.values()].filter(({ calls }) =>
      calls.some(
        (call) =>
          call.method === method && call.path.includes('/_receipts/owed/') && did(call.landed),
      ),
    ).length

  it('were left, and paid, in most of them', () => {
    const isDone = (landed: number | null) => landed !== null && landed < 300
    expect(schedulesWith('PUT', isDone)).toBeGreaterThan(seeds.length / 2)
    expect(schedulesWith('DELETE', isDone)).toBeGreaterThan(seeds.length / 2)
  })

  it.each(['crash', 'timeout'] as const)('a %s of a function befell some on Lambda', (what) => {
    const befallen = [...runs.values()].filter(({ crashes }) => crashes.includes(what))
    expect(befallen.length).toBeGreaterThan(seeds.length / 20)
  })

  it('were out of reach in some', () => {
    expect(schedulesWith('PUT', (landed) => landed === null)).toBeGreaterThan(0)
  })
})
