/**
 * Protects every acknowledged record from what happens between programs, catalogs and S3: sixty schedules before real
 * servers, each a seed's. Afterwards each record is there once, by three readers; every request was answered in time; and
 * nothing was ever dropped or deleted.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ground, grounds } from './grounds.ts'
import { groundOf, type Judged, runSchedules, tallyOf } from './schedules.ts'

const seeds = Array.from({ length: 60 }, (_, i) => i + 1)

/** Seeds that once broke a rule, beyond the first sixty, and what was wrong. */
const regressions: readonly { readonly seed: number; readonly what: string }[] = []

const all = [...seeds, ...regressions.map(({ seed }) => seed)]
const runs = new Map<number, Judged>()

/** By ground: its seeds. */
const byGround = Object.entries(Object.groupBy(all, groundOf)) as [string, number[]][]

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

it('all that can happen did', () => {
  const tally = tallyOf([...runs.values()])
  console.log(JSON.stringify(tally))
  const met = Object.keys(tally)
  const troubles = ['drop', 'tear', 'lose', 'cut', 'delay', 'linger', 'hold', 'twice', 'replay']
  for (const what of troubles) expect(met.map((one) => one.split(' ')[1])).toContain(what)
  for (const what of ['swap meanwhile', 'compacted']) expect(tally[what]).toBeGreaterThan(0)
  const changed = ['drop', 'recreate', 'rename', 'rename back'].map((what) => tally[what] ?? 0)
  expect(changed.reduce((sum, times) => sum + times)).toBeGreaterThan(3)
  const statuses = new Set(met.map((what) => what.split(' ')[2]))
  for (const status of [403, 409, 429, 500, 502, 503, 504])
    expect(statuses).toContain(String(status))
  const idle = [...runs.values()].filter(({ acknowledged }) => acknowledged === 0)
  // A table may be dropped before anything is in it.
  expect(idle.length).toBeLessThan(runs.size / 10)
})
