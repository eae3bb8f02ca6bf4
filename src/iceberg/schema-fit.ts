/** How the columns of this program's rows lie in a table that may be somebody else's. */
import {
  currentSchema,
  type IcebergType,
  type NestedField,
  type TableMetadata,
} from './table-metadata.ts'

/** The columns that somebody writes. */
export interface OwnColumns {
  /** As they are in a table that is made for them: in lower case, under ids that are no table's yet. */
  readonly fields: readonly NestedField[]
  /** The names of those whose values are never null. */
  readonly neverNull: ReadonlySet<string>
}

export interface SchemaFit {
  /** For each column of ours the table's own; null where its values are not written. */
  readonly columns: readonly (NestedField | null)[]
  /** Columns that the table lacks and never had. */
  readonly missing: readonly NestedField[]
  /** What has to be mended before a row can be written. */
  readonly misfits: readonly Misfit[]
}

/** A column of the table that takes no values of ours. */
export interface Misfit {
  readonly column: string
  readonly tableType: string
  /** `none` where we have no such column. */
  readonly ourType: string
  readonly reason: string
}

/** The table property with the names of columns that are not written, separated by commas. */
const ignoreProperty = 'otlp2parquet.ignore-columns'

/**
 * Columns belong together by their names, upper or lower case. One that is no longer there (an older schema has its name)
 * was dropped or renamed on purpose, and stays away.
 */
export const fitSchema = (metadata: TableMetadata, own: OwnColumns): SchemaFit => {
  const { fields } = currentSchema(metadata)
  const ignored = namesIn(metadata.properties[ignoreProperty] ?? '')
  const former = formerNames(metadata)
  const found = own.fields.map(({ name }) => (ignored.has(name) ? null : named(fields, name)))
  const isMissing = ({ name }: NestedField, i: number): boolean =>
    found[i] === null && !ignored.has(name) && !former.has(name)
  const misfits = own.fields.flatMap((ours, i) => misfit(ours, found[i] ?? null, own.neverNull))
  return {
    columns: found,
    missing: own.fields.filter(isMissing),
    misfits: [...misfits, ...unwritten(fields, found)],
  }
}

const namesIn = (list: string): ReadonlySet<string> =>
  new Set(list.split(',').map((name) => name.trim().toLowerCase()))

/** The names in every schema but the current one. */
const formerNames = (metadata: TableMetadata): ReadonlySet<string> => {
  const former = metadata.schemas.filter(
    (schema) => schema['schema-id'] !== metadata['current-schema-id'],
  )
  return new Set(former.flatMap(({ fields }) => fields.map(({ name }) => name.toLowerCase())))
}

const named = (fields: readonly NestedField[], name: string): NestedField | null =>
  fields.find((field) => field.name === name) ??
  fields.find((field) => field.name.toLowerCase() === name) ??
  null

const misfit = (
  ours: NestedField,
  theirs: NestedField | null,
  neverNull: OwnColumns['neverNull'],
): Misfit[] => {
  if (theirs === null) return []
  const types = { column: theirs.name, tableType: typeText(theirs), ourType: typeText(ours) }
  if (!isReadAs(ours.type, theirs.type)) return [{ ...types, reason: 'of another type' }]
  return theirs.required && !neverNull.has(ours.name)
    ? [{ ...types, reason: 'required, and our values may be null' }]
    : []
}

/** "Schema Evolution", promotions: an int may be read as a long. Nothing else that we write may be read as another type. */
export const isReadAs = (ours: IcebergType, theirs: IcebergType): boolean => {
  if (typeof ours === 'string') return ours === theirs || (ours === 'int' && theirs === 'long')
  if (ours.type !== 'list' || typeof theirs === 'string' || theirs.type !== 'list') return false
  return isReadAs(ours.element, theirs.element) && !theirs['element-required']
}

/** Required columns that get no values. */
const unwritten = (
  fields: readonly NestedField[],
  written: readonly (NestedField | null)[],
): Misfit[] =>
  fields
    .filter((field) => field.required && !written.includes(field))
    .map((field) => ({
      column: field.name,
      tableType: typeText(field),
      ourType: 'none',
      reason: 'required, and we do not write it',
    }))

/** As SQL would say it: `list<string>`, `required long`. */
const typeText = ({ type, required }: NestedField): string =>
  required ? `required ${nameOf(type)}` : nameOf(type)

const nameOf = (type: IcebergType): string => {
  if (typeof type === 'string') return type
  if (type.type === 'map') return `map<${nameOf(type.key)}, ${nameOf(type.value)}>`
  if (type.type === 'struct') {
    return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field)}`).join(', ')}>`
  }
  const required = type['element-required'] ? 'required ' : ''
  return `list<${required}${nameOf(type.element)}>`
}
