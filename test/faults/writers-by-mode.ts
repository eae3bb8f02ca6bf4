/**
 * How many requests and commits a second so many programs make of one table, by `OTLP2PARQUET_COMMIT`:
 * `node test/faults/writers-by-mode.ts [--ground "Java on versitygw"] [--writers 1,5,20,50] [--seconds 30]`. Every acknowledged
 * row is there once afterwards, as the readers of schedules read the tables.
 */
import { parseArgs } from 'node:util'
import { grounds } from './grounds.ts'
import { judgeTables } from './table-judge.ts'
import { runWriters, type WritersRun } from './writers.ts'

const { values } = parseArgs({
  options: {
    ground: { type: 'string', default: 'Java on versitygw' },
    writers: { type: 'string', default: '1,5,20,50' },
    seconds: { type: 'string', default: '30' },
  },
})
const start = grounds[values.ground]
if (start === undefined) throw new Error(`no such ground: ${Object.keys(grounds).join(', ')}`)
const ground = await start(values.ground)
try {
  const runs: WritersRun[] = []
  for (const commit of ['inline', 'auto', 'deferred'] as const) {
    for (const count of values.writers.split(',').map(Number)) {
      const run = await runWriters(ground, count, {
        commit,
        trafficMs: Number(values.seconds) * 1000,
      })
      const { acknowledged, owed, commits, seconds } = run
      const rate = (number: number) => (number / seconds).toFixed(2)
      console.log(
        `${values.ground}, ${commit}, ${count} programs: ${acknowledged} requests (${rate(acknowledged)} a second, ${owed} given up), ${commits} commits (${rate(commits)} a second)`,
      )
      runs.push(run)
    }
  }
  const violations = [...runs.flatMap((run) => run.violations), ...(await judgeTables(runs)).flat()]
  for (const violation of violations.slice(0, 20)) console.log(violation)
  console.log(`${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
} finally {
  await ground.stop()
}
