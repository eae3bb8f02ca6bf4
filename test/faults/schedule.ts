/** One schedule: programs before real servers, clients, other writers, an operator, and whatever the weather does between. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Random, random } from '../judge/random.ts'
import type { Ground } from './grounds.ts'
import { type LambdaCrash, type LambdaProgram, startLambdaProgram } from './lambda-program.ts'
import { type Entry, longestMs, requestName, type Violation } from './ledger.ts'
import { createOperator, type EndTable, type Operator } from './operator.ts'
import { type Program, startProgram } from './program.ts'
import { type FaultProxy, type Logged, startFaultProxy } from './proxy.ts'
import {
  checkCalls,
  checkLedger,
  type Stop,
  warmClient,
  withoutExcused,
} from './schedule-checks.ts'
import type { Plan } from './schedule-plan.ts'
import { payAll, receiptsEnv, stillOwed } from './schedule-receipts.ts'
import { createSender, type Sender, sendWatched } from './senders.ts'
import { createSure } from './sure.ts'
import {
  catalogService,
  createWeather,
  fileCatalogService,
  type Purpose,
  type Service,
  s3Service,
  type Weather,
} from './weather.ts'

/** A call that a program made. */
export interface Told extends Logged {
  readonly purpose: Purpose
  /** Which server's proxy had it. */
  readonly server: string
}

export interface ScheduleRun {
  readonly plan: Plan
  readonly ground: Ground
  readonly violations: Violation[]
  /** The ledger; what was acknowledged of a table that was dropped later is not in it as acknowledged. */
  readonly entries: readonly Entry[]
  readonly tables: readonly EndTable[]
  readonly acknowledged: number
  /** What the operator did, and how often. */
  readonly changes: ReadonlyMap<string, number>
  /** What happened to functions on Lambda. */
  readonly crashes: readonly LambdaCrash[]
  /** How often several programs had the same request at once, and each acknowledged it. */
  readonly twins: number
  readonly calls: readonly Told[]
  /** What the programs logged. */
  readonly said: string
}

/** How long clients may need to get rid of what they owe once all is well. */
const recoveryMs = 25_000

/** For how much longer there is traffic where something that is sure has not happened yet. */
const overtimeMs = 8_000

/** Runs a schedule to its end; what readers find is judged afterwards. */
export const runSchedule = async (plan: Plan, ground: Ground): Promise<ScheduleRun> => {
  const namespace = `s${plan.seed}`
  const dice = random(plan.seed + 1)
  let weather: Weather | null = null
  const proxies = await startProxies(ground, (service) => {
    const decided = new Map<Weather, ReturnType<Weather['decide']>>()
    return (call) => {
      if (weather === null) return { do: 'pass' }
      const decide = decided.get(weather) ?? weather.decide(service)
      decided.set(weather, decide)
      return decide(call)
    }
  })
  const env = { ...ground.env(namespace, proxies.origins), ...receiptsEnv(plan, ground) }
  const programs = await startPrograms(plan, ground, env)
  const ledger: Entry[] = []
  const stops: Stop[] = []
  const crashes: LambdaCrash[] = []
  const operator = createOperator(plan, ground, namespace)
  try {
    const senders = Array.from({ length: plan.senders }, (_, number) =>
      createSender({
        run: plan.seed.toString(16),
        number,
        signals: plan.signals,
        programs,
        ledger,
        dice: random(plan.seed * 31 + number),
        most: 15,
        listenMs: longestMs + plan.stops.reduce((sum, { ms }) => sum + ms, 0) + 20_000,
      }),
    )
    if (plan.warm) await warmUp(plan, programs, ledger)
    const sure = createSure({
      kinds: plan.sure,
      dice: random(plan.seed + 2),
      purposes: new Set(proxies.services.flatMap(({ purposes }) => purposes)),
      compact: operator.compact,
      mostCompactions: plan.mostCompactions,
    })
    weather = createWeather({
      ...{ dice, ms: plan.ms, services: proxies.services, sure },
      meanwhile: (call) =>
        operator.meanwhile(call) ??
        (plan.compactions && dice.oneIn(6) ? () => operator.compact(call) : null),
    })
    const until = Date.now() + plan.ms
    const isOver = () =>
      Date.now() > until + overtimeMs ||
      (Date.now() > until && sure.isDone() && !operator.isWaiting())
    await Promise.all([
      ...senders.map((sender) => sender.work(isOver)),
      operator.act(),
      stopAndGo(plan, programs, dice, stops),
      crash(plan, programs, crashes),
    ])
    weather.clear()
    await Promise.all(proxies.all.map((proxy) => proxy.landed()))
    const violations = await settle(senders, operator)
    violations.push(...(await endPrograms(programs)))
    // With a file catalog also those who commit by themselves owe what could not be committed in time.
    if (ground.receipts !== undefined) {
      violations.push(...(await payAll(plan, ground, namespace, operator.tidy)))
    }
    const attempted = senders.flatMap(({ requests }) => requests)
    const owed = await stillOwed(
      plan,
      ground,
      namespace,
      attempted.map(({ request }) => request),
    )
    return {
      plan,
      ground,
      violations: [
        ...violations,
        ...checkLedger(ledger, stops, plan.runtime),
        ...checkCalls(proxies.all),
      ],
      entries: withoutExcused(ledger, senders, operator, owed),
      tables: await operator.tables(),
      acknowledged: attempted.filter((request) => request.acknowledged).length,
      changes: new Map(operator.done()),
      crashes,
      twins: senders.reduce((sum, sender) => sum + sender.twins(), 0),
      calls: proxies.told(),
      said: programs.map((program) => program.errors()).join(''),
    }
  } finally {
    for (const program of programs) await program.kill()
    for (const proxy of proxies.all) await proxy.stop()
  }
}

type Decide = Parameters<typeof startFaultProxy>[0]['decide']

/** A proxy before each server. A server that names itself or another is made to name the proxy. */
const startProxies = async ({ origins }: Ground, decide: (service: Service) => Decide) => {
  const before: Record<string, FaultProxy> = {}
  const services: Record<string, Service> = {}
  if (origins.s3 !== undefined) {
    services.s3 = origins.catalog === undefined ? fileCatalogService : s3Service
    before.s3 = await startFaultProxy({ target: origins.s3, decide: decide(services.s3) })
  }
  if (origins.catalog !== undefined) {
    services.catalog = catalogService
    const rewrite = origins.s3 && before.s3 ? { [origins.s3]: before.s3.url } : {}
    const options = { target: origins.catalog, decide: decide(catalogService), rewrite }
    before.catalog = await startFaultProxy(options)
  }
  return {
    all: Object.values(before),
    services: Object.values(services),
    told: (): Told[] =>
      Object.entries(before).flatMap(([server, { log }]) =>
        log.map((call) => ({ ...call, server, purpose: purposeOf(services[server], call) })),
      ),
    origins: Object.fromEntries(Object.entries(before).map(([name, { url }]) => [name, url])),
  }
}

const purposeOf = (service: Service | undefined, { method, path, body }: Logged): Purpose =>
  service?.purpose({ method, path, body: Buffer.from(body) }) ?? 'read'

const startPrograms = (
  { seed, programs, runtime }: Plan,
  { folder }: Ground,
  env: Readonly<Record<string, string>>,
): Promise<Program[]> => {
  if (runtime === 'lambda') {
    return Promise.all(Array.from({ length: programs }, () => startLambdaProgram(env)))
  }
  const path = folder ?? join(tmpdir(), `otlp2parquet-schedule-${process.pid}-${seed}`)
  const starting = Array.from({ length: programs }, () => startProgram({ folder: path, env }))
  return Promise.all(starting)
}

/** One request for each table, by one program, until it is acknowledged: nobody else makes the first commit. */
const warmUp = async (plan: Plan, programs: readonly Program[], ledger: Entry[]): Promise<void> => {
  for (const [first, signal] of plan.signals.entries()) {
    const own = { client: warmClient, first, records: 1, services: 1, hours: 1 }
    const request = { run: plan.seed.toString(16), ...own, signal }
    const id = requestName(request)
    ledger.push({ kind: 'sent', id, request })
    for (let status: number | null = null; status !== 200; await pause(100)) {
      const answer = await sendWatched(programs[0] as Program, request)
      ledger.push({ kind: 'answer', id, answer })
      status = answer.status
    }
  }
}

/** SIGSTOP and SIGCONT; what was done when is kept in `stops`. */
const stopAndGo = async (
  plan: Plan,
  programs: readonly Program[],
  dice: Random,
  stops: Stop[],
): Promise<void> => {
  await Promise.all(
    plan.stops.map(async ({ at, ms }) => {
      const program = programs[dice.below(programs.length)] as Program
      await pause(at)
      const { pid, url } = program
      // A function that has nothing to do is stopped as it is.
      if (pid === 0 || !isThere(pid)) return
      const from = Date.now()
      process.kill(pid, 'SIGSTOP')
      await pause(ms)
      if (isThere(pid)) process.kill(pid, 'SIGCONT')
      stops.push({ url, from, to: Date.now() })
    }),
  )
}

/** Whether a process still is. */
const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Lets functions crash, or take too long, as soon as they have a request. */
const crash = async (
  plan: Plan,
  programs: readonly Program[],
  crashes: LambdaCrash[],
): Promise<void> => {
  await Promise.all(
    plan.crashes.map(async ({ at, what }, i) => {
      const program = programs[i % programs.length] as LambdaProgram
      await pause(at)
      for (let waited = 0; waited < 3_000; waited += 10, await pause(10)) {
        if (!program.happen(what)) continue
        crashes.push(what)
        return
      }
    }),
  )
}

/** Lets the senders get rid of what they owe. */
const settle = async (senders: readonly Sender[], operator: Operator): Promise<Violation[]> => {
  const until = Date.now() + recoveryMs
  let isOver = false
  const tidied = (async () => {
    for (; !isOver; await pause(500)) await operator.tidy()
    while (await operator.tidy());
  })()
  const finished = await Promise.all(
    senders.map((sender) => sender.finish(until, (request) => operator.isHopeless(request))),
  ).finally(() => {
    isOver = true
  })
  await tidied
  return finished.every(Boolean) ? [] : ['I5: all is well again, and requests are still refused']
}

const endPrograms = async (programs: readonly Program[]): Promise<Violation[]> => {
  const codes = await Promise.all(programs.map((program) => program.stop()))
  return codes.flatMap((code) => (code === 0 ? [] : [`I6: a program ended with ${code}`]))
}
