import type { TableIdentifier } from '../../src/iceberg/catalog.ts'
import type { FileCatalog } from '../../src/iceberg/file/catalog.ts'
import { openFileCatalog } from '../../src/iceberg/file/open.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import type { ReceiptStore } from '../../src/receipts/receipt-store.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { DestinationOptions } from './destination.ts'
import { retainTables } from './retention.ts'

/** A catalog in the storage itself, and who removes what has expired there: nobody else does. */
export interface OpenFileCatalog {
  readonly catalog: FileCatalog
  /** `deadline`: milliseconds since 1970 from which on nothing more is begun. */
  readonly retain: (
    identifiers: readonly TableIdentifier[],
    receipts: ReceiptStore | null,
    deadline?: number,
  ) => Promise<void>
}

const hourMs = 3_600_000

/**
 * Opens the file catalog in a storage. `root`: where that lies, as metadata name it (`file:///folder`, `s3://bucket/prefix`).
 * @throws when the storage does not compare before it swaps
 */
export const openCatalogIn = async (
  storage: Storage,
  root: string,
  options: Pick<DestinationOptions, 'config' | 'log' | 'metrics' | 'callsLeft' | 'lastSeen'>,
): Promise<OpenFileCatalog> => {
  const { log, metrics, callsLeft, lastSeen } = options
  const catalog = await openFileCatalog({ storage, root, log, ...(lastSeen && { lastSeen }) })
  const { snapshotMaxAgeHours: hours, snapshotMinCount: minCount } = options.config
  const policy = { maxAgeMs: hours === 0 ? Number.POSITIVE_INFINITY : hours * hourMs, minCount }
  const retention = { storage, catalog, policy, clock: systemClock, log, metrics, callsLeft }
  return {
    catalog,
    retain: (identifiers, receipts, deadline) =>
      retainTables(identifiers, receipts, { ...retention, deadline }),
  }
}
