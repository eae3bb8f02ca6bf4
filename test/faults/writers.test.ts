/**
 * Protects tables from many programs that write them at once: each is a process of its own, and every acknowledged row is
 * there once, in one line of snapshots.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ground, grounds } from './grounds.ts'
import { judgeTables } from './table-judge.ts'
import { runWriters } from './writers.ts'

/** How many programs write at once where. */
const counts: Readonly<Record<string, readonly number[]>> = {
  'Java on disk': [2, 10, 50],
  'Java on versitygw': [2, 10, 50],
  ministack: [2, 10],
  'files on versitygw': [2, 10],
  Nessie: [2, 10],
}

describe.each(Object.entries(counts))('%s', (name, all) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await (grounds[name] as (typeof grounds)[string])(name)
  })
  afterAll(() => ground.stop())

  it.each(all)('%i programs', async (programs) => {
    const run = await runWriters(ground, programs)
    const { commits, seconds, acknowledged, answers } = run
    const rate = (commits / seconds).toFixed(1)
    console.log(
      `${name}, ${programs} programs: ${acknowledged} requests in ${answers} answers, ${commits} commits, ${rate} a second`,
    )
    const [violations] = await judgeTables([run])
    expect([...run.violations, ...(violations ?? [])].slice(0, 20)).toEqual([])
    expect(acknowledged).toBeGreaterThanOrEqual(programs)
  })
})
