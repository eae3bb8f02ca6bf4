import type { Vector } from './vector.ts'

/** The primitive types that our tables use, as Iceberg names them. */
export type Primitive = 'boolean' | 'int' | 'long' | 'double' | 'string' | 'timestamptz'

/** A primitive, or a list of one. `timestamptz` counts microseconds since 1970 in UTC. */
export type FieldType = Primitive | { readonly list: Primitive; readonly elementId: number }

/** A column's name, type and field id (Parquet's `field_id`, Iceberg's). Every field is optional. */
export interface Field {
  readonly name: string
  readonly id: number
  readonly type: FieldType
}

/** Rows as columns: `columns[i]` holds the values of `fields[i]`, `numRows` each. */
export interface RecordBatch {
  readonly fields: readonly Field[]
  readonly columns: readonly Vector[]
  readonly numRows: number
}

/** The column of that name. A batch without it is a bug: throws. */
export const columnOf = ({ fields, columns }: RecordBatch, name: string): Vector => {
  const column = columns[fields.findIndex((field) => field.name === name)]
  if (column === undefined) throw new Error(`cannot read column ${name}: the batch has none`)
  return column
}
