/**
 * Clients as SDKs are: they give up waiting, resend what was not acknowledged, and send to several programs. Giving up hides
 * nothing from the ledger: what a sender does not wait for any more is written down when it comes, but where it hangs up.
 */
import type { Signal } from '../../src/otlp/decode.ts'
import type { Random } from '../judge/random.ts'
import { type SendOptions, send } from './clients.ts'
import { type Answer, type Entry, requestName } from './ledger.ts'
import { nextRequest, type Sent } from './load.ts'
import { type Program, starvedMs } from './program.ts'

/** What a sender remembers of a request beyond the ledger. */
export interface Attempted {
  readonly request: Sent
  /** When it was first sent, in milliseconds since 1970. */
  readonly firstAt: number
  acknowledged: boolean
}

export interface Sender {
  readonly requests: readonly Attempted[]
  /** Sends until it is over. */
  work(isOver: () => boolean): Promise<void>
  /** Resends what is owed until it is acknowledged, or `isHopeless` says that it cannot be; whether that was done in time. */
  finish(until: number, isHopeless: (request: Sent) => boolean): Promise<boolean>
  /** How often several programs had a request at once, and acknowledged it all. */
  twins(): number
}

export interface SenderOptions {
  readonly run: string
  readonly number: number
  readonly signals: readonly Signal[]
  readonly programs: readonly Pick<Program, 'url' | 'starvedMs'>[]
  readonly ledger: Entry[]
  readonly dice: Random
  /** The most requests in all. */
  readonly most: number
  /** How long answers are listened for, in milliseconds. */
  readonly listenMs: number
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The longest that an SDK waits for an answer, by default; then it sends again. */
const patienceMs = 10_000

type Target = SenderOptions['programs'][number]

/** Sends, and knows how long the machine had no processor for the one or the other side of it. */
export const sendWatched = async (
  program: Target,
  request: Sent,
  options: SendOptions = {},
): Promise<Answer> => {
  const starved = () => program.starvedMs() + starvedMs(process.pid)
  const before = starved()
  const answer = await send(program.url, request, options)
  return { ...answer, starvedMs: Math.max(0, starved() - before) }
}

/** A sender of a run; its requests follow from its dice. */
export const createSender = (options: SenderOptions): Sender => {
  const { run, number, signals, programs, ledger, dice, most, listenMs } = options
  const requests: Attempted[] = []
  const listening = new Set<Promise<Answer>>()
  let first = 0
  let twins = 0

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
  /** Sends, and listens for so long that an answer which comes too late is seen; what is sent is the same bytes each time. */
  const sendTo = (program: Target, request: Sent, gzip: boolean, timeoutMs: number) => {
    const answer = sendWatched(program, request, { gzip, timeoutMs })
    listening.add(answer)
    answer.then((told) => {
      listening.delete(answer)
      ledger.push({ kind: 'answer', id: requestName(request), answer: told })
    })
    return answer
  }
  /** Once, to one program or to all of them at once. */
  const attempt = async (one: Attempted, patient: boolean): Promise<void> => {
    const isHasty = !patient && dice.oneIn(6)
    const ms = isHasty ? 50 + dice.below(1_500) : patienceMs
    const chosen = dice.oneIn(5) ? programs : [programs[dice.below(programs.length)] as Target]
    const [gzip, hangsUp] = [dice.oneIn(2), isHasty && dice.oneIn(2)]
    const answers = chosen.map((program) =>
      sendTo(program, one.request, gzip, hangsUp ? ms : listenMs),
    )
    const heard = await Promise.race([Promise.all(answers), pause(ms).then(() => [])])
    const good = heard.filter(({ status }) => status === 200)
    if (good.length > 1) twins++
    one.acknowledged ||= good.length > 0
  }

  return {
    requests,
    twins: () => twins,
    async work(isOver) {
      while (!isOver() && requests.length < most) {
        const one = next()
        for (let tries = 0; !one.acknowledged && tries < 8 && !isOver(); tries++) {
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
          if (Date.now() > until) break
          await attempt(one, true)
          if (!one.acknowledged) await pause(100)
        }
      }
      await Promise.all(listening)
      return requests.every((one) => one.acknowledged || isHopeless(one.request))
    },
  }
}
