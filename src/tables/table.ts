import type { Field, FieldType, Primitive } from '../arrow/record-batch.ts'

/** A column's type as the tables' page spells it: `json` is a string that holds JSON text. */
export type ColumnType = Primitive | 'json' | `list<${Primitive | 'json'}>`

/** One column, said once: everything else (Arrow, Parquet, Iceberg, README, golden files) derives from it. */
export interface Column<Name extends string = string> {
  /** The field id. Never changed, never used again for another column of this table. */
  readonly id: number
  readonly name: Name
  readonly type: ColumnType
  /** Where the value comes from, in opentelemetry-proto's words. */
  readonly source: string
}

export interface Table<Name extends string = string> {
  /** `logs`, `metrics_gauge`, …: the table's name in a catalog. */
  readonly name: string
  /** Its folder in plain Parquet mode: `logs`, `metrics/gauge`, …. */
  readonly folder: string
  readonly columns: readonly Column<Name>[]
  /** The sort order of every file, ascending, bytewise, nulls first; `RequestRow` settles ties. */
  readonly sortOrder: readonly Name[]
}

/** The names of a table's columns, as a type: a decoder that forgets one does not compile. */
export type ColumnName<T> = T extends Table<infer Name> ? Name : never

/** A column whose name stays known as a type. */
export const column = <Name extends string>(
  id: number,
  name: Name,
  type: ColumnType,
  source: string,
): Column<Name> => ({ id, name, type, source })

/** List elements have ids of their own (Iceberg); ours lie this far above their list's. */
const elementIdOffset = 100

const fields = new WeakMap<Table, readonly Field[]>()

/** The fields of a table as plain Parquet writes them: one and the same list for each table. */
export const fieldsOf = (table: Table): readonly Field[] => {
  const known = fields.get(table)
  if (known !== undefined) return known
  const made = table.columns.map(({ id, name, type }) => ({ id, name, type: fieldType(id, type) }))
  fields.set(table, made)
  return made
}

const fieldType = (id: number, type: ColumnType): FieldType => {
  const element = /^list<(.*)>$/.exec(type)?.[1] as Primitive | 'json' | undefined
  return element === undefined
    ? primitive(type as Primitive | 'json')
    : { list: primitive(element), elementId: id + elementIdOffset }
}

const primitive = (type: Primitive | 'json'): Primitive => (type === 'json' ? 'string' : type)
