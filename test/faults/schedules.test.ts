/**
 * Protects every acknowledged record from what happens between programs, catalogs and S3: sixty schedules before real
 * servers, each a seed's. Afterwards each record is there once, by three readers; every request was answered in time; and
 * nothing was ever dropped or deleted.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { happenings, tallyOf } from './happenings.ts'
import { judgeSchedules } from './judged-schedules.ts'

const seeds = Array.from({ length: 60 }, (_, i) => i + 1)

/** Seeds that once broke a rule, beyond the first sixty, and what was wrong. */
const regressions: readonly { readonly seed: number; readonly what: string }[] = []

const runs = judgeSchedules([...seeds, ...regressions.map(({ seed }) => seed)])

describe('all that can happen did', () => {
  const tally: Record<string, number> = {}
  beforeAll(() => {
    Object.assign(tally, tallyOf([...runs.values()]))
    console.log(JSON.stringify(tally))
  })

  it.each(Object.keys(happenings))('%s', (what) => {
    expect(tally[what]).toBeGreaterThan(0)
  })

  it('and yet nearly every schedule has rows', () => {
    const idle = [...runs.values()].filter(({ acknowledged }) => acknowledged === 0)
    // A table may be dropped before anything is in it.
    expect(idle.length).toBeLessThan(runs.size / 10)
  })
})
