/**
 * Protects tables from many programs that write them at once: each is a process of its own, and every acknowledged row is
 * there once, in one line of snapshots.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ground, grounds } from './grounds.ts'
import { judgeTables } from './table-judge.ts'
import { runWriters, type WritersRun } from './writers.ts'

/** How many programs write at once where. */
const counts: Readonly<Record<string, readonly number[]>> = {
  'Java on disk': [2, 10, 50],
  'Java on versitygw': [2, 10, 50],
  ministack: [2, 10],
  'files on disk': [2, 10, 50],
  'files on versitygw': [2, 10],
  Nessie: [2, 10],
}

const told = ({ commits, seconds, acknowledged, answers, owed }: WritersRun): string =>
  `${acknowledged} requests in ${answers} answers (${owed} given up), ${commits} commits, ${(commits / seconds).toFixed(1)} a second`

describe.each(Object.entries(counts))('%s', (name, all) => {
  let ground: Ground
  const runs = new Map<number, WritersRun>()
  const violations = new Map<number, readonly string[]>()

  beforeAll(async () => {
    ground = await (grounds[name] as (typeof grounds)[string])(name)
    for (const count of all) runs.set(count, await runWriters(ground, count))
    // Readers are programs that take long to start: all tables at once.
    const found = await judgeTables([...runs.values()])
    for (const [i, count] of all.entries()) violations.set(count, found[i] ?? [])
  }, 400_000)
  afterAll(() => ground.stop())

  it.each(all)('%i programs', (count) => {
    const run = runs.get(count) as WritersRun
    console.log(`${name}, ${count} programs: ${told(run)}`)
    expect([...run.violations, ...(violations.get(count) ?? [])].slice(0, 20)).toEqual([])
    // What is refused is resent by its sender, until it is acknowledged: no client gets less than one request through.
    expect(run.owed).toBe(0)
    expect(run.acknowledged).toBeGreaterThanOrEqual(count)
    expect(run.commits).toBeGreaterThan(0)
  })
})
