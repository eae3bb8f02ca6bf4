/** The whole way over HTTP, against a server in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { bestRound, cpuOf, type Effort, peakMemoryOf, type Spent } from './measure.ts'
import { bodiesOf, type Coding, type Payload } from './payloads.ts'

const root = join(import.meta.dirname, '../..')

/** What `npm start` gives to Node, and the image too: stages and servers, the naive ones as well, run so. */
export const nodeFlags = manifest.scripts.start.split(' ').filter((word) => word.startsWith('--'))

/** How each server is started, writing to a folder; ours is the bundle, which must have been built. */
const servers = {
  ours: (folder: string) => [
    ...[...nodeFlags, 'dist/cli.js'],
    ...['--port', '0', '--output', folder, '--log-level', 'error'],
  ],
  naive: (folder: string) => [...nodeFlags, 'test/bench/naive-server.ts', folder],
} as const

export type ServerName = keyof typeof servers

interface RunningServer {
  readonly pid: number
  readonly url: URL
  readonly folder: string
  readonly stop: () => Promise<void>
}

/** What a server took for a payload. */
export interface Served {
  readonly spent: Spent
  /** Records in one round. */
  readonly records: number
  /** The most memory it held resident, in bytes. */
  readonly peakMemory: number
  /** Bytes of the files, for one request. */
  readonly bytes: number
}

/** What is sent, and how. */
export interface Sending {
  readonly payload: Payload
  readonly coding: Coding
  /** Requests at a time. */
  readonly concurrency: number
  readonly effort: Effort
}

/** Starts a server, sends it as many requests as the effort says, and stops it. */
export const measureServer = async (name: ServerName, sending: Sending): Promise<Served> => {
  const server = await start(name)
  try {
    return await measure(server, sending)
  } finally {
    await server.stop()
  }
}

const measure = async (server: RunningServer, sending: Sending): Promise<Served> => {
  const { payload, coding, concurrency, effort } = sending
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const count = Math.max(concurrency, Math.ceil(effort.records / payload.records))
  let sent = 0
  const prepare = () => bodiesOf(payload, coding, count)
  const work = async (bodies: readonly Uint8Array[]) => {
    await inLanes(bodies, concurrency, (body) => send(server.url, agent, sending, body))
    sent += bodies.length
  }
  const spent = await bestRound(effort, prepare, work, () => cpuOf(server.pid))
  agent.destroy()
  return {
    spent,
    records: count * payload.records,
    peakMemory: peakMemoryOf(server.pid),
    bytes: (await bytesBelow(server.folder)) / sent,
  }
}

const start = async (name: ServerName): Promise<RunningServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-bench-'))
  const child = spawn(process.execPath, servers[name](folder), {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill()
    await ended
    await rm(folder, { recursive: true })
  }
  const url = await listening(child)
  return { pid: child.pid ?? 0, url, folder, stop }
}

const listening = (child: ChildProcess): Promise<URL> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stdout?.on('data', (chunk) => {
      said += chunk
      const [, url] = /listens on +(\S+)\s/.exec(said) ?? []
      if (url !== undefined) resolve(new URL(url))
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
  })

/** Works through the items, so many at a time. */
const inLanes = async <T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = items.values()
  const lane = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** Resolves with a 200, which is the only good answer. */
const send = (
  url: URL,
  agent: Agent,
  { payload, coding }: Sending,
  body: Uint8Array,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': payload.encoding === 'json' ? 'application/json' : 'application/x-protobuf',
      'Content-Length': body.length,
      ...(coding === 'protobuf+gzip' && { 'Content-Encoding': 'gzip' }),
    }
    const options = { method: 'POST', path: `/v1/${payload.signal}`, agent, headers }
    const outgoing = request(url, options, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`the server answered ${response.statusCode}`))
      })
    })
    outgoing.once('error', reject).end(body)
  })

const bytesBelow = async (folder: string): Promise<number> => {
  const names = await readdir(folder, { recursive: true })
  const files = names.filter((name) => name.endsWith('.parquet'))
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
