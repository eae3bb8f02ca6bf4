/**
 * Kills the program at random moments under load, starts it again on the same folder, and asks
 * independent readers whether every acknowledged record is there, once: in files of plain Parquet, or in Iceberg tables.
 *
 * `npm run faults -- --rounds 50 --seed 1 --as iceberg`; without `--as` one after the other. The seed repeats what is sent and the moments, though
 * not what the machine does meanwhile.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { peers } from '../interop/programs.ts'
import type { Reading } from '../interop/rows.ts'
import { random } from '../judge/random.ts'
import { type Client, createClient } from './clients.ts'
import { checkTables, icebergEnvironment, judgeTablesBelow, payTables } from './killed-tables.ts'
import {
  checkAnswers,
  checkFiles,
  checkRows,
  type Entry,
  openLedger,
  type Violation,
} from './ledger.ts'
import { filesBelow, type Program, startProgram } from './program.ts'
import { absent, judges, readAll } from './readers.ts'

export interface KillOptions {
  readonly rounds: number
  readonly seed: number
  /** What the program makes of requests: files of plain Parquet without it. */
  readonly as?: Form
  /** Told what happens. */
  readonly say?: (line: string) => void
}

/** What a run saw. */
export interface KillReport {
  readonly violations: Violation[]
  readonly acknowledged: number
  readonly broken: number
  readonly files: number
  readonly leftovers: number
  /** Receipts that killed programs left: the next ones paid them. */
  readonly receipts: number
  readonly rows: Readonly<Record<string, number>>
}

/** What becomes of requests. */
export type Form = 'plain' | 'iceberg'

/** How a program is started that makes this of requests, and how that is looked at. */
interface Subject {
  readonly env: Readonly<Record<string, string>>
  /** Of the files that hold no rows, those that a program at work alone may have. */
  readonly isUnfinished: (file: string) => boolean
  /** Looks at what a killed program left: all data files, and those that are new. */
  readonly check: (
    data: string,
    files: readonly string[],
    fresh: readonly string[],
  ) => Promise<Violation[]>
  /** Pays by hand what the last program left. */
  readonly pay: (data: string) => Promise<void>
  readonly judge: (
    data: string,
    entries: readonly Entry[],
    say: (line: string) => void,
  ) => Promise<Omit<KillReport, 'leftovers' | 'receipts' | 'acknowledged' | 'broken'>>
}

const clientCount = 6
/** The longest that a program under load may live after its first answer, and a starting one at all. */
const loadMs = 800
const startMs = 400

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs the rounds in a folder of its own, which is removed when no rule was broken. */
export const runKills = async ({
  rounds,
  seed,
  as = 'plain',
  say = () => {},
}: KillOptions): Promise<KillReport> => {
  const subject = subjects[as]
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-kill-'))
  const data = join(folder, 'data')
  const ledger = openLedger(join(folder, 'ledger.jsonl'))
  const dice = random(seed)
  const run = (seed >>> 0).toString(16)
  const clients = Array.from({ length: clientCount }, (_, i) =>
    createClient(run, i, ledger, random(seed + 1 + i)),
  )
  const violations: Violation[] = []
  const seen = new Set<string>()
  let leftovers = 0
  let receipts = 0
  for (let round = 0; round < rounds; round++) {
    if (dice.oneIn(10)) await killStarting(data, dice.below(startMs), subject)
    await killLoaded(data, clients, dice.below(loadMs), subject, violations)
    const { data: files, other } = await filesBelow(data)
    const unfinished = other.filter(subject.isUnfinished)
    leftovers += unfinished.length
    receipts += other.filter((file) => /^_receipts\/(owed|quarantine)\/.*\.json$/.test(file)).length
    const fresh = files.filter((file) => !seen.has(file))
    violations.push(...(await subject.check(data, files, fresh)))
    for (const file of files) seen.add(file)
    say(`round ${round + 1}: ${files.length} files, ${unfinished.length} unfinished`)
  }
  await finish(data, clients, subject, violations)
  const entries = ledger.entries()
  const judged = await subject.judge(data, entries, say)
  violations.push(...checkAnswers(entries), ...judged.violations)
  if (violations.length === 0) await rm(folder, { recursive: true })
  else say(`kept: ${folder}`)
  const statuses = entries.flatMap((entry) =>
    entry.kind === 'answer' ? [entry.answer.status] : [],
  )
  return {
    ...judged,
    violations,
    leftovers,
    receipts,
    acknowledged: statuses.filter((status) => status === 200).length,
    broken: statuses.filter((status) => status === null).length,
  }
}

/** Kills a program that has not begun to listen, most likely. */
const killStarting = async (data: string, afterMs: number, { env }: Subject): Promise<void> => {
  await startProgram({
    folder: data,
    env,
    onSpawn: (child) => setTimeout(() => child.kill('SIGKILL'), afterMs),
  }).catch(() => undefined)
}

/** Starts the program, lets clients work until it has answered and for a while more, and kills it. */
const killLoaded = async (
  data: string,
  clients: readonly Client[],
  afterMs: number,
  subject: Subject,
  violations: Violation[],
): Promise<void> => {
  const program = await startClean(data, subject, violations)
  let answered = () => {}
  const firstAnswer = new Promise<void>((resolve) => {
    answered = resolve
  })
  const work = Promise.all(clients.map((client) => client.work(program.url, answered)))
  await Promise.race([firstAnswer, work])
  await pause(afterMs)
  await program.kill()
  await work
  if (program.errors() !== '') violations.push(`I5: the program complained: ${program.errors()}`)
}

/** A start leaves no temporary file of the killed one. */
const startClean = async (
  data: string,
  { env, isUnfinished }: Subject,
  violations: Violation[],
): Promise<Program> => {
  const program = await startProgram({ folder: data, env })
  const { other } = await filesBelow(data)
  violations.push(
    ...other.filter(isUnfinished).map((file) => `I6: ${file} is still there after a start`),
  )
  return program
}

/** Every file opens right after the kill, before anybody could mend it. */
const checkOpen = async (data: string, files: readonly string[]): Promise<Violation[]> => {
  const violations: Violation[] = []
  const reader = judges.hyparquet
  if (reader === undefined) throw new Error('hyparquet must be there')
  for (const file of files) {
    await reader(data, [file]).catch((error: unknown) => {
      violations.push(`I4: ${file} does not open: ${error}`)
    })
  }
  return violations
}

/** Sends what is owed, checks that the program is as it was at its start, stops it, and pays what it leaves. */
const finish = async (
  data: string,
  clients: readonly Client[],
  subject: Subject,
  violations: Violation[],
): Promise<void> => {
  const program = await startClean(data, subject, violations)
  const before = program.openFiles()
  await Promise.all(clients.map((client) => client.finish(program.url)))
  // Connections close a moment after the clients let go of them.
  for (let i = 0; program.openFiles() > before + 1 && i < 100; i++) await pause(20)
  const after = program.openFiles()
  if (after > before + 1) violations.push(`I6: ${before} open files became ${after}`)
  const code = await program.stop()
  if (code !== 0) violations.push(`I6: the program ended with ${code}`)
  const { other } = await filesBelow(data)
  violations.push(...other.filter(subject.isUnfinished).map((file) => `I6: ${file} is left`))
  await subject.pay(data)
}

/** What a reader found; null, and a broken rule, when a file does not open. */
const readBy = async (
  name: string,
  data: string,
  files: readonly string[],
  violations: Violation[],
): Promise<Reading[] | null> => {
  const reader = judges[name]
  if (reader === undefined) return null
  return readAll(reader, data, files).catch((error: unknown) => {
    violations.push(`I4: ${name} cannot read: ${error}`)
    return null
  })
}

const judge: Subject['judge'] = async (data, entries, say) => {
  const { data: files } = await filesBelow(data)
  const violations: Violation[] = []
  const found: Record<string, Reading[]> = {}
  const rows: Record<string, number> = {}
  for (const name of Object.keys(judges)) {
    const readings = await readBy(name, data, files, violations)
    if (readings === null) continue
    found[name] = readings
    rows[name] = readings.reduce((sum, reading) => sum + reading.rows.length, 0)
    violations.push(...checkRows(entries, readings).map((violation) => `${name}: ${violation}`))
    say(`${name} read ${rows[name]} rows`)
  }
  violations.push(...checkFiles(files, found))
  return { violations, files: files.length, rows }
}

const subjects: Readonly<Record<Form, Subject>> = {
  plain: {
    env: {},
    isUnfinished: () => true,
    check: (data, _, fresh) => checkOpen(data, fresh),
    pay: async () => {},
    judge,
  },
  iceberg: {
    env: icebergEnvironment,
    isUnfinished: (file) => file.startsWith('.tmp/'),
    check: checkTables,
    pay: payTables,
    judge: judgeTablesBelow,
  },
}

/** Why a run shows nothing, whatever it found; null when it does show something. */
export const idleness = ({
  acknowledged,
  broken,
}: Pick<KillReport, 'acknowledged' | 'broken'>): string | null => {
  if (acknowledged === 0) return 'nothing was acknowledged: this run shows nothing'
  return broken === 0 ? 'no kill broke a connection: this run shows nothing' : null
}

/** Runs what the command line asks for, and says what it saw; whether no rule was broken. */
const runAndTell = async (options: KillOptions): Promise<boolean> => {
  console.log(`${options.as}, seed ${options.seed}`)
  const report = await runKills({ ...options, say: console.log })
  for (const violation of report.violations.slice(0, 20)) console.error(violation)
  const { violations, ...figures } = report
  console.log(JSON.stringify(figures))
  const idle = idleness(report)
  if (idle !== null) console.error(idle)
  console.log(`${options.as}: ${violations.length} broken rules; seed ${options.seed}`)
  return violations.length === 0 && idle === null
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      seed: { type: 'string' },
      as: { type: 'string' },
      // Fails where a judge is not installed.
      judged: { type: 'boolean', default: false },
    },
  })
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  const forms = (Object.keys(subjects) as Form[]).filter((form) => form === (values.as ?? form))
  if (forms.length === 0) throw new Error(`--as is plain or iceberg, not ${values.as}`)
  for (const as of forms) {
    if (as === 'iceberg' && !existsSync(peers)) {
      console.log('iceberg: nobody to judge it is installed (npm run interop)')
      if (values.judged) process.exitCode = 1
      continue
    }
    const isWhole = await runAndTell({ rounds: Number(values.rounds), seed, as })
    if (!isWhole) process.exitCode = 1
  }
  for (const [name, why] of Object.entries(absent)) {
    console.log(`${name} did not judge: ${why}`)
    if (values.judged) process.exitCode = 1
  }
}
