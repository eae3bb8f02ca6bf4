import { readFile, stat } from 'node:fs/promises'
import type { Config } from '../../src/config.ts'
import { IngestError } from '../../src/errors.ts'
import type { FileIO, FileProperties, OpenFileIO } from '../../src/iceberg/file-io.ts'
import { s3Location, vendedCredentials } from '../../src/iceberg/rest/credentials.ts'
import type { Log } from '../../src/log.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { orNull, saying } from '../../src/storage/fs-errors.ts'
import { createS3Storage, type S3Options } from '../../src/storage/s3.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { noRegion } from './bucket.ts'
import { sha256 } from './sha256.ts'

export interface FileIOOptions {
  /** What counts where the catalog says nothing. */
  readonly config: Pick<Config, 's3Region' | 's3Endpoint'>
  readonly credentials: CredentialProvider
  readonly log: Log
}

/** Opens the files of tables on S3 (`s3:`, `s3a:`, `s3n:`) and on this machine (`file:`, absolute paths). */
export const createOpenFileIO = (options: FileIOOptions): OpenFileIO => {
  const folders = openedOnce(openFileStorage)
  return (location, properties, renew) => {
    if (objectOf(location) !== null) return bucketFiles(options, properties, renew)
    const root = fileOf(location)
    if (root !== null) return localFiles(root.replace(/\/$/, ''), folders)
    throw unreachable('its location is neither on S3 nor on this machine')
  }
}

/** Asks the catalog for properties with new credentials. */
type Renew = () => Promise<FileProperties>

const unreachable = (reason: string): IngestError =>
  new IngestError('unavailable', `the files of a table cannot be reached: ${reason}`)

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

/** Bucket and key of a path. Paths in metadata are not percent-encoded: what follows the bucket is the key. */
const objectOf = (path: string): { bucket: string; key: string } | null => {
  const [, bucket, key = ''] = /^s3[an]?:\/\/([^/]+)(?:\/([\s\S]*))?$/.exec(path) ?? []
  return bucket === undefined ? null : { bucket, key }
}

const bucketFiles = (options: FileIOOptions, properties: FileProperties, renew?: Renew): FileIO => {
  const settings = s3Settings(options, properties, renew)
  const buckets = new Map<string, Storage>()
  const at = <T>(path: string, act: (storage: Storage, key: string) => Promise<T>): Promise<T> => {
    const { bucket, key } = objectOf(path) ?? {}
    if (bucket === undefined || key === undefined) throw unreachable('some of them are not on S3')
    const storage = buckets.get(bucket) ?? createS3Storage({ ...settings, ...ofBucket(bucket) })
    buckets.set(bucket, storage)
    return act(storage, key)
  }
  return {
    put: async (path, bytes, put) => at(path, (storage, key) => storage.put(key, bytes, put)),
    get: async (path) => at(path, (storage, key) => storage.get(key)),
    head: async (path) => at(path, (storage, key) => storage.head(key)),
  }
}

/** The buckets behind S3 Tables are named so ("Amazon S3 Tables", table warehouse location). */
const ofBucket = (bucket: string): Pick<S3Options, 'bucket' | 'capabilities'> =>
  bucket.endsWith('--table-s3')
    ? { bucket, capabilities: { list: false, delete: false } }
    : { bucket }

/** Iceberg's names for what a client of S3 has to know; what the catalog says stands above what is configured. */
const s3Settings = (
  { config, credentials, log }: FileIOOptions,
  properties: FileProperties,
  renew?: Renew,
): Omit<S3Options, 'bucket'> => {
  const {
    region = config.s3Region,
    endpoint = config.s3Endpoint,
    pathStyle,
  } = s3Location(properties)
  if (region === undefined && endpoint === undefined) {
    throw unreachable('no region is configured for S3')
  }
  return {
    region: region ?? noRegion,
    ...(endpoint !== undefined && { endpoint }),
    ...(pathStyle !== undefined && { pathStyle }),
    credentials: vendedCredentials(properties, renew) ?? credentials,
    anyKey: true,
    sha256,
    log,
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
