import { createPlainDestination } from '../../src/ingest/plain.ts'
import type { DestinationOptions, OpenDestination } from '../shared/destination.ts'
import { sha256 } from '../shared/sha256.ts'
import { openStorage } from './storage.ts'

/** Opens the storage, or the catalog that says where files go. @throws when one cannot be used */
export const openDestination = async (options: DestinationOptions): Promise<OpenDestination> => {
  const { config, log, metrics } = options
  if (config.icebergRestUri !== undefined || config.icebergCatalog !== undefined) {
    // Loaded for those who ask for it: nobody else's start has to wait for all that it needs.
    const { openTables } = await import('./tables.ts')
    return openTables(options)
  }
  const storage = await openStorage(config, log)
  return {
    to: ({ encode }) => createPlainDestination({ storage, encode, sha256, metrics }),
    ready: () => storage.ready(),
  }
}
