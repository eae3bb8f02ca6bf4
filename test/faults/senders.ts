/** Clients as SDKs are: they give up waiting, resend what was not acknowledged, and send to several programs. */
import type { Signal } from '../../src/otlp/decode.ts'
import type { Random } from '../judge/random.ts'
import { send } from './clients.ts'
import { type Answer, type Entry, requestName } from './ledger.ts'
import { nextRequest, type Sent } from './load.ts'

/** What a sender remembers of a request beyond the ledger. */
export interface Attempted {
  readonly request: Sent
  /** When it was first sent, in milliseconds since 1970. */
  readonly firstAt: number
  acknowledged: boolean
}

export interface Sender {
  readonly requests: readonly Attempted[]
  /** Sends until that time, in milliseconds since 1970. */
  work(until: number): Promise<void>
  /** Resends what is owed until it is acknowledged, or `isHopeless` says that it cannot be; whether that was done in time. */
  finish(until: number, isHopeless: (request: Sent) => boolean): Promise<boolean>
}

export interface SenderOptions {
  readonly run: string
  readonly number: number
  readonly signals: readonly Signal[]
  /** The programs. */
  readonly urls: readonly string[]
  readonly ledger: Entry[]
  readonly dice: Random
  /** The most requests in all. */
  readonly most: number
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The longest that an SDK waits for an answer, by default. */
const patienceMs = 10_000

/** A sender of a run; its requests follow from its dice. */
export const createSender = (options: SenderOptions): Sender => {
  const { run, number, signals, urls, ledger, dice, most } = options
  const requests: Attempted[] = []
  let first = 0

  const next = (): Attempted => {
    const request = {
      ...nextRequest(run, number, first, dice),
      records: 1 + dice.below(20),
      signal: signals[dice.below(signals.length)] as Signal,
    }
    first += request.records
    const attempted = { request, firstAt: Date.now(), acknowledged: false }
    requests.push(attempted)
    ledger.push({ kind: 'sent', id: requestName(request), request })
    return attempted
  }
  const sendTo = async (url: string, { request }: Attempted, ms: number): Promise<Answer> => {
    const answer = await send(url, request, { gzip: dice.oneIn(2), timeoutMs: ms })
    ledger.push({ kind: 'answer', id: requestName(request), answer })
    return answer
  }
  /** Once, to one program or to all of them at once. */
  const attempt = async (one: Attempted, patient: boolean): Promise<void> => {
    const ms = patient || !dice.oneIn(6) ? patienceMs : 50 + dice.below(1_500)
    const chosen = dice.oneIn(5) ? urls : [urls[dice.below(urls.length)] as string]
    const answers = await Promise.all(chosen.map((url) => sendTo(url, one, ms)))
    one.acknowledged ||= answers.some(({ status }) => status === 200)
  }

  return {
    requests,
    async work(until) {
      while (Date.now() < until && requests.length < most) {
        const one = next()
        for (let tries = 0; !one.acknowledged && tries < 8 && Date.now() < until; tries++) {
          await attempt(one, false)
          if (!one.acknowledged) await pause(50 + dice.below(200))
        }
        // Some resend what was acknowledged: the answer got lost on their side.
        if (dice.oneIn(10)) await attempt(one, false)
        await pause(dice.below(80))
      }
    },
    async finish(until, isHopeless) {
      for (const one of requests) {
        while (!one.acknowledged && !isHopeless(one.request)) {
          if (Date.now() > until) return false
          await attempt(one, true)
          if (!one.acknowledged) await pause(100)
        }
      }
      return true
    },
  }
}
