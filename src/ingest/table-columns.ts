/** Our columns in a table's own terms: its names, its field ids, and only those that it has. */
import type { Field, RecordBatch } from '../arrow/record-batch.ts'
import { fitSchema, type OwnColumns, type SchemaFit } from '../iceberg/schema-fit.ts'
import type { NestedField, TableMetadata } from '../iceberg/table-metadata.ts'
import { neverNullColumns } from '../tables/never-null.ts'
import { fieldsOf, type Table } from '../tables/table.ts'
import { icebergFields, icebergName } from './table-creation.ts'

const own = new WeakMap<Table, OwnColumns>()

/** A table's columns as they go into a catalog. */
export const ownColumns = (table: Table): OwnColumns => {
  const known = own.get(table)
  if (known !== undefined) return known
  const neverNull = new Set(neverNullColumns.map(icebergName))
  const made = { fields: icebergFields(table), neverNull }
  own.set(table, made)
  return made
}

/** Where the columns of a table of ours lie in one of a catalog. */
export interface TableColumns {
  /** For each column of ours the table's; null for one whose values are not written. */
  readonly columns: SchemaFit['columns']
  /** Of those that are written. */
  readonly fields: readonly Field[]
}

const fitted = new WeakMap<TableMetadata, TableColumns>()

/** Found once for each state of the table. */
export const tableColumns = (table: Table, metadata: TableMetadata): TableColumns => {
  const known = fitted.get(metadata)
  if (known !== undefined) return known
  const { columns } = fitSchema(metadata, ownColumns(table))
  const fields = fieldsOf(table).flatMap((field, i) => fittedField(field, columns[i] ?? null))
  const made = { columns, fields: asBefore(table, fields) }
  fitted.set(metadata, made)
  return made
}

const fittedField = ({ type }: Field, column: NestedField | null): Field[] => {
  if (column === null) return []
  const { id, name, type: theirs } = column
  const isList = typeof type !== 'string' && typeof theirs !== 'string' && theirs.type === 'list'
  return [{ id, name, type: isList ? { ...type, elementId: theirs['element-id'] } : type }]
}

const latest = new WeakMap<Table, readonly Field[]>()

/** The list that was made last, where it is the same: what is made of a list of fields is known by the list. */
const asBefore = (table: Table, fields: readonly Field[]): readonly Field[] => {
  const before = latest.get(table)
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(fields)) return before
  latest.set(table, fields)
  return fields
}

/** The columns of a batch that are written, under the table's names and ids. */
export const fittedBatch = (
  { columns, numRows }: RecordBatch,
  { columns: fit, fields }: TableColumns,
): RecordBatch => ({ fields, columns: columns.filter((_, i) => fit[i] !== null), numRows })
