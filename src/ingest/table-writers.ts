import type { Catalog, TableIdentifier } from '../iceberg/catalog.ts'
import type { Deferral } from '../iceberg/deferral.ts'
import { systemClock } from '../iceberg/retry.ts'
import { createFitTable } from '../iceberg/table-fit.ts'
import { createTableWriter, type TableWriter } from '../iceberg/table-writer.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Table } from '../tables/table.ts'
import { ownColumns } from './table-columns.ts'
import { type PartitionBy, tableCreation } from './table-creation.ts'

export interface TableWritersOptions {
  readonly catalog: Catalog
  /** What a table of ours is called in the catalog. */
  readonly identifierOf: (table: Table) => TableIdentifier
  readonly partitionBy: PartitionBy
  /** Who takes what is not committed now; without it everything is. */
  readonly deferral?: Deferral
  /** The program's version, for snapshot summaries. */
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
}

/** A writer for each table, made when it is first asked for. */
export const createTableWriters = (
  options: TableWritersOptions,
): ((table: Table) => TableWriter) => {
  const { identifierOf, partitionBy } = options
  const writers = new Map<Table, TableWriter>()
  return (table) => {
    const known = writers.get(table)
    if (known !== undefined) return known
    const writer = createTableWriter({
      ...options,
      identifier: identifierOf(table),
      creation: tableCreation(table, partitionBy),
      makeFit: createFitTable(ownColumns(table), { ...options, clock: systemClock }),
      clock: systemClock,
    })
    writers.set(table, writer)
    return writer
  }
}
