/** Clients that send, write down what they were told, and send again what was not acknowledged. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import type { Random } from '../judge/random.ts'
import { type Answer, type Entry, type Ledger, requestName } from './ledger.ts'
import { bodyOf, nextRequest, type Sent } from './load.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export interface SendOptions {
  readonly agent?: Agent
  readonly gzip?: boolean
  /** How long an answer is waited for; without it for ever. */
  readonly timeoutMs?: number
}

/** The body of what is no answer: the sender closed the connection before there was one. */
export const gaveUp = 'gave up'

/** Sends one request, compressed anew; a broken connection is an answer too. */
export const send = async (
  url: string,
  sent: Sent,
  { agent, gzip = false, timeoutMs }: SendOptions = {},
): Promise<Answer> => {
  const started = performance.now()
  const told = { sentAt: Date.now(), url }
  const body = bodyOf(sent)
  const content = gzip ? gzipSync(body, { level: 1 }) : body
  const headers = {
    'Content-Type': 'application/x-protobuf',
    'Content-Length': content.length,
    ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
  }
  const elapsed = () => Math.round(performance.now() - started)
  const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sending = httpRequest(`${url}/v1/${sent.signal}`, {
        ...{ method: 'POST', agent, headers },
        ...(signal && { signal }),
      })
      sending.on('response', resolve).on('error', reject).end(content)
    })
    const bytes = await buffer(answer)
    return {
      ...told,
      status: answer.statusCode ?? 0,
      body: answer.statusCode === 200 ? bytes.toString('hex') : bytes.toString('latin1'),
      milliseconds: elapsed(),
      retryAfter: answer.headers['retry-after'],
    }
  } catch {
    const body = signal?.aborted ? gaveUp : ''
    return { ...told, status: null, body, milliseconds: elapsed() }
  }
}

/** A catalog that is asked for the first time may take longer than a request has. */
const tries = 20

/**
 * Sends one request until it is acknowledged, and keeps what it was told.
 * @throws when it never is
 */
export const sendUntilAcknowledged = async (
  url: string,
  request: Sent,
  entries: Entry[],
): Promise<void> => {
  const id = requestName(request)
  if (!entries.some((entry) => entry.id === id)) entries.push({ kind: 'sent', id, request })
  for (let i = 0; i < tries; i++) {
    const answer = await send(url, request)
    entries.push({ kind: 'answer', id, answer })
    if (answer.status === 200) return
    await pause(500)
  }
  throw new Error(`request ${id} was never acknowledged`)
}

export interface Client {
  /** Sends one request after the other until its connection breaks; tells of each answer. */
  work(url: string, answered: () => void): Promise<void>
  /** Sends what is not acknowledged yet until it is. */
  finish(url: string): Promise<void>
}

/** A client of a run. Its requests follow from `random`. */
export const createClient = (
  run: string,
  number: number,
  ledger: Ledger,
  random: Random,
): Client => {
  let owed: Sent | undefined
  let first = 0

  /** Whether the connection held. */
  const attempt = async (url: string, agent: Agent): Promise<boolean> => {
    if (owed === undefined) {
      owed = nextRequest(run, number, first, random)
      first += owed.records
      ledger.write({ kind: 'sent', id: requestName(owed), request: owed })
    }
    const answer = await send(url, owed, { agent, gzip: random.oneIn(2) })
    ledger.write({ kind: 'answer', id: requestName(owed), answer })
    if (answer.status === 200) owed = undefined
    else if (answer.status !== null) await pause(20)
    return answer.status !== null
  }

  const withAgent = async (act: (agent: Agent) => Promise<void>): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await act(agent).finally(() => agent.destroy())
  }

  return {
    work: (url, answered) =>
      withAgent(async (agent) => {
        while (await attempt(url, agent)) answered()
      }),
    finish: (url) =>
      withAgent(async (agent) => {
        for (let i = 0; owed !== undefined && i < 100; i++) await attempt(url, agent)
      }),
  }
}
