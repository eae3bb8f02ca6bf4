/** A small HTTP proxy of ours between a sender and servers: it keeps what passed, and can lose an answer. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Passed {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly at: number
  /** The first target's answer. */
  readonly status: number
}

export interface Proxy {
  readonly url: string
  readonly passed: readonly Passed[]
  stop(): Promise<void>
}

/**
 * Passes every request on to every target, byte for byte, and answers what the first one answered, unless `lose`
 * says that this request's answer is lost: then it cuts the connection after the target has answered.
 */
export const startProxy = async (
  targets: readonly string[],
  lose: (number: number) => boolean = () => false,
): Promise<Proxy> => {
  const passed: Passed[] = []
  const server = createServer(async (request, response) => {
    const at = Date.now()
    const body = Buffer.concat(await Array.fromAsync(request))
    const path = request.url ?? '/'
    const [first] = await Promise.all(
      targets.map((target) => forward(target + path, request, body)),
    )
    if (first === undefined) throw new Error('a proxy needs a target')
    passed.push({ path, headers: request.headers, body, at, status: first.status })
    if (lose(passed.length - 1)) return request.socket.destroy()
    response.writeHead(first.status, Object.fromEntries(first.headers))
    response.end(Buffer.from(await first.arrayBuffer()))
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
