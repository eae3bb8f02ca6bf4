/**
 * The program as it is on Lambda: the function that is uploaded, under AWS's emulator, behind a Function URL. Three environments
 * take a request at a time each, and are frozen between them; what finds none is throttled. The sweep has a function of its
 * own, which its schedule invokes.
 */
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { startBridge } from '../interop/lambda/bridge.ts'
import { builtFunction } from '../interop/lambda/built.ts'
import { type EmulatedFunction, startFunction } from '../interop/lambda/emulator.ts'
import { type Program, starvedMs } from './program.ts'

type Environment = Readonly<Record<string, string>>

/** The function's folder, built once for all schedules of a process. */
let built: Promise<string> | undefined

const task = (): Promise<string> => {
  built ??= builtFunction().then((function_) => {
    process.once('exit', () => void rm(function_.folder, { recursive: true, force: true }))
    return function_.task
  })
  return built
}

/** Seconds: the function's timeout. It answers before that, but where it cannot. */
const timeout = 8

/** The same of the sweep: the least that the template allows is 15. */
const sweepTimeout = 20

/** Requests that are handled at once: reserved concurrency. */
const concurrency = 3

/** Milliseconds between two turns of the schedule; EventBridge has a minute at least. */
const scheduleMs = 1_000

/** A place where invocations are handled, one at a time: a process runs there while one is. */
interface Place {
  /** The process that runs the function there now. */
  readonly pid: () => number | undefined
  /** Sends that process a signal; whether there was one. */
  readonly signal: (name: NodeJS.Signals) => boolean
  readonly isBusy: () => boolean
  readonly invoke: (event: unknown) => Promise<unknown>
  /** The lines that the environments there logged. */
  readonly lines: () => Record<string, unknown>[]
  readonly stop: () => Promise<void>
}

/**
 * Starts one. An emulator may end by itself while things befall its function, seldom: Lambda would make a new environment,
 * and so does this.
 */
const startPlace = async (env: Environment, seconds: number): Promise<Place> => {
  const start = async () => startFunction({ task: await task(), env, timeout: seconds })
  const all = [await start()]
  const now = () => all.at(-1) as EmulatedFunction
  const signal = (name: NodeJS.Signals) => now().kill(name)
  let busy = false
  let isOver = false
  return {
    pid: () => now().pid(),
    signal,
    isBusy: () => busy,
    async invoke(event) {
      busy = true
      try {
        if (now().hasEnded() && !isOver) all.push(await start())
        signal('SIGCONT')
        // An emulator that ends amid a request takes its answer with it: to Lambda a function that failed, which is no answer to HTTP.
        return await now()
          .invoke(event)
          .catch((error: unknown) => `the emulator failed: ${error}`)
      } finally {
        signal('SIGSTOP')
        busy = false
      }
    },
    lines: () => all.flatMap((one) => one.lines()),
    async stop() {
      isOver = true
      await Promise.all(all.map((one) => one.stop()))
    },
  }
}

/** What may happen to a function while it handles a request: it crashes, or does not go on until its timeout ends it. */
export type LambdaCrash = 'crash' | 'timeout'

export interface LambdaProgram extends Program {
  /** Lets it happen to an environment that is busy; whether one was. */
  readonly happen: (what: LambdaCrash) => boolean
}

/** Starts the function and its schedule. */
export const startLambdaProgram = async (env: Environment): Promise<LambdaProgram> => {
  const own = { OTLP2PARQUET_AUTH: 'none', OTLP2PARQUET_LOG_LEVEL: 'warn', ...env }
  const environments = await Promise.all(
    Array.from({ length: concurrency }, () => startPlace(own, timeout)),
  )
  const sweeper = await startPlace(own, sweepTimeout)
  const all = [...environments, sweeper]
  const bridge = await startBridge('Function URL', async (event) => {
    const free = environments.find((one) => !one.isBusy())
    return free === undefined ? { statusCode: 429, body: '' } : free.invoke(event)
  })
  // Where no emulator starts there is no turn.
  const sweep = () => sweeper.invoke({ otlp2parquet: 'sweep' }).catch(() => {})
  let isOver = false
  const sweeping = (async () => {
    for (; !isOver; await pause(scheduleMs)) {
      await sweep()
    }
  })()
  const endAll = async () => {
    isOver = true
    await bridge.stop()
    await Promise.all(all.map((one) => one.stop()))
    await sweeping
  }
  let ended: Promise<void> | undefined
  const end = () => {
    ended ??= endAll()
    return ended
  }
  return {
    url: bridge.url,
    get pid() {
      return environments.find((one) => one.isBusy())?.pid() ?? 0
    },
    happen(what) {
      const name = what === 'crash' ? 'SIGKILL' : 'SIGSTOP'
      return environments.some((one) => one.isBusy() && one.signal(name))
    },
    errors: () =>
      all
        .flatMap((one) => one.lines())
        .filter(({ level }) => level === 'warn' || level === 'error')
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    kill: end,
    async stop() {
      isOver = true
      await sweeping
      // What a failed turn leaves is paid by hand.
      await sweep()
      await end()
      return 0
    },
    openFiles: () => 0,
    starvedMs: () => environments.reduce((sum, one) => sum + starvedMs(one.pid() ?? 0), 0),
  }
}
