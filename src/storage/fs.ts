import * as fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { codeOf, orNull, saying } from './fs-errors.ts'
import { createFolders, type Folders } from './fs-folders.ts'
import { createTemporaries, type Temporaries } from './fs-temporaries.ts'
import { checkKey, checkPrefix, compareKeys } from './key.ts'
import type { GetOptions, ObjectInfo, PutOptions, PutResult, Storage } from './storage.ts'

// Objects as files below a folder of a POSIX file system; Node only. The object `a/b` is the file
// `{root}/a/b`. What makes a put whole, atomic and durable:
//   write `{root}/.tmp/{unique}`, fdatasync it; link it to its key (EEXIST: an object stands there
//   already) or, to replace, rename it; fsync the key's folder, and once the folders above it.
// Temporary files lie in one folder, so that a start finds what a killed writer left without
// walking a tree of years of hours. The whole root must be one file system (else EXDEV).
// Not here: Windows, whose names and folder syncs differ.

/** Puts and gets at once: each holds a file open, and libuv works at four anyway. */
const maxOpenFiles = 32

/** What `ready` writes to find out whether it can. */
const probe = new Uint8Array(4096)

// The callback functions cost less than `node:fs/promises`, whose file handles are objects to make
// and to collect. A close after a sync has nothing left to wait for: it is done in place.
const link = promisify(fs.link)
const rename = promisify(fs.rename)
const unlink = promisify(fs.unlink)
const stat = promisify(fs.stat)
const readdir = promisify(fs.readdir)
const readFile = promisify(fs.readFile)
const access = promisify(fs.access)

/**
 * Opens the folder `root` as a storage; makes it when it is not there and removes temporary files
 * that nobody will finish. Throws `unavailable` when the folder cannot be made or written.
 */
export const openFileStorage = async (root: string): Promise<Storage> => {
  const base = resolve(root)
  const folders = createFolders(base)
  const temporaries = createTemporaries(`${base}/.tmp`)
  await saying(async () => {
    await folders.make(temporaries.folder)
    await temporaries.clear()
  })
  return createStorage(base, folders, temporaries)
}

const createStorage = (base: string, folders: Folders, temporaries: Temporaries): Storage => {
  const limit = pLimit(maxOpenFiles)
  const pathOf = (key: string): string => {
    checkKey(key)
    return `${base}/${key}`
  }

  const put = async (
    path: string,
    bytes: Uint8Array,
    { ifNoneMatch, volatile = false }: PutOptions,
  ): Promise<PutResult> => {
    const folder = dirname(path)
    await folders.make(temporaries.folder)
    await folders.make(folder)
    const place = (temporary: string) =>
      ifNoneMatch === undefined ? replaceWith(temporary, path) : create(temporary, path)
    const result = await temporaries.use(bytes, place, !volatile)
    // Also when the object stood already: whoever linked it may not have synced the folder yet.
    if (!volatile) await folders.sync(folder)
    return result
  }

  /** Somebody may have removed a folder that we take for made: then once more from the root. */
  const healing = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      folders.forget()
      return act()
    }
  }

  return {
    capabilities: { conditionalPut: true, list: true, delete: true },
    async put(key, bytes, options = {}) {
      const path = pathOf(key)
      return saying(() => limit(() => healing(() => put(path, bytes, options))))
    },
    async get(key, { range } = {}) {
      const path = pathOf(key)
      const read = () => (range === undefined ? readFile(path) : readRange(path, range))
      const bytes = await saying(() => limit(() => orNull(read())))
      return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    },
    async head(key) {
      const path = pathOf(key)
      const stats = await saying(() => orNull(stat(path)))
      return stats?.isFile() ? { key, size: stats.size, modifiedAt: stats.mtimeMs } : null
    },
    list(prefix) {
      checkPrefix(prefix)
      return walk(base, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix)
    },
    async delete(key) {
      const path = pathOf(key)
      await saying(() => orNull(unlink(path)))
    },
    ready: () =>
      saying(() =>
        healing(async () => {
          await folders.make(temporaries.folder)
          await access(base, fs.constants.W_OK | fs.constants.X_OK)
          await temporaries.use(probe, async () => undefined)
        }),
      ),
  }
}

const readRange = async (
  path: string,
  { start, end }: NonNullable<GetOptions['range']>,
): Promise<Buffer> => {
  // An empty one says at least whether the file is there.
  const last = Math.max(start, end - 1)
  const pieces: Buffer[] = await Array.fromAsync(fs.createReadStream(path, { start, end: last }))
  return Buffer.concat(pieces).subarray(0, Math.max(0, end - start))
}

const create = async (temporary: string, path: string): Promise<PutResult> => {
  try {
    await link(temporary, path)
    return 'created'
  } catch (error) {
    // A folder, or a link to nowhere, stands in the way just as well: that is no object.
    if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isFile()) throw error
    return 'exists'
  }
}

const replaceWith = async (temporary: string, path: string): Promise<PutResult> => {
  await rename(temporary, path)
  return 'created'
}

/** The objects below `folder` (empty, or with a `/` at its end) whose key starts with `prefix`. */
async function* walk(base: string, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
  for (const path of await entriesOf(base, folder)) {
    if (path.endsWith('/')) {
      if (path.startsWith(prefix) || prefix.startsWith(path)) yield* walk(base, path, prefix)
    } else if (path.startsWith(prefix)) {
      const stats = await saying(() => orNull(stat(`${base}/${path}`)))
      if (stats !== null) yield { key: path, size: stats.size, modifiedAt: stats.mtimeMs }
    }
  }
}

/** Keys and, with a `/` at their end, folders: sorted so, a folder stands where its keys do. */
const entriesOf = async (base: string, folder: string): Promise<string[]> => {
  const entries = await saying(() => orNull(readdir(`${base}/${folder}`, { withFileTypes: true })))
  return (entries ?? [])
    .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || entry.isDirectory()))
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .sort(compareKeys)
}
