/**
 * Values written with one schema as values of another (Iceberg table specification, "Column Projection"; Apache Avro 1.12
 * specification, "Schema Resolution"): fields belong together by their ids or, where a writer gave none, by their names.
 */
import {
  type AvroField,
  type AvroMembers,
  type AvroRecord,
  type AvroSchema,
  type AvroValue,
  isUnion,
} from './schema.ts'

/** Other names that writers have given a field, by the name it has here. */
export type Aliases = Readonly<Record<string, readonly string[]>>

/** Turns records of `writer` into records of `reader`. A field that the writer does not have is null. */
export const projection = (
  writer: AvroSchema,
  reader: AvroRecord,
  aliases: Aliases = {},
): ((record: AvroMembers) => AvroMembers) => {
  const project = projected(writer, reader, aliases)
  return (record) => project(record) as AvroMembers
}

type Project = (value: AvroValue) => AvroValue

const asItIs: Project = (value) => value

const projected = (writer: AvroSchema, reader: AvroSchema, aliases: Aliases): Project => {
  const [from, to] = [notNull(writer), notNull(reader)]
  if (typeof from === 'string' || typeof to === 'string') return number(from, to)
  if (from.type === 'record' && to.type === 'record') return record(from, to, aliases)
  if (from.type === 'array' && to.type === 'array') {
    const item = projected(from.items, to.items, aliases)
    if (item === asItIs) return asItIs
    return orNull((items) => (items as readonly AvroValue[]).map(item))
  }
  return number(from, to)
}

/** The type of a value that is there. Iceberg has no other unions than those with null. */
const notNull = (schema: AvroSchema): Exclude<AvroSchema, readonly AvroSchema[]> => {
  if (!isUnion(schema)) return schema as Exclude<AvroSchema, readonly AvroSchema[]>
  return notNull(schema.find((branch) => branch !== 'null') ?? 'null')
}

const orNull =
  (project: Project): Project =>
  (value) =>
    value === null ? null : project(value)

const typeName = (schema: Exclude<AvroSchema, readonly AvroSchema[]>): string =>
  typeof schema === 'string' ? schema : schema.type

/** Some writers have an int where others have a long, and the other way round. */
const number = (
  from: Exclude<AvroSchema, readonly AvroSchema[]>,
  to: Exclude<AvroSchema, readonly AvroSchema[]>,
): Project => {
  const [written, wanted] = [typeName(from), typeName(to)]
  if (written === 'int' && wanted === 'long') return orNull((value) => BigInt(value as number))
  if (written === 'long' && wanted === 'int') return orNull((value) => Number(value as bigint))
  return asItIs
}

const record = (from: AvroRecord, to: AvroRecord, aliases: Aliases): Project => {
  const fields = to.fields.map((field) => {
    const source = from.fields.find(sameField(field, aliases))
    return {
      name: field.name,
      source: source?.name,
      project: source === undefined ? asItIs : projected(source.type, field.type, aliases),
    }
  })
  return orNull((value) => {
    const written = value as AvroMembers
    const result: Record<string, AvroValue> = {}
    for (const { name, source, project } of fields) {
      result[name] = source === undefined ? null : project(written[source] ?? null)
    }
    return result
  })
}

const sameField =
  ({ name, 'field-id': id }: AvroField, aliases: Aliases) =>
  (other: AvroField): boolean =>
    other['field-id'] === undefined
      ? other.name === name || aliases[name]?.includes(other.name) === true
      : other['field-id'] === id
