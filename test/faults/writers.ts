/** Many programs, one table. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { random } from '../judge/random.ts'
import type { Ground } from './grounds.ts'
import { checkAnswers, type Entry, longestMs, requestName, type Violation } from './ledger.ts'
import { nextRequest, type Sent } from './load.ts'
import { type Program, startProgram } from './program.ts'
import { payAll, type Receipts, receiptsEnv } from './schedule-receipts.ts'
import { sendWatched } from './senders.ts'
import type { Ledgered } from './table-judge.ts'

export interface WritersRun extends Ledgered {
  readonly violations: readonly Violation[]
  readonly acknowledged: number
  readonly answers: number
  /** Requests that were refused to the end. */
  readonly owed: number
  /** Snapshots that the writers made in those seconds. */
  readonly commits: number
  readonly seconds: number
}

export interface WritersOptions {
  /** For how long each has something new to write. */
  readonly trafficMs?: number
  /** `OTLP2PARQUET_COMMIT`; without it each commits by itself. */
  readonly commit?: 'auto' | 'deferred' | 'inline'
}

/** As on Node where nobody says otherwise. */
const byDefault = {
  OTLP2PARQUET_COMMIT_INTERVAL: '10',
  OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '10',
}

/** How long what is owed may take then: with fifty writers most attempts meet another's. */
const recoveryMs = 40_000

/**
 * What each program more adds to the time of an answer, beside what it waits for a processor itself: there are fewer cores than
 * programs, and the catalog, too, waits for one.
 */
const crowdMs = 120

/** Starts programs on one table, has each write what its client sends, and stops them. */
export const runWriters = async (
  ground: Ground,
  count: number,
  { trafficMs = 5_000, commit = 'inline' }: WritersOptions = {},
): Promise<WritersRun> => {
  const namespace = `w${count}${commit}`
  const folder = ground.folder ?? join(tmpdir(), `otlp2parquet-writers-${process.pid}`)
  // A file catalog has a place for them in any case: what could not be committed in time is owed, however it is to be committed.
  const owing: Receipts = {
    receipts: ground.receipts !== undefined,
    change: null,
    signals: ['logs'],
  }
  const env = {
    ...ground.env(namespace, ground.origins),
    ...receiptsEnv({ ...owing, receipts: commit !== 'inline' }, ground),
    ...byDefault,
    OTLP2PARQUET_COMMIT: commit,
  }
  const limit = pLimit(4)
  const starting = Array.from({ length: count }, () => limit(() => startProgram({ folder, env })))
  const started = await Promise.allSettled(starting)
  const programs = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    if (programs.length < count) throw new Error(`${count - programs.length} did not start`)
    const ledger: Entry[] = []
    // Somebody makes the table, and the first commit: Nessie 0.99 would take those of two writers.
    await write(programs.slice(0, 1), count, ledger, 0)
    const began = performance.now()
    const before = await snapshots(ground, namespace)
    const owed = await write(programs, count, ledger, trafficMs)
    const seconds = (performance.now() - began) / 1000
    const commits = (await snapshots(ground, namespace)) - before
    const codes = await Promise.all(programs.map((program) => program.stop()))
    const unpaid = owing.receipts ? await payAll(owing, ground, namespace) : []
    const ref = await ground.table(namespace, 'logs')
    const acknowledged = new Set(
      ledger.flatMap((e) => (e.kind === 'answer' && e.answer.status === 200 ? [e.id] : [])),
    )
    return {
      entries: ledger,
      tables: ref === null ? [] : [{ table: 'logs', ref }],
      violations: [
        ...checkAnswers(
          ledger,
          [200, 503],
          ({ starvedMs = 0 }) => longestMs + crowdMs * count + starvedMs,
        ),
        ...unpaid,
        ...codes.flatMap((code) => (code === 0 ? [] : [`I6: a program ended with ${code}`])),
      ],
      acknowledged: acknowledged.size,
      owed: owed.length,
      answers: ledger.filter(({ kind }) => kind === 'answer').length,
      commits,
      seconds,
    }
  } finally {
    await Promise.all(programs.map((program) => program.kill()))
  }
}

/** A client for each program, all at once; the names of requests that were never acknowledged. */
const write = async (
  programs: readonly Program[],
  count: number,
  ledger: Entry[],
  ms: number,
): Promise<string[]> => {
  const until = Date.now() + ms
  const owed = await Promise.all(
    programs.map((program, client) => {
      const request = requests(`w${count}`, ms === 0 ? count : client)
      return sendAll(program, request, ledger, until)
    }),
  )
  return owed.flat()
}

const requests = (run: string, client: number): (() => Sent) => {
  const dice = random(client + 1)
  let first = 0
  return () => {
    const own = { records: 1 + dice.below(5), signal: 'logs', services: 1, hours: 1 } as const
    const request = { ...nextRequest(run, client, first, dice), ...own }
    first += request.records
    return request
  }
}

/** One request after the other, each until it is acknowledged. */
const sendAll = async (
  program: Program,
  next: () => Sent,
  ledger: Entry[],
  until: number,
): Promise<string[]> => {
  do {
    const request = next()
    const id = requestName(request)
    ledger.push({ kind: 'sent', id, request })
    for (let status: number | null = null; status !== 200; ) {
      const answer = await sendWatched(program, request)
      ledger.push({ kind: 'answer', id, answer })
      status = answer.status
      if (status !== 200 && Date.now() > until + recoveryMs) return [id]
      if (status !== 200) await pause(200)
    }
  } while (Date.now() < until)
  return []
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const snapshots = async (ground: Ground, namespace: string): Promise<number> => {
  const table = await (await ground.open()).load({ namespace: [namespace], name: 'logs' })
  return table?.metadata['last-sequence-number'] ?? 0
}
