/** A small HTTP proxy of ours between a sender and a server: it keeps what passed, and can lose an answer. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Passed {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly at: number
  /** What the target answered. */
  readonly status: number
}

export interface Proxy {
  readonly url: string
  readonly passed: readonly Passed[]
  stop(): Promise<void>
}

/**
 * Passes every request on, byte for byte, and answers what the target answered, unless `lose` says that this
 * request's answer is lost: then it cuts the connection after the target has answered.
 */
export const startProxy = async (
  target: string,
  lose: (number: number) => boolean = () => false,
): Promise<Proxy> => {
  const passed: Passed[] = []
  const server = createServer(async (request, response) => {
    const at = Date.now()
    const body = Buffer.concat(await Array.fromAsync(request))
    const path = request.url ?? '/'
    const answer = await forward(target + path, request, body)
    passed.push({ path, headers: request.headers, body, at, status: answer.status })
    if (lose(passed.length - 1)) return request.socket.destroy()
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, passed, stop }
}

const kept = ['content-type', 'content-encoding', 'user-agent']

const forward = (url: string, { method = 'POST', headers }: IncomingMessage, body: Buffer) =>
  fetch(url, {
    method,
    headers: Object.fromEntries(
      kept.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
    ),
    body: new Uint8Array(body),
  })
