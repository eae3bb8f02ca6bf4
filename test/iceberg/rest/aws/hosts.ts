// AWS's own host names, played on this machine: Node's fetch and its `node:https` ask https://… there as ever, and what they
// send is seen byte for byte. Nothing but TLS and the network is missing.
import { globalAgent } from 'node:https'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { vi } from 'vitest'
import type { Seen } from '../fake-server.ts'

/** A request with its bytes. */
export interface WireRequest extends Seen {
  readonly host: string
  readonly bytes: Buffer
  /** The body, as it came. */
  readonly content: Buffer
}

export interface WireAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A request and its answer as they were on the wire. */
export interface Exchange {
  readonly request: Buffer
  readonly answer: Buffer
}

export interface Hosts {
  readonly exchanges: Exchange[]
  /** Gives fetch back, and ends the server. */
  close(): Promise<void>
}

interface Dispatcher {
  close(): Promise<void>
}

type Connect = (
  to: { readonly hostname: string },
  done: (error: Error | null, socket: Socket | null) => void,
) => void

/** Where Node's fetch keeps what opens its connections (undici, `lib/global.js`). */
const dispatcherKey = Symbol.for('undici.globalDispatcher.1')

/** Answers for every host of amazonaws.com until it is closed; connections to anywhere else fail. */
export const playHosts = async (
  answer: (request: WireRequest) => WireAnswer | Promise<WireAnswer>,
): Promise<Hosts> => {
  const exchanges: Exchange[] = []
  const server = createServer((socket) => {
    let received = Buffer.alloc(0)
    let turn = Promise.resolve()
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      for (let request = wholeRequest(received); request; request = wholeRequest(received)) {
        received = received.subarray(request.bytes.length)
        const asked = request
        turn = turn.then(async () => {
          const sent = bytesOf(await answer(asked), asked.method)
          exchanges.push({ request: asked.bytes, answer: sent })
          socket.write(sent)
        })
      }
    })
  })
  const restore = await routeTo(server)
  return {
    exchanges,
    async close() {
      await restore()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const routeTo = async (server: Server): Promise<() => Promise<void>> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  // Before its first call there is no dispatcher.
  await fetch('data:,')
  const before = Reflect.get(globalThis, dispatcherKey) as Dispatcher
  const Agent = before.constructor as new (options: { connect: Connect }) => Dispatcher
  const connect: Connect = ({ hostname }, done) => {
    if (!hostname.endsWith('.amazonaws.com')) return done(new Error(`not AWS: ${hostname}`), null)
    const socket = dial(port, '127.0.0.1', () => done(null, socket))
    socket.once('error', (error) => done(error, null))
  }
  const agent = new Agent({ connect })
  Reflect.set(globalThis, dispatcherKey, agent)
  const ofClient = vi
    .spyOn(globalAgent, 'createConnection')
    .mockImplementation(({ host }, done) => {
      connect({ hostname: host ?? '' }, done as Parameters<Connect>[1])
      return undefined
    })
  return async () => {
    Reflect.set(globalThis, dispatcherKey, before)
    ofClient.mockRestore()
    globalAgent.destroy()
    await agent.close()
  }
}

/** The first request in what was received, if it is all there. */
export const wholeRequest = (received: Buffer): WireRequest | null => {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [line = '', ...fields] = received.subarray(0, end).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(fields.map(field))
  const length = end + 4 + Number(headers['content-length'] ?? 0)
  if (received.length < length) return null
  const [method = '', url = ''] = line.split(' ')
  const bytes = received.subarray(0, length)
  const content = bytes.subarray(end + 4)
  return {
    method,
    url,
    headers,
    body: content.toString(),
    content,
    bytes,
    host: headers.host ?? '',
  }
}

const field = (text: string): [name: string, value: string] => {
  const colon = text.indexOf(':')
  return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()]
}

const bytesOf = ({ status, headers = {}, body = '' }: WireAnswer, method: string): Buffer => {
  const content = Buffer.from(body)
  const fields = { ...headers, 'Content-Length': headers['Content-Length'] ?? content.length }
  const head = [
    `HTTP/1.1 ${status} `,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n')
  return Buffer.concat([
    Buffer.from(`${head}\r\n\r\n`),
    method === 'HEAD' ? Buffer.alloc(0) : content,
  ])
}
