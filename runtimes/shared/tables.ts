import type { Config } from '../../src/config.ts'
import { IngestError } from '../../src/errors.ts'
import type { Catalog, LoadedTable, TableIdentifier } from '../../src/iceberg/catalog.ts'
import { createIcebergDestination } from '../../src/ingest/iceberg.ts'
import { createTableWriters } from '../../src/ingest/table-writers.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Table } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'
import type { DestinationOptions, OpenDestination } from './destination.ts'
import type { OpenFileCatalog } from './file-catalog.ts'
import { openReceipts } from './receipts.ts'
import { sha256 } from './sha256.ts'

/** Our tables in a catalog. `storage`: of the receipts; without it none are left. */
export const tablesOf = (
  catalog: Catalog,
  storage: Storage | null,
  options: DestinationOptions,
): OpenDestination => {
  const { config, version, log, metrics } = options
  const receipts = storage === null ? undefined : openReceipts({ ...options, storage, catalog })
  const writerOf = createTableWriters({
    catalog,
    ...(receipts !== undefined && { deferral: receipts.deferral }),
    identifierOf: identifierOf(config),
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
    prepare: async (deadline) => {
      // One after the other: they share a namespace, and some catalogs count calls.
      for (const table of tables) await reachFiles(await writerOf(table).prepare(deadline))
    },
  }
}

/**
 * Looks at a file of a table that is there for certain: of one that is not, a table bucket says only that it may not be seen; and
 * what is put there nobody may delete.
 * @throws IngestError that says of which table the files are out of reach, and why
 */
const reachFiles = async ({ identifier, io, metadataLocation }: LoadedTable): Promise<void> => {
  if (metadataLocation === undefined) return
  try {
    await io.head(metadataLocation)
  } catch (error) {
    if (!(error instanceof IngestError)) throw error
    const { kind, message, cause } = error
    const words = `the files of table ${identifier.name} cannot be reached: ${message}`
    throw new IngestError(kind, words, { cause })
  }
}

/** What our tables are called. */
const identifierOf = (config: Config): ((table: Table) => TableIdentifier) => {
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

/** What all of our tables are called. */
export const identifiersOf = (config: Config): TableIdentifier[] => tables.map(identifierOf(config))

/** The catalog in a storage itself, where receipts lie beside the tables if it can list and delete them. */
export const fileTablesOf = (
  { catalog, retain }: OpenFileCatalog,
  storage: Storage,
  options: DestinationOptions,
): OpenDestination => {
  const { list, delete: remove } = storage.capabilities
  const opened = tablesOf(catalog, list && remove ? storage : null, options)
  const { store = null } = opened.receipts ?? {}
  return { ...opened, retain: (deadline) => retain(identifiersOf(options.config), store, deadline) }
}
