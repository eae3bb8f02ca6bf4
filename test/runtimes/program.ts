import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** How a program is started; each part has what a newcomer would have. */
export interface Run {
  /** What is run: Node, or another program. */
  readonly file?: string
  /** The program's own arguments come behind these. */
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** In a process group of its own. */
  readonly detached?: boolean
}

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export const root = join(import.meta.dirname, '../..')

/** The environment without this program's variables, and without npm's. */
const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OTLP2PARQUET|npm)_/.test(name)),
  )

/** What is to be undone when a file's tests are over; tests that run at once share it. */
const undone: (() => unknown)[] = []

afterAll(async () => {
  for (const undo of undone.toReversed()) await undo()
})

/** A folder that is gone after the tests. */
export const temporaryFolder = (name = 'otlp2parquet-'): string => {
  const folder = mkdtempSync(join(tmpdir(), name))
  undone.push(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A program that was started; whatever happens, it ends with the tests. */
export const spawnProgram = (run: Run) => {
  const { file = process.execPath, command = ['runtimes/cli.ts'], args = [], env = {} } = run
  const child: ChildProcess = spawn(file, [...command, ...args], {
    cwd: run.cwd ?? root,
    env: { ...cleanEnv(), ...env },
    detached: run.detached ?? false,
  })
  const said = { stdout: '', stderr: '' }
  let look = (): void => {}
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on('data', (chunk) => {
      said[stream] += chunk
      look()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, ...said }))
  })
  undone.push(async () => {
    child.kill('SIGKILL')
    await ended
  })
  /** Resolves with what the pattern finds in what was said. */
  const until = (stream: keyof typeof said, pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      look = () => {
        const found = pattern.exec(said[stream])
        if (found !== null) resolve(found)
      }
      look()
      ended.then((end) => reject(new Error(`ended early: ${JSON.stringify(end)}`)), reject)
    })
  const pid = child.pid ?? 0
  const kill = (signal: NodeJS.Signals) => child.kill(signal)
  return { pid, said, ended, until, kill }
}

/** Runs a program to its end. */
export const runProgram = (run: Run): Promise<Ended> => spawnProgram(run).ended

/** Starts the server on a free port and waits until it says where it listens. */
export const startProgram = async (run: Run & { readonly folder?: string } = {}) => {
  const folder = run.folder ?? temporaryFolder()
  const args = ['--port', '0', '--output', folder, ...(run.args ?? [])]
  const program = spawnProgram({ ...run, args })
  const json = run.env?.OTLP2PARQUET_LOG_FORMAT === 'json'
  const [, url = ''] = await (json
    ? program.until('stderr', /"url":"([^"]+)"/)
    : program.until('stdout', /listens on +(\S+)[\s\S]*\n +query .*\n/))
  return { ...program, folder, url }
}

/**
 * How the program is started with a disk that waits: what makes an object appear whose path matches does so when the test says so,
 * and never where it does not.
 */
export const waitingStorage = (path = /./) => {
  const gate = join(temporaryFolder(), 'go-on')
  const source = `
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    const { link } = fs
    const whenOpen = (...args) =>
      fs.existsSync(${JSON.stringify(gate)}) ? link(...args) : setTimeout(whenOpen, 5, ...args)
    fs.link = (from, to, done) => (${path}.test(to) ? whenOpen : link)(from, to, done)
    syncBuiltinESMExports()`
  const imported = `data:text/javascript,${encodeURIComponent(source)}`
  return {
    command: ['--import', imported, 'runtimes/cli.ts'],
    goOn: () => writeFileSync(gate, ''),
  }
}
