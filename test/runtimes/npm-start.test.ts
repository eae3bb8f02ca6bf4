// Protects `npm start` as it is stopped: a signal, sent to npm alone or by a terminal to the whole group, cuts no request and leaves no server behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort, here } from '../interop/programs.ts'
import { connectTo, type RawConnection } from './raw-http.ts'

let folder = ''
let npm: ChildProcess
let ended: Promise<number | null>
let printed = ''
let request: RawConnection

/** Resolves when npm, or what it started, has printed this. */
const until = async (text: string): Promise<void> => {
  while (!printed.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20))
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'npm-start-'))
  const port = await freePort()
  printed = ''
  // A group of its own, as a shell makes one of each command.
  npm = spawn('npm', ['start', '--', '--port', String(port), '--output', folder], {
    cwd: here(''),
    detached: true,
  })
  ended = new Promise((resolve) => npm.once('exit', (code) => resolve(code)))
  for (const stream of [npm.stdout, npm.stderr]) stream?.on('data', (text) => (printed += text))
  await until('listens on')
  request = await connectTo(`http://127.0.0.1:${port}`)
  request.send('POST /v1/logs HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n')
  // The server has begun with the request once it asks for its body.
  request.send('Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{')
  await request.until('100 Continue')
})
afterEach(async () => {
  request.end()
  try {
    process.kill(-(npm.pid ?? 0), 'SIGKILL')
  } catch {
    // Nobody of the group is left, as it should be.
  }
  await rm(folder, { recursive: true })
})

const passMilliseconds = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const group = (signal: NodeJS.Signals | 0) => process.kill(-(npm.pid ?? Number.NaN), signal)

test.each<[string, () => void]>([
  ['kill', () => npm.kill('SIGTERM')],
  ['Ctrl-C', () => group('SIGINT')],
])('%s: the open request is answered, then nothing is left', async (_, stop) => {
  const stopped = performance.now()
  stop()
  await until('stopping')
  // What npm passes on may come after the terminal's own: it is no second signal. What comes half a second later is one, and
  // this one, too, is on its way for a while.
  if (performance.now() - stopped < 250) npm.kill('SIGINT')
  await passMilliseconds(200)
  request.send('}')
  expect(await request.all).toMatch(/^HTTP\/1\.1 200 /m)
  await ended
  expect(() => group(0)).toThrow('ESRCH')
})

test('a second Ctrl-C ends it at once', async () => {
  group('SIGINT')
  await until('stopping')
  await passMilliseconds(600)
  group('SIGINT')
  expect(await request.all).not.toMatch(/^HTTP\/1\.1 200 /m)
  await ended
  expect(() => group(0)).toThrow('ESRCH')
})
