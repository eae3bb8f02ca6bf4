/**
 * Protects every acknowledged record from what happens between programs, catalogs and S3: sixty schedules before real
 * servers, each a seed's. Afterwards each record is there once, by three readers; every request was answered in time; and
 * nothing was ever dropped or deleted.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ground, grounds } from './grounds.ts'
import { happenings, tallyOf } from './happenings.ts'
import { groundOf, type Judged, runSchedules } from './schedules.ts'

const seeds = Array.from({ length: 60 }, (_, i) => i + 1)

/** Seeds that once broke a rule, beyond the first sixty, and what was wrong. */
const regressions: readonly { readonly seed: number; readonly what: string }[] = []

const all = [...seeds, ...regressions.map(({ seed }) => seed)]
const runs = new Map<number, Judged>()

/** By ground: its seeds. */
const byGround = Object.entries(Object.groupBy(all, (seed) => groundOf(seed))) as [
  string,
  number[],
][]

describe.each(byGround)('%s', (name, own) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await (grounds[name] as (typeof grounds)[string])(name)
    for (const run of await runSchedules(ground, own)) runs.set(run.plan.seed, run)
  }, 400_000)
  afterAll(() => ground.stop())

  it.each(own)('seed %i', (seed) => {
    const run = runs.get(seed)
    expect(run?.violations.slice(0, 20), JSON.stringify(run?.plan)).toEqual([])
  })
})

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
