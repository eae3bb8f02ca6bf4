/** A small HTTP proxy of ours between a sender and a server: it keeps what passed, and can lose answers. */
import { createServer, type IncomingMessage } from 'node:http'
import { listen } from '../tools/listen.ts'

export interface Passed {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly at: number
  /** What the target answered. */
  readonly status: number
}

export interface LossyProxy {
  readonly url: string
  readonly passed: readonly Passed[]
  stop(): Promise<void>
}

/** How an answer is lost: the connection is cut, or a gateway says that none came in time. */
export type Loss = 'cut' | 504

/**
 * Passes every request on, byte for byte, and answers what the target answered, unless `lose` says how the answer
 * of this request, one of those that passed, is lost: the target has done its work by then.
 */
export const startProxy = async (
  target: string,
  lose: (request: Passed, passed: readonly Passed[]) => Loss | undefined = () => undefined,
): Promise<LossyProxy> => {
  const passed: Passed[] = []
  const server = createServer(async (request, response) => {
    const at = Date.now()
    const body = Buffer.concat(await Array.fromAsync(request))
    const path = request.url ?? '/'
    const answer = await forward(target + path, request, body)
    const one = { path, headers: request.headers, body, at, status: answer.status }
    passed.push(one)
    const loss = lose(one, passed)
    if (loss === 'cut') return request.socket.destroy()
    if (loss !== undefined) return response.writeHead(loss).end()
    // As bytes: what was compressed no longer is.
    const told = [...answer.headers].filter(([name]) => !ofTheWire.includes(name))
    response.writeHead(answer.status, Object.fromEntries(told))
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  return { ...(await listen(server)), passed }
}

const kept = ['authorization', 'content-type', 'content-encoding', 'user-agent']
const ofTheWire = ['connection', 'content-encoding', 'content-length', 'transfer-encoding']

const forward = (url: string, { method = 'POST', headers }: IncomingMessage, body: Buffer) =>
  fetch(url, {
    method,
    headers: Object.fromEntries(
      kept.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
    ),
    ...(body.length > 0 && { body: new Uint8Array(body) }),
  })
