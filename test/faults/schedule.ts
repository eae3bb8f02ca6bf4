/** One schedule: programs before real servers, clients, other writers, an operator, and whatever the weather does between. */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readKey } from '../../src/receipts/receipt-key.ts'
import { here, run } from '../interop/programs.ts'
import { type Random, random } from '../judge/random.ts'
import { gaveUp } from './clients.ts'
import type { Ground } from './grounds.ts'
import {
  type Answer,
  checkAnswers,
  type Entry,
  longestMs,
  requestName,
  type Violation,
} from './ledger.ts'
import { bodyOf, type Sent } from './load.ts'
import { createOperator, type EndTable, type Operator } from './operator.ts'
import { type Program, startProgram } from './program.ts'
import { type FaultProxy, type Logged, startFaultProxy } from './proxy.ts'
import type { Plan } from './schedule-plan.ts'
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
  /** How often several programs had the same request at once, and each acknowledged it. */
  readonly twins: number
  readonly calls: readonly Told[]
  /** What the programs logged. */
  readonly said: string
}

/** The number of the client that comes before all others. */
const warmClient = 99

/** How long clients may need to get rid of what they owe once all is well. */
const recoveryMs = 25_000

/** For how much longer there is traffic where something that is sure has not happened yet. */
const overtimeMs = 8_000

/** A program that was stopped: what it could not do then it may do later. */
interface Stop {
  readonly url: string
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
}

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
    ])
    weather.clear()
    await Promise.all(proxies.all.map((proxy) => proxy.landed()))
    const violations = await settle(senders, operator)
    violations.push(...(await endPrograms(programs)))
    if (plan.receipts) violations.push(...(await payAll(plan, ground, namespace)))
    return {
      plan,
      ground,
      violations: [...violations, ...checkLedger(ledger, stops), ...checkCalls(proxies.all)],
      entries: withoutExcused(ledger, senders, operator, await stillOwed(plan, ground, namespace)),
      tables: await operator.tables(),
      acknowledged: senders.flatMap(({ requests }) => requests.filter((r) => r.acknowledged))
        .length,
      changes: new Map(operator.done()),
      twins: senders.reduce((sum, sender) => sum + sender.twins(), 0),
      calls: proxies.told(),
      said: programs.map((program) => program.errors()).join(''),
    }
  } finally {
    for (const program of programs) await program.kill()
    for (const proxy of proxies.all) await proxy.stop()
  }
}

const receiptsEnv = (plan: Plan, { receipts }: Ground): Readonly<Record<string, string>> => {
  if (!plan.receipts) return {}
  if (receipts === undefined) throw new Error('there is no place for receipts here')
  return receipts.env
}

/** The last programs swept when they stopped; what they left, since they had no time for it, is paid by hand. */
const payAll = async (plan: Plan, ground: Ground, namespace: string): Promise<Violation[]> => {
  const env = { ...ground.env(namespace, {}), ...receiptsEnv(plan, ground) }
  const left = async (kind: string): Promise<string[]> => {
    const prefix = `_receipts/${kind}/${namespace}.`
    const list = ground.receipts?.storage.list(prefix) ?? []
    return Array.fromAsync(list, ({ key }) => key)
  }
  for (let i = 0; i < 3 && (await left('owed')).length > 0; i++) {
    const args = [here('runtimes/cli.ts'), 'sweep', '--output', ground.folder ?? tmpdir()]
    // It ends with 1 where receipts of other schedules are still to come.
    await run(process.execPath, args, { env }).catch(() => '')
  }
  const [owed, aside] = await Promise.all([left('owed'), left('quarantine')])
  return [
    ...owed.map((key) => `I8: a receipt is still owed: ${key}`),
    ...aside.map((key) => `I8: a receipt was put aside: ${key}`),
  ]
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
  { seed, programs }: Plan,
  { folder }: Ground,
  env: Readonly<Record<string, string>>,
): Promise<Program[]> => {
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
      const { pid, url } = programs[dice.below(programs.length)] as Program
      await pause(at)
      const from = Date.now()
      process.kill(pid, 'SIGSTOP')
      await pause(ms)
      process.kill(pid, 'SIGCONT')
      stops.push({ url, from, to: Date.now() })
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

/**
 * Each request is answered within its deadline. It may take as much longer as its own program was stopped (SIGSTOP) while it had
 * the request, or had no processor, on a machine that has too few: nobody answers then, and clocks go on. A client that hung up is told nothing; that is no answer
 * missed only where it hung up before the answer was due.
 */
export const checkLedger = (ledger: readonly Entry[], stops: readonly Stop[]): Violation[] => {
  const longest = ({ sentAt = 0, url, milliseconds, starvedMs = 0 }: Answer): number =>
    stops
      .filter((stop) => stop.url === url)
      .map(({ from, to }) => Math.min(to, sentAt + milliseconds) - Math.max(from, sentAt))
      .reduce((sum, stopped) => sum + Math.max(0, stopped), longestMs + starvedMs)
  const broken = ledger.flatMap((entry) =>
    entry.kind === 'answer' && entry.answer.status === null && entry.answer.body !== gaveUp
      ? [`I7: ${entry.id} got no answer, after ${entry.answer.milliseconds} ms`]
      : [],
  )
  return [...checkAnswers(ledger, [200, 503], longest), ...broken]
}

/** Everything that a program may ask a catalog to change in a table. */
const harmless = new Set(['add-snapshot', 'set-snapshot-ref', 'add-schema', 'set-current-schema'])

/** Nothing was ever to be deleted, dropped, renamed or rolled back. */
const checkCalls = (proxies: readonly FaultProxy[]): Violation[] =>
  proxies
    .flatMap(({ log }) => log)
    .flatMap(({ method, path, body }) => {
      // A rename goes to `/tables/rename`, below no namespace.
      if (method === 'POST' && /\/namespaces\/[^/]+\/tables\/[^/]+$/.test(path)) {
        const { updates = [] } = JSON.parse(body) as { updates?: { action: string }[] }
        return updates
          .filter(({ action }) => !harmless.has(action))
          .map(({ action }) => `I4: the program asked for ${action} at ${path}`)
      }
      const isHarmless =
        ['GET', 'HEAD', 'PUT'].includes(method) ||
        // A receipt that was paid.
        (method === 'DELETE' &&
          /^\/[^/]+\/_receipts\/owed\/[^/]+\/[^/]+\/[^/]+\.json$/.test(path)) ||
        (method === 'POST' && /\/namespaces(\/[^/]+\/tables)?$/.test(path))
      return isHarmless ? [] : [`I4: the program sent ${method} ${path}`]
    })

/** Ids of requests whose receipts wait for a table that an operator took away: they are not lost, and cannot be in it. */
const stillOwed = async (
  { change }: Plan,
  { receipts }: Ground,
  namespace: string,
): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>()
  if (change === null || receipts === undefined) return ids
  for (const kind of ['owed', 'quarantine']) {
    for await (const { key } of receipts.storage.list(`_receipts/${kind}/${namespace}.`)) {
      const id = readKey(key)?.requestId
      if (id !== undefined) ids.add(id)
    }
  }
  return ids
}

const idOf = (request: Sent): string =>
  createHash('sha256')
    .update(`${request.signal}\0`)
    .update(bodyOf(request))
    .digest('hex')
    .slice(0, 32)

const withoutExcused = (
  ledger: readonly Entry[],
  senders: readonly Sender[],
  operator: Operator,
  owed: ReadonlySet<string>,
): Entry[] => {
  const attempted = senders.flatMap(({ requests }) => requests)
  const excused = new Set(
    attempted
      .filter(
        ({ request, firstAt }) => operator.isExcused(request, firstAt) || owed.has(idOf(request)),
      )
      .map(({ request }) => requestName(request)),
  )
  const warm = ledger.flatMap((entry) =>
    entry.kind === 'sent' &&
    entry.request.client === warmClient &&
    operator.isExcused(entry.request, 0)
      ? [entry.id]
      : [],
  )
  for (const id of warm) excused.add(id)
  return ledger.filter(({ kind, id }) => kind === 'sent' || !excused.has(id))
}
