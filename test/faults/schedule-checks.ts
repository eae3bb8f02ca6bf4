/** What must hold when a schedule is over, but for what is in its tables. */
import { gaveUp } from './clients.ts'
import {
  type Answer,
  checkAnswers,
  type Entry,
  longestMs,
  requestName,
  type Violation,
} from './ledger.ts'
import type { Operator } from './operator.ts'
import type { FaultProxy } from './proxy.ts'
import type { Plan } from './schedule-plan.ts'
import type { Sender } from './senders.ts'

/** The number of the client that comes before all others. */
export const warmClient = 99

/** A program that was stopped: what it could not do then it may do later. */
export interface Stop {
  readonly url: string
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
}

/**
 * Each request is answered within its deadline. It may take as much longer as its own program was stopped (SIGSTOP) while it had
 * the request, or had no processor, on a machine that has too few: nobody answers then, and clocks go on. A client that hung
 * up is told nothing; that is no answer missed only where it hung up before the answer was due.
 */
export const checkLedger = (
  ledger: readonly Entry[],
  stops: readonly Stop[],
  runtime: Plan['runtime'] = 'node',
): Violation[] => {
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
  return [...checkAnswers(ledger, honest[runtime], longest), ...broken]
}

/** What senders may be told. On Lambda also, by the platform, that nobody is free, and that a function failed. */
const honest: Readonly<Record<Plan['runtime'], number[]>> = {
  node: [200, 503],
  lambda: [200, 429, 502, 503],
}

/** Everything that a program may ask a catalog to change in a table. */
const harmless = new Set(['add-snapshot', 'set-snapshot-ref', 'add-schema', 'set-current-schema'])

/** Nothing was ever to be deleted, dropped, renamed or rolled back. */
export const checkCalls = (proxies: readonly FaultProxy[]): Violation[] =>
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
          /^\/[^/]+\/_receipts\/(?:sweep|notes|owed\/[^/]+\/[^/]+\/[^/]+)\.json$/.test(path)) ||
        (method === 'POST' && /\/namespaces(\/[^/]+\/tables)?$/.test(path))
      return isHarmless ? [] : [`I4: the program sent ${method} ${path}`]
    })

/**
 * The ledger without the answers to requests whose records may be in no table, since an operator took it away; `owed`: names of
 * those whose receipts wait for it.
 */
export const withoutExcused = (
  ledger: readonly Entry[],
  senders: readonly Sender[],
  operator: Operator,
  owed: ReadonlySet<string>,
): Entry[] => {
  const attempted = senders.flatMap(({ requests }) => requests)
  const excused = new Set(
    attempted
      .filter(
        ({ request, firstAt }) =>
          operator.isExcused(request, firstAt) || owed.has(requestName(request)),
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
