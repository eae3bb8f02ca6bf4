import { resolve } from 'node:path'
import type { Config } from '../../src/config.ts'

/** Where the storage lies, as query engines name it: a folder's path or `s3://bucket/prefix`. */
export const locationOf = (config: Config): string => {
  const { storageBackend, storagePath, storagePrefix, s3Bucket } = config
  if (storageBackend === 'fs') return storagePath
  return ['s3:/', s3Bucket, ...(storagePrefix === undefined ? [] : [storagePrefix])].join('/')
}

/** The same as metadata name it, whatever folder the program was started in. */
export const rootOf = (config: Config): string => {
  const location = locationOf(config)
  return config.storageBackend === 'fs' ? `file://${resolve(location)}` : location
}
