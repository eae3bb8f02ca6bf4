import { resolve } from 'node:path'
import { problem } from '../../src/config/problem.ts'
import { type Config, ConfigError } from '../../src/config.ts'
import { readyKey } from '../../src/receipts/receipt-key.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { DestinationOptions, OpenDestination } from '../shared/destination.ts'
import { locationOf } from '../shared/location.ts'
import { openRestCatalog } from '../shared/rest-catalog.ts'
import { fileTablesOf, tablesOf } from '../shared/tables.ts'
import { awsCredentials } from './credentials.ts'
import { createOpenFileIO } from './open-file-io.ts'
import { openStorage } from './storage.ts'

/** Opens the catalog that is configured. @throws when it cannot be used */
export const openTables = async (options: DestinationOptions): Promise<OpenDestination> => {
  const { config, log } = options
  const { icebergRestUri, stateBucket } = config
  if (icebergRestUri !== undefined) {
    const credentials = awsCredentials(process.env)
    const openFiles = createOpenFileIO
    const catalog = openRestCatalog(icebergRestUri, { config, credentials, openFiles, log })
    const storage = stateBucket === undefined ? null : await openStateBucket(stateBucket, options)
    return { ...tablesOf(catalog, storage, options), prefetch: () => catalog.ready() }
  }
  const root = rootOf(config)
  // Loaded for those who have one.
  const { openCatalogIn } = await import('../shared/file-catalog.ts')
  const storage = await openStorage(config, log)
  const opened = await openCatalogIn(storage, root, options)
  return fileTablesOf(opened, storage, options)
}

/** The bucket of the receipts, loaded by those who have one. */
const openStateBucket = async (
  s3Bucket: string,
  { config, log }: DestinationOptions,
): Promise<Storage> => {
  const { openBucket } = await import('./bucket.ts')
  return openBucket({ ...config, s3Bucket }, log, readyKey)
}

/**
 * Where the storage lies as metadata name it, whatever folder the program was started in.
 * @throws ConfigError where readers would look elsewhere: most take the names of files for URIs, which end there
 */
const rootOf = (config: Config): string => {
  const location = locationOf(config)
  if (config.storageBackend !== 'fs') return location
  const folder = resolve(location)
  if (!/[#?]/.test(folder)) return `file://${folder}`
  const message = `must not hold # or ? where tables are Iceberg's: others cut the names of files there (${folder})`
  throw new ConfigError([problem('storagePath', message)])
}
