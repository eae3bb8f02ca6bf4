import { readFile, stat } from 'node:fs/promises'
import type { FileIO } from '../../src/iceberg/file-io.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { orNull, saying } from '../../src/storage/fs-errors.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { unreachable } from '../shared/s3-files.ts'

/** Opens tables in folders of this machine, by the location that metadata names (`file:`, absolute paths). */
export const createLocalFiles = (): ((location: string) => FileIO) => {
  const folders = openedOnce(openFileStorage)
  return (location) => {
    const root = fileOf(location)
    if (root !== null) return localFiles(root.replace(/\/$/, ''), folders)
    throw unreachable('its location is neither on S3 nor on this machine')
  }
}

/** Opens what has a name once, and again only when that failed. */
const openedOnce = <T>(open: (name: string) => Promise<T>) => {
  const opened = new Map<string, Promise<T>>()
  return (name: string): Promise<T> => {
    const before = opened.get(name)
    if (before !== undefined) return before
    const now = open(name)
    opened.set(name, now)
    now.catch(() => opened.delete(name))
    return now
  }
}

/** The absolute path of a file, or null; Hadoop writes one slash, others three. */
const fileOf = (path: string): string | null => {
  const [, file] = /^(?:file:(?:\/\/(?:localhost)?)?)?(\/(?!\/)[\s\S]*)$/.exec(path) ?? []
  return file?.replace(/\/+/g, '/') ?? null
}

/**
 * Files below a folder are written; read is whatever the metadata names, as its writer named it. The folder is
 * touched when the first file is written.
 */
const localFiles = (root: string, folders: (root: string) => Promise<Storage>): FileIO => {
  const pathOf = (path: string): string => {
    const file = fileOf(path)
    if (file === null) throw unreachable('some of them are not on this machine')
    return file
  }
  return {
    async put(path, bytes, options) {
      const file = pathOf(path)
      if (!file.startsWith(`${root}/`)) throw unreachable("one would lie outside of the table's")
      return (await folders(root)).put(file.slice(root.length + 1), bytes, options)
    },
    async get(path) {
      const bytes = await saying(() => orNull(readFile(pathOf(path))))
      return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    },
    async head(path) {
      const stats = await saying(() => orNull(stat(pathOf(path))))
      return stats?.isFile() ? { key: path, size: stats.size } : null
    },
  }
}
