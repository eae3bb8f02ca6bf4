/** The program as a process of its own that may be killed at any moment. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { sep } from 'node:path'
import { here } from '../interop/programs.ts'

export interface Program {
  readonly url: string
  readonly pid: number
  /** What it wrote to its error output so far: warnings and errors. */
  errors(): string
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Ends it with SIGTERM; its exit code. */
  stop(): Promise<number | null>
  /** How many files and sockets it has open; 0 on systems that do not tell. */
  openFiles(): number
  /** For how many milliseconds it was ready to go on so far, and others had the processors; 0 on systems that do not tell. */
  starvedMs(): number
}

export interface StartOptions {
  readonly folder: string
  /** Any free one without it. */
  readonly port?: number
  /** A shell line that prepares something and then runs `exec "$@"`. */
  readonly prepare?: string
  readonly env?: Readonly<Record<string, string>>
  /** Told of the process as soon as it runs: it may be killed before it listens. */
  readonly onSpawn?: (child: ChildProcess) => void
}

/**
 * Starts the program and waits until it listens.
 * @throws with what it printed when it ends before that
 */
export const startProgram = async ({
  folder,
  port = 0,
  prepare = 'exec "$@"',
  env = {},
  onSpawn,
}: StartOptions): Promise<Program> => {
  const command = [here('runtimes/cli.ts'), '--port', String(port), '--output', folder]
  const child = spawn('sh', ['-c', prepare, folder, process.execPath, ...command], {
    cwd: here(''),
    env: { ...process.env, OTLP2PARQUET_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let printed = ''
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk))
  onSpawn?.(child)
  const url = await new Promise<string | undefined>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk
      const listening = /listens on +(\S+)/.exec(printed)?.[1]
      if (listening !== undefined) resolve(listening)
    })
    ended.then(() => resolve(undefined))
  })
  if (url === undefined) throw new Error(`the program ended early: ${errors}`)
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  return {
    url,
    pid: child.pid ?? 0,
    errors: () => errors,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    starvedMs: () => starvedMs(child.pid ?? 0),
    openFiles: () => (existsSync('/proc') ? readdirSync(`/proc/${child.pid}/fd`).length : 0),
  }
}

/** How long a process's main thread has waited on a run queue so far: the second number of Linux's `schedstat`, in ns. */
export const starvedMs = (pid: number): number => {
  const path = `/proc/${pid}/schedstat`
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split(' ')[1]) / 1e6 : 0
}

/** Every file below a folder by kind: data files, and all others (temporary ones). */
export const filesBelow = async (folder: string): Promise<{ data: string[]; other: string[] }> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.length + 1))
    .map((path) => path.split(sep).join('/'))
    .sort()
  const isData = (path: string) => /^[^.].*\.parquet$/.test(path)
  return { data: files.filter(isData), other: files.filter((path) => !isData(path)) }
}
