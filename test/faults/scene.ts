/** A program in trouble, a client that writes everything down, and the judgement at the end. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import { send } from './clients.ts'
import {
  type Answer,
  checkAnswers,
  checkFiles,
  checkRows,
  type Entry,
  requestName,
  type Violation,
} from './ledger.ts'
import type { Sent } from './load.ts'
import { filesBelow, type Program, startProgram } from './program.ts'
import { judges, readAll } from './readers.ts'

/** Shell lines that make a limit and then become the program; `$0` is the data folder. */
export const limits = {
  none: 'exec "$@"',
  files: 'ulimit -n 64 && exec "$@"',
  fileSize: 'ulimit -f 64 && exec "$@"',
  // A disk of 2 MB that only the program sees, in a mount namespace of its own; `-r` makes an
  // ordinary user the root of it where the system allows that.
  disk: `mkdir -p "$0" && exec unshare -rm sh -c 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"' "$0" "$@"`,
}

export interface Scene {
  readonly program: Program
  /** The data folder as this process sees it. */
  readonly folder: string
  /** Sends a request of its own, or one that was sent before. */
  post(shape?: Partial<Sent>, agent?: Agent): Promise<{ sent: Sent; answer: Answer }>
  /** Leaves no byte free on the disk; `but` bytes at most. */
  fillDisk(but?: number): void
  remount(mode: 'ro' | 'rw'): void
  /** Stops the program after asking two readers: the rules that are broken. */
  judge(): Promise<Violation[]>
}

/**
 * Starts the program under a limit.
 * @throws with what it printed when it does not start
 */
export const startScene = async (limit: keyof typeof limits, path: string): Promise<Scene> => {
  const program = await startProgram({ folder: path, prepare: limits[limit] })
  // A mount of the program's own is seen through its root.
  const folder = limit === 'disk' ? `/proc/${program.pid}/root${path}` : path
  const entries: Entry[] = []
  let first = 0

  const post: Scene['post'] = async (shape = {}, agent) => {
    const own = { run: '0', client: 0, signal: 'logs', first, records: 5, services: 1, hours: 1 }
    const sent = { ...own, ...shape } as Sent
    const id = requestName(sent)
    // Sent again: it is in the ledger already.
    if (sent.first === first) {
      first += sent.records
      entries.push({ kind: 'sent', id, request: sent })
    }
    const answer = await send(program.url, sent, agent === undefined ? {} : { agent })
    entries.push({ kind: 'answer', id, answer })
    return { sent, answer }
  }

  return {
    program,
    folder,
    post,
    fillDisk: (but = 0) => fill(`${folder}/.filler`, but),
    remount: (mode) => {
      const namespace = ['-t', String(program.pid), '-U', '-m', '--preserve-credentials']
      execFileSync('nsenter', [...namespace, 'mount', '-o', `remount,${mode}`, path])
    },
    judge: async () => {
      const { data, other } = await filesBelow(folder)
      const found = {
        duckdb: await readAll(judges.duckdb!, folder, data),
        hyparquet: await readAll(judges.hyparquet!, folder, data),
      }
      const code = await program.stop()
      return [
        ...checkAnswers(entries),
        ...checkRows(entries, found.duckdb),
        ...checkRows(entries, found.hyparquet),
        ...checkFiles(data, found),
        ...other.map((file) => `I6: ${file} is left`),
        ...(code === 0 ? [] : [`I6: the program ended with ${code}`]),
      ]
    },
  }
}

const fill = (path: string, but: number): void => {
  const fillBy = (bytes: number) => writeFileSync(path, new Uint8Array(bytes), { flag: 'a' })
  try {
    for (;;) fillBy(4096)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOSPC') throw error
  }
  if (but > 0) execFileSync('truncate', ['-s', `-${but}`, path])
}
