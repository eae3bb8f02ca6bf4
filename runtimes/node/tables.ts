import type { Config } from '../../src/config.ts'
import type { Catalog, TableIdentifier } from '../../src/iceberg/catalog.ts'
import { createIcebergDestination } from '../../src/ingest/iceberg.ts'
import { createTableWriters } from '../../src/ingest/table-writers.ts'
import type { Table } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'
import type { DestinationOptions, OpenDestination } from './destination.ts'
import { openNodeFileCatalog } from './file-catalog.ts'
import { openRestCatalog } from './rest-catalog.ts'
import { sha256 } from './sha256.ts'
import { openStorage } from './storage.ts'

/** Opens the catalog that is configured. @throws when it cannot be used */
export const openTables = async (options: DestinationOptions): Promise<OpenDestination> => {
  const { config, log, metrics } = options
  const { icebergRestUri } = config
  if (icebergRestUri !== undefined) {
    return tablesOf(openRestCatalog(icebergRestUri, config, log), options)
  }
  const storage = await openStorage(config, log)
  const { catalog, retain } = await openNodeFileCatalog({ config, storage, log, metrics })
  const identifiers = tables.map(identifiersOf(config))
  return { ...tablesOf(catalog, options), retain: () => retain(identifiers) }
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
