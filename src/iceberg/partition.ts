/** What a partition spec makes of a table's rows (Iceberg table specification, "Partitioning"). */
import { compareBytes } from '../bytes.ts'
import { IngestError } from '../errors.ts'
import type { AvroMembers, AvroSchema } from './avro/schema.ts'
import { lowerBound, upperBound } from './bounds.ts'
import type { PartitionFieldSummary } from './manifest-list.ts'
import type { PartitionFieldType } from './manifest-schema.ts'
import type { NestedField, PartitionField, PartitionSpec, TableMetadata } from './table-metadata.ts'
import { parseTransform, type TransformedValue } from './transform.ts'

/** A value of a partition; null where the column is. */
export type PartitionValue = TransformedValue | null

/** One field of a spec's partitions, with its type in Avro and in Iceberg. */
export interface PartitionResult extends PartitionFieldType {
  readonly resultType: string
}

/** The fields of a spec's partitions with their types. `unavailable` where one is not supported. */
export const partitionFieldTypes = (
  spec: PartitionSpec,
  metadata: TableMetadata,
): PartitionResult[] =>
  spec.fields.map((field) => {
    const resultType = resultTypeOf(field, metadata)
    const type = resultType === null ? null : avroType(resultType, field['field-id'])
    if (resultType === null || type === null) {
      const source = fieldById(metadata, field['source-id'])?.name ?? field['source-id']
      throw new IngestError(
        'unavailable',
        `cannot write to a table partitioned by ${field.transform} of ${source}`,
      )
    }
    const name = avroName(field.name)
    return {
      id: field['field-id'],
      name,
      type,
      resultType,
      ...(name !== field.name && { icebergName: field.name }),
    }
  })

const resultTypeOf = (field: PartitionField, metadata: TableMetadata): string | null => {
  const transform = parseTransform(field.transform)
  const source = fieldById(metadata, field['source-id'])
  // A column that is gone from every schema has nothing to tell of its type; `void` needs none.
  return transform?.resultType(source?.type ?? { type: 'struct', fields: [] }) ?? null
}

/** A field by its id, in structs too; of a column that was dropped, what an older schema says. */
export const fieldById = (metadata: TableMetadata, id: number): NestedField | null => {
  const current = metadata['current-schema-id']
  const schemas = metadata.schemas.toSorted(
    (a, b) => Number(b['schema-id'] === current) - Number(a['schema-id'] === current),
  )
  for (const { fields } of schemas) {
    const found = fieldIn(fields, id)
    if (found !== null) return found
  }
  return null
}

const fieldIn = (fields: readonly NestedField[], id: number): NestedField | null => {
  for (const field of fields) {
    if (field.id === id) return field
    const { type } = field
    const inner =
      typeof type === 'object' && type.type === 'struct' ? fieldIn(type.fields, id) : null
    if (inner !== null) return inner
  }
  return null
}

const avroTypes: Readonly<Record<string, AvroSchema>> = {
  boolean: 'boolean',
  int: 'int',
  long: 'long',
  float: 'float',
  double: 'double',
  date: { type: 'int', logicalType: 'date' },
  time: { type: 'long', logicalType: 'time-micros' },
  timestamp: { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': false },
  timestamptz: { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true },
  string: 'string',
  binary: 'bytes',
}

/** "Appendix A: Avro". Named types are named by the partition field's id: a schema has each name once. */
const avroType = (type: string, fieldId: number): AvroSchema | null => {
  if (Object.hasOwn(avroTypes, type)) return avroTypes[type] as AvroSchema
  const fixed = { type: 'fixed', name: `fixed_${fieldId}` } as const
  if (type === 'uuid') return { ...fixed, size: 16, logicalType: 'uuid' }
  const [, name, first, second] =
    /^(fixed|decimal)[[(]\s*(\d+)(?:,\s*(\d+))?\s*[\])]$/.exec(type) ?? []
  if (name === 'fixed') return { ...fixed, size: Number(first) }
  if (name !== 'decimal') return null
  const [precision, scale] = [Number(first), Number(second)]
  return { ...fixed, size: decimalSize(precision), logicalType: 'decimal', precision, scale }
}

/** Bytes that hold any number of so many digits, and its sign. */
const decimalSize = (precision: number): number => {
  let size = 1
  while (2n ** BigInt(8 * size - 1) < 10n ** BigInt(precision)) size++
  return size
}

/** A field's name as Iceberg's Java writer puts it into an Avro schema: what Avro does not allow is spelled by its code. */
export const avroName = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9_]/g, (char) => `_x${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\d/, '_$&')

/** A partition as a data file's manifest entry has it: the values, in the order of the spec's fields, by name. */
export const partitionOf = (spec: PartitionSpec, values: readonly PartitionValue[]): AvroMembers =>
  Object.fromEntries(spec.fields.map(({ name }, i) => [avroName(name), values[i] ?? null]))

/** A text that no other values of the same fields have. */
export const partitionText = (values: readonly PartitionValue[]): string =>
  JSON.stringify(values.map(valueText))

const valueText = (value: PartitionValue): string | null => {
  if (value === null || typeof value === 'string') return value
  return Object.is(value, -0) ? '-0' : String(value)
}

/** What a manifest list says of the partitions in a manifest: for each field whether null occurs, and the bounds. */
export const partitionSummaries = (
  fields: readonly PartitionResult[],
  partitions: readonly AvroMembers[],
): readonly PartitionFieldSummary[] =>
  fields.map(({ name, resultType }) => {
    const values = partitions.map((partition) => (partition[name] ?? null) as PartitionValue)
    const isFloating = resultType === 'float' || resultType === 'double'
    const there = values.filter((value) => value !== null)
    const [least, greatest] = extremes(there.filter((value) => !Number.isNaN(value)))
    return {
      contains_null: there.length < values.length,
      contains_nan: isFloating ? there.some(Number.isNaN) : null,
      lower_bound: least === undefined ? null : lowerBound(resultType, least),
      upper_bound: greatest === undefined ? null : upperBound(resultType, greatest),
    }
  })

const extremes = (
  values: readonly TransformedValue[],
): readonly [least?: TransformedValue, greatest?: TransformedValue] => {
  const [first] = values
  if (first === undefined) return []
  let [least, greatest] = [first, first]
  for (const value of values) {
    if (compare(value, least) < 0) least = value
    else if (compare(value, greatest) > 0) greatest = value
  }
  return [least, greatest]
}

/** Numbers by size, text and bytes bytewise. */
const compare = (a: TransformedValue, b: TransformedValue): number => {
  if (typeof a === 'string') return compareBytes(encoder.encode(a), encoder.encode(b as string))
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array)
  if (a === b) return 0
  return a < b ? -1 : 1
}

const encoder = new TextEncoder()
