import type { Config } from '../../src/config.ts'
import type { Catalog, TableIdentifier } from '../../src/iceberg/catalog.ts'
import type { Destination } from '../../src/ingest/destination.ts'
import { createIcebergDestination } from '../../src/ingest/iceberg.ts'
import { createPlainDestination } from '../../src/ingest/plain.ts'
import { createTableWriters } from '../../src/ingest/table-writers.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'
import type { Table } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'
import { openNodeFileCatalog } from './file-catalog.ts'
import { openRestCatalog } from './rest-catalog.ts'
import { sha256 } from './sha256.ts'
import { openStorage } from './storage.ts'

export interface DestinationOptions {
  readonly config: Config
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
}

/** Where this configuration sends rows to. */
export interface OpenDestination {
  readonly to: (encoder: Encoder) => Destination
  /** Resolves when rows could be stored now. */
  readonly ready: () => Promise<void>
  /** Removes what has expired; there where nobody else does it. */
  readonly retain?: () => Promise<void>
}

/** Opens the storage, or the catalog that says where files go. @throws when one cannot be used */
export const openDestination = async (options: DestinationOptions): Promise<OpenDestination> => {
  const { config, log, metrics } = options
  const { icebergRestUri } = config
  if (icebergRestUri !== undefined) {
    return tablesOf(openRestCatalog(icebergRestUri, config, log), options)
  }
  const storage = await openStorage(config, log)
  if (config.icebergCatalog === 'file') {
    const { catalog, retain } = await openNodeFileCatalog({ config, storage, log, metrics })
    const identifiers = tables.map(identifiersOf(config))
    return { ...tablesOf(catalog, options), retain: () => retain(identifiers) }
  }
  return {
    to: ({ encode }) => createPlainDestination({ storage, encode, sha256, metrics }),
    ready: () => storage.ready(),
  }
}

const tablesOf = (
  catalog: Catalog,
  { config, version, log, metrics }: DestinationOptions,
): OpenDestination => {
  const writerOf = createTableWriters({
    catalog,
    identifierOf: identifiersOf(config),
    partitionBy: config.icebergPartition,
    version,
    log,
    metrics,
  })
  return {
    to: ({ encodeMeasured }) =>
      createIcebergDestination({ writerOf, encodeMeasured, sha256, metrics }),
    ready: () => catalog.ready(),
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
