// Starts the process beside this file under a limit that the machine allows.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Commands } from './process.ts'

type Call<C> = C extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never

export type Limited = { readonly [Name in keyof Commands]: Call<Commands[Name]> } & {
  stop(): Promise<void>
}

/** A shell line that sets the limit and then runs `"$@"`; `$0` is the folder. */
const limits = {
  none: ['sh', '-c', 'exec "$@"'],
  files: ['sh', '-c', 'ulimit -n 80 && exec "$@"'],
  fileSize: ['sh', '-c', 'ulimit -f 512 && exec "$@"'],
  // A disk of 1 MB that only the child sees, in a mount namespace of its own; `-r` makes an
  // ordinary user the root of it where the system allows that.
  disk: ['unshare', '-rm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'],
}

/**
 * Starts a storage in `folder` under a limit.
 * @throws when the process ends before it is ready
 */
export const startLimited = async (
  limit: keyof typeof limits,
  folder: string,
): Promise<Limited> => {
  const [command = '', ...args] = limits[limit]
  const program = [process.execPath, join(import.meta.dirname, 'process.ts'), folder]
  const child = spawn(command, [...args, folder, ...program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = new Promise<void>((done) => {
    child.once('close', () => done())
    child.once('error', () => done())
  })
  const started = new Promise<true>((done) => child.once('message', () => done(true)))
  if (!(await Promise.race([started, exited])))
    throw new Error(`the storage's process ended before it was ready, under the limit: ${limit}`)
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return callsTo(child, stop)
}

const callsTo = (child: ChildProcess, stop: () => Promise<void>): Limited => {
  let count = 0
  const call = (name: string, args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = count++
      const listener = ([of, reply]: [number, { answer?: unknown; error?: string }]) => {
        if (of !== id) return
        child.off('message', listener)
        if (reply.error === undefined) resolve(reply.answer)
        else reject(new Error(reply.error))
      }
      child.on('message', listener)
      child.send([id, name, ...args])
    })
  return new Proxy({} as Limited, {
    get: (_, name: string) => {
      if (name === 'then') return undefined
      return name === 'stop' ? stop : (...args: unknown[]) => call(name, args)
    },
  })
}
