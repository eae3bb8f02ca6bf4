import type { RecordBatch } from '../arrow/record-batch.ts'
import type { Vector } from '../arrow/vector.ts'
import { type ColumnName, fieldsOf, type Table } from '../tables/table.ts'

/** The rows of one table. */
export interface TableBatch {
  readonly table: Table
  readonly batch: RecordBatch
  /** The other batches of its request: what stands above their rows (resources, scopes, metrics) is the same memory. */
  readonly others?: readonly RecordBatch[]
}

/** A table's rows; a column that is missing does not compile. */
export const tableBatch = <T extends Table>(
  table: T,
  numRows: number,
  columns: Readonly<Record<ColumnName<T>, Vector>>,
): TableBatch => {
  const byName = columns as Readonly<Record<string, Vector>>
  return {
    table,
    batch: {
      fields: fieldsOf(table),
      columns: table.columns.map(({ name }) => byName[name] as Vector),
      numRows,
    },
  }
}
