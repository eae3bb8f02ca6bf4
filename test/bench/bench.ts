/** `npm run bench`: what every stage costs, and the whole way over HTTP, beside the naive way. */
import { execFile } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { bareName, type ColdStart, coldStarts } from './cold-start.ts'
import { commitCosts, commitLines } from './commits.ts'
import { checkFairness } from './fairness.ts'
import { measureServer, nodeFlags, type Served } from './over-http.ts'
import { type Payload, payloadOf } from './payloads.ts'
import { effortOf, nameOf, type Task, tasksOf } from './plan.ts'
import { slowCommitLines, slowCommits } from './slow-commits.ts'
import type { Stage } from './stages.ts'
import { type Figures, head, type Line, legend, textOf } from './table.ts'
import { comparisons } from './targets.ts'
import { workerLines } from './worker.ts'

const help = `npm run bench -- [options]

  --smoke        the least that touches everything, in some seconds
  --full         every kind, size, encoding and concurrency with every other
  --only WORDS   only what has all of these words in its name, such as
                 "http logs protobuf 10000 x8" or "stages json"; "start" for the starts alone,
                 "commits" for commits to Iceberg tables alone, "lambda" for the function on Lambda
                 (which needs test/interop/install.sh lambda ric), "worker" for the Worker in workerd
  --list         the names, without measuring
  --help

${legend}`

const root = join(import.meta.dirname, '../..')

const run = promisify(execFile)

const encodingOf = ({ coding }: Task): Payload['encoding'] =>
  coding === 'json' ? 'json' : 'protobuf'

const stagesOf = async (way: 'ours' | 'naive', task: Task, smoke: boolean): Promise<Stage[]> => {
  const { kind, records } = task
  const effort = JSON.stringify(effortOf(records, smoke))
  const about = [way, kind, String(records), encodingOf(task), effort]
  const { stdout } = await run(process.execPath, [...nodeFlags, 'test/bench/stages.ts', ...about], {
    cwd: root,
  })
  return JSON.parse(stdout)
}

const measureStages = async (task: Task, smoke: boolean): Promise<Line[]> => {
  const ours = await stagesOf('ours', task, smoke)
  const naive = new Map((await stagesOf('naive', task, smoke)).map((stage) => [stage.name, stage]))
  const { kind, coding, records, concurrency } = task
  return ours.map((stage) => ({
    stage: stage.name,
    payload: `${kind} ${coding}`,
    records,
    concurrency,
    ours: figuresOf(stage, records),
    naive: figuresOf(naive.get(stage.name), records),
  }))
}

const measureHttp = async (task: Task, smoke: boolean): Promise<Line[]> => {
  const { kind, coding, records, concurrency } = task
  const payload = payloadOf(kind, records, encodingOf(task))
  const sending = { payload, coding, concurrency, effort: effortOf(records, smoke) }
  const ours = await measureServer('ours', sending)
  const naive = await measureServer('naive', sending)
  return [
    {
      stage: 'whole way over HTTP',
      payload: `${kind} ${coding}`,
      records,
      concurrency,
      ours: figuresOf(ours, records),
      naive: figuresOf(naive, records),
    },
  ]
}

function figuresOf(measured: Stage | Served, records: number): Figures
function figuresOf(measured: Stage | Served | undefined, records: number): Figures | undefined
function figuresOf(measured: Stage | Served | undefined, records: number): Figures | undefined {
  if (measured === undefined) return undefined
  const { bytes, spent } = measured
  return {
    spent,
    records: measured.records,
    ...('peakMemory' in measured && { peakMemory: measured.peakMemory }),
    ...(bytes !== undefined && { bytesPerRecord: bytes / records }),
  }
}

/** Returns all starts but the bare server's. */
const printStarts = async (smoke: boolean): Promise<ColdStart[]> => {
  console.log('\nprocess start to first 200, a request of 1,000 logs')
  const starts = await coldStarts(payloadOf('logs', 1000, 'protobuf').next(), smoke ? 1 : 9)
  for (const { name, milliseconds, ratio } of starts)
    console.log(`${name.padEnd(16)} ${milliseconds.toFixed(0).padStart(5)} ms ${ratio.toFixed(2)}`)
  return starts.filter(({ name }) => name !== bareName)
}

const printCommits = async (smoke: boolean): Promise<void> => {
  console.log(['', machine(), ...commitLines(await commitCosts(smoke))].join('\n'))
  console.log(slowCommitLines(await slowCommits(smoke)).join('\n'))
}

/** Loaded when asked for: its emulator is no package of npm. */
const printLambda = async (smoke: boolean): Promise<void> => {
  const { lambdaLines } = await import('./lambda.ts')
  console.log([machine(), '', ...(await lambdaLines(smoke)), '', machine()].join('\n'))
}

const printWorker = async (smoke: boolean): Promise<void> =>
  console.log(['', machine(), ...(await workerLines(smoke)), machine()].join('\n'))

/** What is measured but is no task of the table. */
const alone: readonly string[] = ['start', 'commits', 'lambda', 'worker']

const machine = (): string => {
  const [first] = cpus()
  const load = loadavg().map((load) => load.toFixed(1))
  return `Node ${process.version}, ${cpus().length} × ${first?.model.trim()}, load ${load.join(' ')}, ${new Date().toISOString()}`
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      smoke: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(help)
  const { smoke, only } = values
  const tasks = alone.includes(only) ? [] : tasksOf(values)
  if (values.list) return console.log(tasks.map(nameOf).join('\n'))
  if (tasks.length === 0 && !alone.includes(only))
    throw new Error(`nothing is named "${only}": see --list`)
  if (only === 'commits') return printCommits(smoke)
  if (only === 'lambda') return printLambda(smoke)
  if (only === 'worker') return printWorker(smoke)
  // What users install is measured: the bundle.
  await run('npm', ['run', 'build'], { cwd: root })
  await checkFairness()
  console.log(`${machine()}; both ways store the same values\n\n${head()}`)
  const lines: Line[] = []
  for (const task of tasks) {
    const measured = await (task.what === 'stages' ? measureStages : measureHttp)(task, smoke)
    for (const line of measured) console.log(textOf(line))
    lines.push(...measured)
  }
  console.log(`\n${legend}`)
  if (only === '') await printCommits(smoke)
  const starts = only === '' || only === 'start' ? await printStarts(smoke) : []
  if (!smoke) console.log(['', ...comparisons(lines, starts), '', machine()].join('\n'))
}

await main()
