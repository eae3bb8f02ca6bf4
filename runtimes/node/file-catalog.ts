import { resolve } from 'node:path'
import type { Config } from '../../src/config.ts'
import type { TableIdentifier } from '../../src/iceberg/catalog.ts'
import type { FileCatalog } from '../../src/iceberg/file/catalog.ts'
import { openFileCatalog } from '../../src/iceberg/file/open.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import type { ReceiptStore } from '../../src/receipts/receipt-store.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { locationOf } from './location.ts'
import { retainTables } from './retention.ts'

export interface NodeFileCatalogOptions {
  readonly config: Config
  readonly storage: Storage
  readonly log: Log
  readonly metrics: Metrics
}

/** A catalog in the storage itself, and who removes what has expired there: nobody else does. */
export interface NodeFileCatalog {
  readonly catalog: FileCatalog
  readonly retain: (
    identifiers: readonly TableIdentifier[],
    receipts: ReceiptStore | null,
  ) => Promise<void>
}

const hourMs = 3_600_000

/** Opens the file catalog that is configured. @throws when its storage does not compare before it swaps */
export const openNodeFileCatalog = async (
  options: NodeFileCatalogOptions,
): Promise<NodeFileCatalog> => {
  const { config, storage, log } = options
  const location = locationOf(config)
  const root = config.storageBackend === 'fs' ? `file://${resolve(location)}` : location
  const catalog = await openFileCatalog({ storage, root, log })
  const { snapshotMaxAgeHours: hours, snapshotMinCount: minCount } = config
  const policy = { maxAgeMs: hours === 0 ? Number.POSITIVE_INFINITY : hours * hourMs, minCount }
  return {
    catalog,
    retain: (identifiers, receipts) =>
      retainTables(identifiers, receipts, { ...options, catalog, policy, clock: systemClock }),
  }
}
