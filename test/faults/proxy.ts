/**
 * An HTTP proxy of ours before a real server: it passes calls on as they are, `Host` included, which S3 signs, and does to
 * each what it is told. It keeps a log of all of them.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { listen } from '../tools/listen.ts'

/** What a client asked for. */
export interface Call {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly body: Buffer
}

/** A whole answer. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** What a service calls the error that this is. */
  readonly code?: string
}

/**
 * What happens to a call:
 * - `pass`: nothing, but for what is to happen `before`
 * - `drop`: it gets nowhere, and the connection ends
 * - `tear`: the server gets half of it
 * - `lose`: it is done, and the connection ends without an answer
 * - `cut`: it is done, and half of the answer comes
 * - `refuse`: it gets nowhere, and is answered so
 * - `deny`: it is done, and answered so all the same
 * - `delay`: it gets there later
 * - `linger`: it is done at once, and answered later
 * - `hold`: the connection ends, and the call is done later
 * - `twice`: it is done, its answer is lost on the way, a gateway sends it again, and the answer to that comes
 * - `replay`: it is answered as the same call was before, if it ever was, whatever the server answers now
 */
export type Deed =
  | { readonly do: 'drop' | 'tear' | 'lose' | 'cut' | 'twice' | 'replay' }
  | { readonly do: 'delay' | 'linger' | 'hold'; readonly ms: number }
  | { readonly do: 'refuse' | 'deny'; readonly reply: Reply }
  | { readonly do: 'pass'; readonly before?: () => Promise<unknown> }

/** A call in the log. */
export interface Logged {
  readonly method: string
  readonly path: string
  /** `POST` bodies, which say what was asked for. */
  readonly body: string
  readonly deed: Deed['do']
  /** The error of an answer that is not the server's. */
  readonly code: string | null
  /** Milliseconds since the proxy began. */
  readonly at: number
  /** What the server answered; null where it was not asked, or did not. */
  landed: number | null
  /** When it did. */
  landedAt: number | null
  /** Whether the answer was of an earlier moment, and another by then. */
  stale: boolean
  /** What the client was answered; null where it was not. */
  answered: number | null
}

export interface FaultProxy {
  readonly url: string
  readonly log: readonly Logged[]
  /** Resolves when whatever was held back has landed. */
  landed(): Promise<void>
  stop(): Promise<void>
}

export interface FaultProxyOptions {
  /** The server's origin. */
  readonly target: string
  /** Decides what happens to a call. */
  readonly decide: (call: Call) => Deed
  /** In text answers, one origin in the place of another: a server that names itself must not be found past its proxy. */
  readonly rewrite?: Readonly<Record<string, string>>
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Starts a proxy on a free port. */
export const startFaultProxy = async (options: FaultProxyOptions): Promise<FaultProxy> => {
  const agent = new Agent({ keepAlive: true })
  const start = Date.now()
  const log: Logged[] = []
  const landing = new Set<Promise<unknown>>()
  const before = new Map<string, Reply[]>()

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = incoming
    const body = await buffer(incoming)
    const deed = options.decide({ method, path, body })
    const text = method === 'POST' ? body.toString() : ''
    const entry: Logged = {
      ...{ method, path, body: text, deed: deed.do, at: Date.now() - start },
      code: 'reply' in deed ? (deed.reply.code ?? null) : null,
      ...{ landed: null, landedAt: null, answered: null, stale: false },
    }
    log.push(entry)
    const forward = async (): Promise<Reply> => {
      const reply = await send(options, agent, incoming, body)
      entry.landed = reply.status
      entry.landedAt = Date.now() - start
      if (method === 'GET') remember(before, path, reply)
      return reply
    }
    const tear = () => sendHalf(options.target, incoming, body)
    const replay = async (): Promise<Reply> => {
      const [earlier] = (method === 'GET' && before.get(path)) || []
      const reply = await forward()
      entry.stale = earlier !== undefined && !earlier.body.equals(reply.body)
      return earlier ?? reply
    }
    const doing = carryOut(deed, { forward, tear, replay })
    landing.add(doing.landed)
    doing.landed.catch(() => undefined).finally(() => landing.delete(doing.landed))
    const answer = await doing.answer.catch(() => null)
    if (answer === null || response.destroyed) return void incoming.socket.destroy()
    entry.answered = answer.status
    respond(response, method, answer, deed.do === 'cut')
  }

  const server = createServer((incoming, response) => {
    response.on('error', () => undefined)
    handle(incoming, response).catch(() => incoming.socket.destroy())
  })
  const { url, stop } = await listen(server)
  return {
    url,
    log,
    landed: async () => void (await Promise.allSettled(landing)),
    stop: () => {
      const stopped = stop()
      agent.destroy()
      return stopped
    },
  }
}

interface Means {
  readonly forward: () => Promise<Reply>
  readonly tear: () => Promise<void>
  readonly replay: () => Promise<Reply>
}

/** The answer, null for none; and when the server is done with it. */
const carryOut = (
  deed: Deed,
  { forward, tear, replay }: Means,
): { answer: Promise<Reply | null>; landed: Promise<unknown> } => {
  const none = Promise.resolve(null)
  const same = (answer: Promise<Reply | null>) => ({ answer, landed: answer })
  switch (deed.do) {
    case 'pass':
      return same((deed.before?.() ?? Promise.resolve()).then(forward))
    case 'drop':
      return same(none)
    case 'tear':
      return same(tear().then(() => null))
    case 'lose':
      return same(forward().then(() => null))
    case 'cut':
      return same(forward())
    case 'refuse':
      return same(Promise.resolve(deed.reply))
    case 'deny':
      return same(forward().then(() => deed.reply))
    case 'delay':
      return same(pause(deed.ms).then(forward))
    case 'linger': {
      const landed = forward()
      return { landed, answer: landed.then((reply) => pause(deed.ms).then(() => reply)) }
    }
    case 'hold':
      return { landed: pause(deed.ms).then(forward), answer: none }
    case 'twice':
      return same(forward().then(forward))
    case 'replay':
      return same(replay())
  }
}

/** Answers that are kept for each path: the oldest is the most stale one. */
const maxRemembered = 4

const remember = (before: Map<string, Reply[]>, path: string, reply: Reply): void => {
  const kept = [...(before.get(path) ?? []), reply].slice(-maxRemembered)
  before.set(path, kept)
}

/** Headers of one connection only (RFC 9110, 7.6.1), and those that say how a body is packed. */
const connectionHeaders = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'expect'],
  'accept-encoding',
])

const passedHeaders = ({ method, rawHeaders }: IncomingMessage, body: Buffer): string[] => {
  const kept: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (!connectionHeaders.has(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] as string)
  }
  const hasBody = method === 'PUT' || method === 'POST' || body.length > 0
  return hasBody ? [...kept, 'content-length', String(body.length)] : kept
}

/** No server takes so long; one that does would hold up whoever waits for all calls to land. */
const patienceMs = 15_000

const send = (
  { target, rewrite = {} }: FaultProxyOptions,
  agent: Agent,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', url = '/' } = incoming
    const headers = passedHeaders(incoming, body)
    const sending = request(target + url, { method, agent, headers, timeout: patienceMs })
    sending.on('timeout', () => sending.destroy(new Error('the server does not answer')))
    sending.on('error', reject)
    sending.on('response', (response) => {
      buffer(response).then(
        (bytes) =>
          resolve({ status: response.statusCode ?? 0, ...received(response, bytes, rewrite) }),
        reject,
      )
    })
    sending.end(body)
  })

const received = (
  { headers }: IncomingMessage,
  bytes: Buffer,
  rewrite: Readonly<Record<string, string>>,
): Omit<Reply, 'status'> => {
  const kept = Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !connectionHeaders.has(name) || name === 'content-length')
      .map(([name, value]) => [name, String(value)]),
  )
  if (!/json/.test(headers['content-type'] ?? '')) return { headers: kept, body: bytes }
  const text = Object.entries(rewrite).reduce(
    (all, [from, to]) => all.replaceAll(from, to),
    bytes.toString(),
  )
  const body = Buffer.from(text)
  return { headers: { ...kept, 'content-length': String(body.length) }, body }
}

/** Promises a whole body and breaks off in its middle. */
const sendHalf = (target: string, incoming: IncomingMessage, body: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const { method = 'GET', url = '/' } = incoming
    const headers = passedHeaders(incoming, body)
    const sending = request(target + url, { method, headers, agent: false })
    sending.on('error', () => undefined).on('response', (response) => response.resume())
    // A server that answers early leaves no error.
    sending.on('close', () => resolve())
    sending.write(body.subarray(0, body.length >> 1), () => {
      setTimeout(() => sending.destroy(new Error('torn')), 20)
    })
  })

const respond = (response: ServerResponse, method: string, reply: Reply, half: boolean): void => {
  response.writeHead(reply.status, reply.headers)
  if (!half) return void response.end(method === 'HEAD' ? undefined : reply.body)
  response.write(reply.body.subarray(0, reply.body.length >> 1), () => response.destroy())
}
