/** How a table's own partition spec divides our rows. */
import { partitionText } from '../iceberg/partition.ts'
import type { KnownPartition } from '../iceberg/partition-filter.ts'
import { defaultSpec, type PartitionField, type TableMetadata } from '../iceberg/table-metadata.ts'
import {
  isHourTransform,
  parseTransform,
  type Transform,
  transformHour,
} from '../iceberg/transform.ts'
import type { Partition, PartitionSource } from '../tables/partitions.ts'
import type { Table } from '../tables/table.ts'
import { type TableColumns, tableColumns } from './table-columns.ts'

/**
 * A source for each field of the table's spec. A column that is not written is null in every row. The spec is one that
 * the table's writer let through: every transform is known, and fits its column.
 */
export const partitionSources = (table: Table, metadata: TableMetadata): PartitionSource[] => {
  const columns = tableColumns(table, metadata)
  return defaultSpec(metadata).fields.map((field) => sourceOf(field, table, columns))
}

const sourceOf = (
  { transform: text, 'source-id': id }: PartitionField,
  table: Table,
  { columns }: TableColumns,
): PartitionSource => {
  const column = sourceColumn(id, table, columns)
  const type = columns.find((known) => known?.id === id)?.type
  if (text === 'void' || column === null || typeof type !== 'string') return null
  if (isHourTransform(text)) return { column, ofHour: (hour) => transformHour(text, hour) }
  const { apply } = parseTransform(text) as Transform
  return {
    column,
    // An int of ours may lie in a column of longs.
    ofValue: (value) => apply(type === 'long' ? BigInt(value as number | bigint) : value, type),
  }
}

const sourceColumn = (id: number, table: Table, columns: TableColumns['columns']): string | null =>
  table.columns[columns.findIndex((column) => column?.id === id)]?.name ?? null

/**
 * The values of a file's partition that are the same however often its request comes: undefined where its rows' arrival
 * decides, which then is later.
 */
export const lastingPartition = (
  { values, timeless }: Partition,
  table: Table,
  metadata: TableMetadata,
): KnownPartition => {
  const { columns } = tableColumns(table, metadata)
  return defaultSpec(metadata).fields.map(({ 'source-id': id }, i) => {
    const column = sourceColumn(id, table, columns)
    const isArrival = column === 'IngestedAt' || (timeless && column === 'Timestamp')
    return isArrival ? undefined : (values[i] ?? null)
  })
}

/** What tells the files of one request from each other. */
export const fileText = ({ timeless }: Partition, lasting: KnownPartition): string =>
  `${timeless ? 'timeless' : 'timed'} ${partitionText(lasting.map((value) => value ?? null))}`
