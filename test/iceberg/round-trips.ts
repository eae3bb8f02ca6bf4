// Servers that count how often a caller had to wait, one call after the other. What is counted follows from the order alone: a
// call that comes after another's answer is a round deeper. The answers' delay gives calls that are made together the time to
// come together; a machine that is too busy for it makes the count higher, never lower.
import { createServer, type IncomingMessage, request as requestOf } from 'node:http'
import { listen } from '../tools/listen.ts'

export interface RoundTrips {
  /** An address whose calls are passed on to `target`, and counted together with those of the other addresses. */
  readonly before: (target: string) => Promise<string>
  /** What `act` waited for, each answer being delayed by so much. */
  readonly of: <T>(act: () => Promise<T>, delayMs: number) => Promise<Counted<T>>
  readonly close: () => Promise<void>
}

export interface Counted<T> {
  readonly result: T
  /** In order: the calls of each round that was answered when the result was there. `PUT /lake/otel/…`, without the query. */
  readonly rounds: readonly (readonly string[])[]
}

/** Counts from nothing. */
export const createRoundTrips = (): RoundTrips => {
  let rounds: string[][] = []
  let answered = 0
  let delay = 0
  const open = new Set<Promise<void>>()
  const closers: (() => Promise<void>)[] = []

  /** Passes a call on; its answer is kept back for a while. */
  const pass = async (target: string, incoming: IncomingMessage) => {
    const { method = '', url = '' } = incoming
    const round = answered
    const calls = rounds[round] ?? []
    rounds[round] = calls
    calls.push(`${method} ${url.split('?')[0]}`)
    const [answer] = await Promise.all([forward(target, incoming), sleep(delay)])
    answered = Math.max(answered, round + 1)
    return answer
  }

  const before = async (target: string): Promise<string> => {
    const server = createServer((incoming, response) => {
      const passing = pass(target, incoming).then(
        ({ status, headers, body }) => void response.writeHead(status, headers).end(body),
        () => void response.destroy(),
      )
      open.add(passing)
      void passing.finally(() => open.delete(passing))
    })
    const { url, stop } = await listen(server)
    closers.push(stop)
    return url
  }

  return {
    before,
    async of(act, delayMs) {
      // What nobody waited for may still be under way, or about to be.
      await sleep(delayMs)
      while (open.size > 0) await Promise.all(open)
      rounds = []
      answered = 0
      delay = delayMs
      const result = await act()
      return { result, rounds: rounds.slice(0, answered) }
    },
    async close() {
      for (const close of closers) await close()
    },
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Answer {
  readonly status: number
  readonly headers: string[]
  readonly body: Buffer
}

/** The same request, byte for byte; a signature is of its host, too. */
const forward = async (target: string, incoming: IncomingMessage): Promise<Answer> => {
  const body = Buffer.concat(await Array.fromAsync(incoming))
  const { method, url, rawHeaders } = incoming
  const { hostname, port } = new URL(target)
  return new Promise((resolve, reject) => {
    const options = { method, path: url, hostname, port, headers: rawHeaders }
    const request = requestOf(options, async (response) => {
      const answer = Buffer.concat(await Array.fromAsync(response))
      const { statusCode = 0, rawHeaders: headers } = response
      resolve({ status: statusCode, headers, body: answer })
    })
    request.on('error', reject).end(body)
  })
}
