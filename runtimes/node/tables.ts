import type { Config } from '../../src/config.ts'
import type { Catalog, TableIdentifier } from '../../src/iceberg/catalog.ts'
import { createIcebergDestination } from '../../src/ingest/iceberg.ts'
import { createTableWriters } from '../../src/ingest/table-writers.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Table } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'
import type { DestinationOptions, OpenDestination } from './destination.ts'
import { openNodeFileCatalog } from './file-catalog.ts'
import { openReceipts } from './receipts.ts'
import { openRestCatalog } from './rest-catalog.ts'
import { sha256 } from './sha256.ts'
import { openStorage } from './storage.ts'

/** Opens the catalog that is configured. @throws when it cannot be used */
export const openTables = async (options: DestinationOptions): Promise<OpenDestination> => {
  const { config, log, metrics } = options
  const { icebergRestUri, stateBucket } = config
  if (icebergRestUri !== undefined) {
    const catalog = openRestCatalog(icebergRestUri, config, log)
    const storage = stateBucket === undefined ? null : await openStateBucket(stateBucket, options)
    return tablesOf(catalog, storage, options)
  }
  const storage = await openStorage(config, log)
  const { catalog, retain } = await openNodeFileCatalog({ config, storage, log, metrics })
  const opened = tablesOf(catalog, canHoldReceipts(storage) ? storage : null, options)
  const identifiers = tables.map(identifiersOf(config))
  const { store = null } = opened.receipts ?? {}
  return { ...opened, retain: () => retain(identifiers, store) }
}

/** The bucket of the receipts, loaded by those who have one. */
const openStateBucket = async (
  s3Bucket: string,
  { config, log }: DestinationOptions,
): Promise<Storage> => {
  const { openBucket } = await import('./bucket.ts')
  // Who may touch nothing but receipts there can say whether it is ready all the same.
  return openBucket({ ...config, s3Bucket }, log, '_receipts/.ready')
}

const canHoldReceipts = ({ capabilities }: Storage): boolean =>
  capabilities.list && capabilities.delete

/** `storage`: of the receipts; without it none are left. */
const tablesOf = (
  catalog: Catalog,
  storage: Storage | null,
  options: DestinationOptions,
): OpenDestination => {
  const { config, version, log, metrics } = options
  const receipts = storage === null ? undefined : openReceipts({ ...options, storage, catalog })
  const writerOf = createTableWriters({
    catalog,
    ...(receipts !== undefined && { deferral: receipts.deferral }),
    identifierOf: identifiersOf(config),
    partitionBy: config.icebergPartition,
    version,
    log,
    metrics,
  })
  return {
    to: ({ encodeMeasured }) =>
      createIcebergDestination({ writerOf, encodeMeasured, sha256, metrics }),
    ready: async () => {
      await Promise.all([catalog.ready(), storage?.ready()])
    },
    ...(receipts !== undefined && { receipts }),
    prepare: async () => {
      // One after the other: they share a namespace, and some catalogs count calls.
      for (const table of tables) await writerOf(table).open()
    },
  }
}

/** What our tables are called. */
const identifiersOf = (config: Config): ((table: Table) => TableIdentifier) => {
  const names: Readonly<Record<string, string>> = {
    logs: config.icebergTableLogs,
    traces: config.icebergTableTraces,
    metrics_gauge: config.icebergTableGauge,
    metrics_sum: config.icebergTableSum,
    metrics_histogram: config.icebergTableHistogram,
    metrics_exponential_histogram: config.icebergTableExponentialHistogram,
    metrics_summary: config.icebergTableSummary,
  }
  const namespace = [config.icebergNamespace]
  return ({ name }) => ({ namespace, name: names[name] ?? name })
}
