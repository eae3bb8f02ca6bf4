/**
 * Schedules by their seeds, before real servers. `node test/faults/schedules.ts --from 1 --seeds 600 [--every 10] [--ground ministack] [--receipts]`
 * runs more than the tests do; a seed repeats what is decided, though not what machines do meanwhile.
 */
import { parseArgs } from 'node:util'
import pLimit from 'p-limit'
import { type Ground, grounds } from './grounds.ts'
import { tallyOf } from './happenings.ts'
import { runSchedule, type ScheduleRun } from './schedule.ts'
import { planOf } from './schedule-plan.ts'
import { judgeTables } from './table-judge.ts'

/** Every tenth seed is one for Nessie, which takes longest to start. */
const turns: readonly string[] = [
  ...['Java on versitygw', 'files on versitygw', 'ministack', 'Java on disk', 'files on versitygw'],
  ...['Java on versitygw', 'ministack', 'files on versitygw', 'Java on disk', 'Nessie'],
]

/** With receipts: where there is a place for them. */
const receiptTurns: readonly string[] = [
  ...['files on versitygw', 'Java on versitygw', 'ministack', 'files on versitygw', 'ministack'],
  ...['Java on versitygw', 'files on versitygw', 'ministack', 'Java on versitygw', 'Nessie'],
]

/** On which ground a seed's schedule happens. */
export const groundOf = (seed: number, receipts = false): string =>
  (receipts ? receiptTurns : turns)[seed % turns.length] as string

/** Schedules at once: most of their time is waiting. */
const concurrency = 5

export interface Judged extends ScheduleRun {
  /** Those of the readers too. */
  readonly violations: ScheduleRun['violations']
}

/** Runs the schedules of some seeds on one ground, and has all their tables judged. */
export const runSchedules = async (
  ground: Ground,
  seeds: readonly number[],
  receipts = false,
): Promise<Judged[]> => {
  const limit = pLimit(concurrency)
  // Each to its end, whatever becomes of another: it leaves no program behind.
  const ended = await Promise.allSettled(
    seeds.map((seed) => limit(() => runSchedule(planOf(seed, ground, receipts), ground))),
  )
  const failed = ended.find((end) => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const runs = ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
  const found = await judgeTables(runs)
  return runs.map((run, i) => ({ ...run, violations: [...run.violations, ...(found[i] ?? [])] }))
}

const tell = ({ plan, violations, acknowledged, entries, said, calls }: Judged): void => {
  const told = entries.flatMap((entry) => (entry.kind === 'answer' ? [entry.answer.status] : []))
  const statuses = JSON.stringify(
    Object.fromEntries(
      Map.groupBy(told, String)
        .entries()
        .map(([status, all]) => [status, all.length]),
    ),
  )
  const answers = entries.filter(({ kind }) => kind === 'answer').length
  console.log(
    `seed ${plan.seed}: ${acknowledged} requests, ${answers} answers, ${plan.runtime}: ${statuses}`,
  )
  if (violations.length === 0) return
  console.log(JSON.stringify(plan))
  for (const violation of violations.slice(0, 12)) console.log(`  ${violation}`)
  if (!process.env.FAULTS_VERBOSE) return
  console.log(said)
  for (const { body, ...call } of calls) console.log(JSON.stringify(call))
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '60' },
      every: { type: 'string', default: '1' },
      ground: { type: 'string' },
      receipts: { type: 'boolean', default: false },
    },
  })
  const first = Number(values.from)
  const seeds = Array.from(
    { length: Number(values.seeds) },
    (_, i) => first + i * Number(values.every),
  )
  const named = Object.groupBy(seeds, (seed) => values.ground ?? groundOf(seed, values.receipts))
  let broken = 0
  for (const [name, own = []] of Object.entries(named)) {
    const began = Date.now()
    const ground = await (grounds[name] as (typeof grounds)[string])(name)
    try {
      const runs = await runSchedules(ground, own, values.receipts)
      for (const run of runs) tell(run)
      broken += runs.filter(({ violations }) => violations.length > 0).length
      console.log(`${name}: ${own.length} seeds in ${Math.round((Date.now() - began) / 1000)} s`)
      console.log(JSON.stringify(tallyOf(runs)))
    } finally {
      await ground.stop()
    }
  }
  console.log(`${broken} of ${seeds.length} schedules broke a rule`)
  process.exitCode = broken === 0 ? 0 : 1
}
