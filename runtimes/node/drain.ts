import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import { Server } from 'node:net'

/**
 * Ends a server so that nobody notices: no request is cut, none is accepted that will not be
 * answered.
 */
export interface Drain {
  /**
   * Stops listening and resolves when every request is answered and every connection closed, or
   * when the time is over; with the number of requests that had to be cut.
   */
  drain(milliseconds: number): Promise<number>
}

/**
 * How long an idle connection stays open after the listener is closed. A sender that is about to
 * use it again is answered with `Connection: close`, instead of finding it gone under its request.
 */
const idleGraceMs = 300

/** Follows the requests of a server from now on. */
export const trackRequests = (server: HttpServer): Drain => {
  const open = new Set<ServerResponse>()
  let draining = false
  const closeAfter = (response: ServerResponse): void => {
    if (!response.headersSent) response.setHeader('Connection', 'close')
  }
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    open.add(response)
    response.once('close', () => open.delete(response))
    if (draining) closeAfter(response)
  })
  return {
    async drain(milliseconds) {
      draining = true
      for (const response of open) closeAfter(response)
      const closed = stopListening(server)
      const idle = setTimeout(() => server.closeIdleConnections(), idleGraceMs)
      const cut = await within(milliseconds, closed, () => open.size)
      clearTimeout(idle)
      server.closeAllConnections()
      return cut
    },
  }
}

/** Resolves when the last connection is closed. http's own `close` ends idle ones at once; net's does not. */
const stopListening = (server: HttpServer): Promise<void> =>
  new Promise((resolve) => {
    Server.prototype.close.call(server, () => resolve())
  })

/** 0 when the promise is settled in time, otherwise what `left` says then. */
const within = (
  milliseconds: number,
  promise: Promise<void>,
  left: () => number,
): Promise<number> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(left()), milliseconds)
    promise.then(() => {
      clearTimeout(timer)
      resolve(0)
    })
  })
