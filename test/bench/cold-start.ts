// How long it takes from a process's start to its first 200, beside a server of node:http alone.
// For the table of benchmarks: `await coldStarts(body, rounds)`, body a protobuf logs request; the bundle
// must have been built. A row each for the bare server, the sources and the bundle; all took the same body.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../interop/programs.ts'
import { median } from './measure.ts'

/** One way to start, measured over several rounds. */
export interface ColdStart {
  readonly name: string
  /** Median milliseconds from `spawn` to the first byte of a 200. */
  readonly milliseconds: number
  /** The same, divided by that of the bare server in the same run. */
  readonly ratio: number
}

const root = join(import.meta.dirname, '../..')

/** The way that the others are divided by. */
export const bareName = 'bare node:http'

/** Reads a body and answers 200: what any server on Node costs. */
const bareServer = `require('node:http').createServer((request, response) => {
  request.resume().on('end', () => response.end())
}).listen(Number(process.argv[1]), '127.0.0.1')`

/** Arguments of Node for each way to start, on a port and with a folder to write to. */
const ways: Readonly<Record<string, (port: number, folder: string) => readonly string[]>> = {
  [bareName]: (port) => ['-e', bareServer, String(port)],
  'from sources': (port, folder) => ['runtimes/cli.ts', ...flags(port, folder)],
  bundle: (port, folder) => ['dist/cli.js', ...flags(port, folder)],
}

const flags = (port: number, folder: string) => ['--port', String(port), '--output', folder]

/**
 * Measures each way to start, in turns, so that what else the machine does hits all of them. The
 * bundle has to be built before (`npm run build`). The first round warms caches and is not counted.
 *
 * @param body an OTLP logs request, protobuf
 */
export const coldStarts = async (body: Uint8Array, rounds = 9): Promise<ColdStart[]> => {
  const times = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const [name, argumentsOf] of Object.entries(ways)) {
      const milliseconds = await startOnce(argumentsOf, body)
      if (round >= 0) times.get(name)?.push(milliseconds)
    }
  }
  const bare = median(times.get(bareName) ?? [])
  return [...times].map(([name, each]) => {
    const milliseconds = median(each)
    return { name, milliseconds, ratio: milliseconds / bare }
  })
}

const startOnce = async (
  argumentsOf: (port: number, folder: string) => readonly string[],
  body: Uint8Array,
): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'otlp2parquet-start-'))
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, argumentsOf(port, folder), { cwd: root, stdio: 'ignore' })
  try {
    await firstAnswer(port, requestOf(body), child)
    return performance.now() - started
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill()
    await ended
    rmSync(folder, { recursive: true })
  }
}

const requestOf = (body: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      'POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n' +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
    ),
    body,
  ])

/** Milliseconds between two attempts to connect. */
const betweenMs = 2
const patienceMs = 20_000

/** Sends the request again and again until somebody listens, and resolves with the 200. */
const firstAnswer = (port: number, request: Uint8Array, child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs)
    const settle = (outcome: () => void) => {
      clearTimeout(timer)
      outcome()
    }
    child.once('exit', (code) => settle(() => reject(new Error(`it ended with ${code}`))))
    const attempt = () => {
      const socket = connect(port, '127.0.0.1', () => socket.write(request))
      socket.once('error', () => setTimeout(attempt, betweenMs))
      socket.once('data', (head) => {
        socket.destroy()
        const line = head.toString('latin1').split('\r\n', 1)[0] ?? ''
        if (line.includes(' 200 ')) settle(resolve)
        else settle(() => reject(new Error(line)))
      })
    }
    attempt()
  })
