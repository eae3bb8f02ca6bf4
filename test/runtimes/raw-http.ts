import { connect, type Socket } from 'node:net'

/** A connection of plain bytes, for what no HTTP client would send. */
export interface RawConnection {
  send(bytes: string | Uint8Array): void
  /** Everything received until the other side closed. */
  readonly all: Promise<string>
  /** Resolves when this much has been received. */
  until(text: string): Promise<string>
  end(): void
}

export const connectTo = async (url: string): Promise<RawConnection> => {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let received = ''
  const watchers = new Set<() => void>()
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    for (const look of watchers) look()
  })
  const all = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  return {
    all,
    send: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    until: (text) =>
      new Promise((resolve) => {
        const look = () => received.includes(text) && resolve(received)
        watchers.add(look)
        look()
      }),
  }
}

/** How many answers there are in what was received. */
export const answersIn = (received: string): number => received.split('HTTP/1.1 ').length - 1
