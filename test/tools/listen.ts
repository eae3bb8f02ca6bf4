import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A server that listens on this machine alone. */
export interface Listening {
  /** `http://127.0.0.1:…`, or `https` */
  readonly url: string
  /** Ends it, and whatever connections it has. */
  readonly stop: () => Promise<void>
}

/** Has a server listen on a free port. */
export const listen = async (server: Server | TlsServer): Promise<Listening> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const scheme = server instanceof TlsServer ? 'https' : 'http'
  return { url: `${scheme}://127.0.0.1:${port}`, stop }
}
