/** What a partition spec makes of a table's rows (Iceberg table specification, "Partitioning"). */

import { IngestError } from '../errors.ts'
import type { AvroMembers, AvroSchema, AvroValue } from './avro/schema.ts'
import { intBytes } from './bounds.ts'
import type { PartitionFieldSummary } from './manifest-list.ts'
import type { PartitionFieldType } from './manifest-schema.ts'
import type { IcebergType, PartitionSpec, Schema } from './table-metadata.ts'
import { transformResult } from './transform.ts'

/** The fields of a spec's partitions with their types in Avro. `unavailable` where one is not supported. */
export const partitionFieldTypes = (spec: PartitionSpec, schema: Schema): PartitionFieldType[] =>
  spec.fields.map((field) => {
    const source = schema.fields.find(({ id }) => id === field['source-id'])
    const result = source && transformResult(field.transform, source.type)
    const type = result && avroType(result)
    if (!type) {
      throw new IngestError(
        'unavailable',
        `cannot write to a table partitioned by ${field.transform} of field ${field['source-id']}`,
      )
    }
    return { id: field['field-id'], name: field.name, type }
  })

const avroTypes: Readonly<Record<string, AvroSchema>> = {
  boolean: 'boolean',
  int: 'int',
  long: 'long',
  float: 'float',
  double: 'double',
  date: { type: 'int', logicalType: 'date' },
  timestamp: { type: 'long', logicalType: 'timestamp-micros' },
  timestamptz: { type: 'long', logicalType: 'timestamp-micros' },
  string: 'string',
  binary: 'bytes',
}

const avroType = (type: IcebergType): AvroSchema | undefined =>
  typeof type === 'string' ? avroTypes[type] : undefined

/** What a manifest list says of the partitions in a manifest: for each field whether null occurs, and the bounds. */
export const partitionSummaries = (
  fields: readonly PartitionFieldType[],
  partitions: readonly AvroMembers[],
): readonly PartitionFieldSummary[] =>
  fields.map(({ name, type }) => {
    const values = partitions.map((partition) => partition[name] ?? null)
    const there = values.filter((value) => value !== null)
    const [lower, upper] = bounds(there, type)
    return {
      contains_null: there.length < values.length,
      contains_nan: null,
      lower_bound: lower,
      upper_bound: upper,
    }
  })

type Bounds = readonly [lower: Uint8Array | null, upper: Uint8Array | null]

const bounds = (values: readonly AvroValue[], type: AvroSchema): Bounds => {
  const name = typeof type === 'object' && 'type' in type ? type.type : type
  if (values.length === 0) return [null, null]
  if (name === 'int') {
    const numbers = values as readonly number[]
    return [intBytes(Math.min(...numbers)), intBytes(Math.max(...numbers))]
  }
  return [null, null]
}
