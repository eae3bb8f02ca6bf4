import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { codeOf, unless } from './fs-errors.ts'

/** Folders remembered as made and durable. */
const maxKnownFolders = 4096

const open = promisify(fs.open)
const fsync = promisify(fs.fsync)
const mkdir = promisify(fs.mkdir)

export interface Folders {
  /** Makes a folder with those above it, durably; cheap when it was done before. */
  make(folder: string): Promise<void>
  /** Takes no folder for made any longer. */
  forget(): void
  /** Makes durable what was linked or renamed into a folder before this call. */
  sync(folder: string): Promise<void>
}

/**
 * The folders below and at `base`. One that we did not make ourselves is synced too when it is
 * first used: its maker may have died before that. What lies further above the base is left alone
 * unless it has to be made.
 */
export const createFolders = (base: string): Folders => {
  const known = new Map<string, Promise<void>>()
  const sync = groupSyncs()

  const makeDurably = async (folder: string): Promise<void> => {
    if (folder === base) return makeBase(base)
    await make(dirname(folder))
    await mkdir(folder).catch(unless('EEXIST'))
    await sync(dirname(folder))
  }

  const make = (folder: string): Promise<void> => {
    const before = known.get(folder)
    if (before !== undefined) return before
    const made = makeDurably(folder)
    if (known.size >= maxKnownFolders) known.clear()
    known.set(folder, made)
    made.catch(() => known.get(folder) === made && known.delete(folder))
    return made
  }

  return { make, forget: () => known.clear(), sync }
}

/**
 * Makes a base with what is missing above it, and syncs the folder above each one it looked at:
 * also of a base that stood, whose maker may have died before that. Level by level, since Node's
 * own `recursive` never ends where a folder stands and takes none (`/proc`).
 */
const makeBase = async (base: string): Promise<void> => {
  const above = dirname(base)
  if (above === base) return
  await mkdir(base).catch(async (error: unknown) => {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT') throw error
    await makeBase(above)
    await mkdir(base).catch(unless('EEXIST'))
  })
  // What lies above may be somebody else's: not ours to read, or mounted read-only.
  await syncFolder(above).catch(unless('EACCES', 'EPERM', 'EROFS'))
}

/**
 * Many calls for one folder share a sync, as databases group their commits: while one is running,
 * all who come wait for the next, because the one that runs may have begun too early for them.
 */
const groupSyncs = (): ((folder: string) => Promise<void>) => {
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, Promise<void>>()

  const start = (folder: string): Promise<void> => {
    waiting.delete(folder)
    const started = syncFolder(folder).finally(() => {
      if (running.get(folder) === started) running.delete(folder)
    })
    running.set(folder, started)
    return started
  }

  return (folder) => {
    const current = running.get(folder)
    if (current === undefined) return start(folder)
    const next =
      waiting.get(folder) ??
      current.then(
        () => start(folder),
        () => start(folder),
      )
    waiting.set(folder, next)
    return next
  }
}

/** File systems that know no fsync of a folder (some network ones) say so with EINVAL or ENOTSUP. */
const syncFolder = async (folder: string): Promise<void> => {
  const fd = await open(folder, 'r')
  try {
    await fsync(fd).catch(unless('EINVAL', 'ENOTSUP'))
  } finally {
    fs.closeSync(fd)
  }
}
