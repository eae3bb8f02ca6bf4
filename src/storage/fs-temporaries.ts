import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { promisify } from 'node:util'
import { codeOf, orNull, unless } from './fs-errors.ts'

/** When a temporary file is old even though its writer cannot be seen: far above any deadline. */
const staleAfterMs = 3_600_000

/** Temporary files looked at in one start; more are left for the next. */
const maxCleared = 10_000

const open = promisify(fs.open)
const write = promisify(fs.write)
const fdatasync = promisify(fs.fdatasync)
const unlink = promisify(fs.unlink)
const stat = promisify(fs.stat)

export interface Temporaries {
  readonly folder: string
  /** Hands out a file with these bytes, a durable one if it has to be; afterwards nothing of it is left here. */
  use<T>(bytes: Uint8Array, place: (path: string) => Promise<T>, isDurable?: boolean): Promise<T>
  /** Removes the files of writers that are gone. */
  clear(): Promise<void>
}

/** The storages of this process: `pid` alone cannot tell a predecessor of equal pid from us. */
const writers = new Set<string>()

/** Temporary files in `folder`, which has to be there. */
export const createTemporaries = (folder: string): Temporaries => {
  const host = hostname().replace(/[^A-Za-z0-9.]/g, '_')
  const writer = randomUUID().slice(0, 8)
  writers.add(writer)
  let count = 0

  const isStale = async (name: string): Promise<boolean> => {
    const [, theirHost, pid, theirs] = /^(.+)-(\d+)-([0-9a-f]{8})-\d+$/.exec(name) ?? []
    if (theirs !== undefined && writers.has(theirs)) return false
    if (theirHost === host && !isRunning(Number(pid))) return true
    const { mtimeMs } = await stat(`${folder}/${name}`)
    return Date.now() - mtimeMs > staleAfterMs
  }

  return {
    folder,
    async use(bytes, place, isDurable = true) {
      const path = `${folder}/${host}-${process.pid}-${writer}-${count++}`
      try {
        await writeNew(path, bytes, isDurable)
        return await place(path)
      } finally {
        // Whatever happened: it was linked, was renamed, or is of no use. A start clears the rest.
        await unlink(path).catch(() => undefined)
      }
    },
    async clear() {
      let seen = 0
      for await (const { name } of await fs.promises.opendir(folder)) {
        if (++seen > maxCleared) break
        // Another start may clear at the same time.
        if (await isStale(name).catch(unless('ENOENT'))) await orNull(unlink(`${folder}/${name}`))
      }
    },
  }
}

/**
 * Whether a process of this host still runs. Containers that share a folder and a host name see
 * each other's processes as gone: then a file is taken from under a put, which `healing` repeats.
 */
const isRunning = (pid: number): boolean => {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

const writeNew = async (path: string, bytes: Uint8Array, isDurable: boolean): Promise<void> => {
  const fd = await open(path, 'wx')
  try {
    // A nearly full disk takes a part of the bytes first and refuses the next.
    for (let done = 0; done < bytes.length; ) {
      done += (await write(fd, bytes, done, bytes.length - done)).bytesWritten
    }
    if (isDurable) await fdatasync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
