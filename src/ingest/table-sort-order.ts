/** In which order our rows stand in a table's files. */
import type { SortColumn } from '../arrow/sort-column.ts'
import {
  defaultSortOrder,
  type SortField,
  type SortOrder,
  type TableMetadata,
} from '../iceberg/table-metadata.ts'
import { fieldsOf, type Table } from '../tables/table.ts'
import { type TableColumns, tableColumns } from './table-columns.ts'
import { icebergName } from './table-creation.ts'

export interface FileOrder {
  /** By the table's names. */
  readonly columns: readonly SortColumn[]
  /** The sort order of the table that this is; 0 for none. */
  readonly orderId: number
}

/** "Sort Orders": the order of rows that are not sorted, which every table has. */
const unsorted = 0

/**
 * The table's own order where rows can be sorted by it, else ours. Columns that are not written are null in every row:
 * any order is theirs.
 */
export const fileOrder = (table: Table, metadata: TableMetadata): FileOrder => {
  const fit = tableColumns(table, metadata)
  const order = defaultSortOrder(metadata)
  const columns = order.fields.length === 0 ? null : columnsOf(order, table, fit)
  if (columns === null) return { columns: ourOrder(table, fit), orderId: unsorted }
  return {
    columns: columns.length === 0 ? ourOrder(table, fit) : columns,
    orderId: order['order-id'],
  }
}

/** Null when rows cannot be sorted so. */
const columnsOf = (
  { fields }: SortOrder,
  table: Table,
  { columns }: TableColumns,
): readonly SortColumn[] | null => {
  const sorted: SortColumn[] = []
  for (const field of fields) {
    const at = columns.findIndex((column) => column?.id === field['source-id'])
    const column = columns[at] ?? null
    if (column === null) continue
    if (field.transform !== 'identity' || !isSortable(table, at)) return null
    sorted.push(sortColumn(column.name, field))
  }
  return sorted
}

const isSortable = (table: Table, at: number): boolean => {
  const type = fieldsOf(table)[at]?.type
  return type === 'string' || type === 'int' || type === 'long' || type === 'timestamptz'
}

const sortColumn = (name: string, field: SortField): SortColumn => ({
  name,
  descending: field.direction === 'desc',
  nullsFirst: field['null-order'] === 'nulls-first',
})

const ourOrder = ({ sortOrder }: Table, { columns }: TableColumns): readonly string[] =>
  sortOrder.flatMap((name) => {
    const column = columns.find((known) => known?.name.toLowerCase() === icebergName(name))
    return column ? [column.name] : []
  })
