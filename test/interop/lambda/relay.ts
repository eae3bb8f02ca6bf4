/** A relay of TCP in front of a server, which can keep the answers back: what was asked for is done, but nobody hears. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export interface Relay {
  readonly url: string
  /** From now on no answer passes, nor that a connection has ended. */
  readonly hold: () => void
  /** Answers pass again; whoever still waits for one hears that its connection is cut. */
  readonly release: () => void
  readonly stop: () => Promise<void>
}

/** Listens on a free port and passes on to `target`, `http://127.0.0.1:…`. */
export const startRelay = async (target: string): Promise<Relay> => {
  let held = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(new URL(target).port), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      // Whoever is at the other end hears of it by the close.
      socket.on('error', () => {})
    }
    near.once('close', () => far.destroy())
    far.once('close', () => {
      if (!held) near.end()
    })
    near.pipe(far)
    far.on('data', (bytes) => {
      if (!held) near.write(bytes)
    })
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    hold: () => {
      held = true
    },
    release: () => {
      held = false
      cut()
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
