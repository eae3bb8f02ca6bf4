/** The Avro schemas of manifests and manifest lists (Iceberg table specification, "Manifests", "Manifest Lists"). */
import type { AvroField, AvroRecord, AvroSchema } from './avro/schema.ts'

/** A field with its id; names and ids are those of the specification's tables. */
const required = (id: number, name: string, type: AvroSchema): AvroField => ({
  name,
  type,
  'field-id': id,
})

const optional = (id: number, name: string, type: AvroSchema): AvroField => ({
  name,
  type: ['null', type],
  default: null,
  'field-id': id,
})

const list = (elementId: number, items: AvroSchema): AvroSchema => ({
  type: 'array',
  items,
  'element-id': elementId,
})

/** A map with integer keys: an array of records of key and value, as Avro's own maps have strings for keys. */
const intMap = (keyId: number, valueId: number, value: AvroSchema): AvroSchema => ({
  type: 'array',
  logicalType: 'map',
  items: {
    type: 'record',
    name: `k${keyId}_v${valueId}`,
    fields: [required(keyId, 'key', 'int'), required(valueId, 'value', value)],
  },
})

/** One field of a partition, by its field id in the partition spec. */
export interface PartitionFieldType {
  readonly id: number
  /** One that Avro allows. */
  readonly name: string
  readonly type: AvroSchema
  /** The spec's own name, where it is another. */
  readonly icebergName?: string
}

/** The schema of a manifest's entries for one partition spec. */
export const manifestEntrySchema = (partition: readonly PartitionFieldType[]): AvroRecord => ({
  type: 'record',
  name: 'manifest_entry',
  fields: [
    required(0, 'status', 'int'),
    optional(1, 'snapshot_id', 'long'),
    optional(3, 'sequence_number', 'long'),
    optional(4, 'file_sequence_number', 'long'),
    required(2, 'data_file', dataFileSchema(partition)),
  ],
})

/** Of an entry the path of its file alone. */
export const filePathSchema: AvroRecord = {
  type: 'record',
  name: 'manifest_entry',
  fields: [
    required(2, 'data_file', {
      type: 'record',
      name: 'r2',
      fields: [required(100, 'file_path', 'string')],
    }),
  ],
}

const dataFileSchema = (partition: readonly PartitionFieldType[]): AvroRecord => ({
  type: 'record',
  name: 'r2',
  fields: [
    required(134, 'content', 'int'),
    required(100, 'file_path', 'string'),
    required(101, 'file_format', 'string'),
    required(102, 'partition', {
      type: 'record',
      name: 'r102',
      fields: partition.map(({ id, name, type, icebergName }) => ({
        ...optional(id, name, type),
        ...(icebergName !== undefined && { 'iceberg-field-name': icebergName }),
      })),
    }),
    required(103, 'record_count', 'long'),
    required(104, 'file_size_in_bytes', 'long'),
    optional(108, 'column_sizes', intMap(117, 118, 'long')),
    optional(109, 'value_counts', intMap(119, 120, 'long')),
    optional(110, 'null_value_counts', intMap(121, 122, 'long')),
    optional(137, 'nan_value_counts', intMap(138, 139, 'long')),
    optional(125, 'lower_bounds', intMap(126, 127, 'bytes')),
    optional(128, 'upper_bounds', intMap(129, 130, 'bytes')),
    optional(131, 'key_metadata', 'bytes'),
    optional(132, 'split_offsets', list(133, 'long')),
    optional(135, 'equality_ids', list(136, 'int')),
    optional(140, 'sort_order_id', 'int'),
    optional(143, 'referenced_data_file', 'string'),
  ],
})

const headFields = ['partition', 'record_count']

/** The fields of a data file up to the last of its head: more of it need not be looked at. */
export const dataFileStartSchema = (partition: readonly PartitionFieldType[]): AvroRecord => {
  const schema = dataFileSchema(partition)
  const end = schema.fields.findLastIndex(({ name }) => headFields.includes(name)) + 1
  return { ...schema, fields: schema.fields.slice(0, end) }
}

/** The fields of a data file that are its head. */
export const dataFileHeadSchema = (partition: readonly PartitionFieldType[]): AvroRecord => {
  const schema = dataFileSchema(partition)
  return { ...schema, fields: schema.fields.filter(({ name }) => headFields.includes(name)) }
}

/** The schema of a manifest list's entries. */
export const manifestFileSchema: AvroRecord = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    required(500, 'manifest_path', 'string'),
    required(501, 'manifest_length', 'long'),
    required(502, 'partition_spec_id', 'int'),
    required(517, 'content', 'int'),
    required(515, 'sequence_number', 'long'),
    required(516, 'min_sequence_number', 'long'),
    required(503, 'added_snapshot_id', 'long'),
    required(504, 'added_files_count', 'int'),
    required(505, 'existing_files_count', 'int'),
    required(506, 'deleted_files_count', 'int'),
    required(512, 'added_rows_count', 'long'),
    required(513, 'existing_rows_count', 'long'),
    required(514, 'deleted_rows_count', 'long'),
    optional(
      507,
      'partitions',
      list(508, {
        type: 'record',
        name: 'r508',
        fields: [
          required(509, 'contains_null', 'boolean'),
          optional(518, 'contains_nan', 'boolean'),
          optional(510, 'lower_bound', 'bytes'),
          optional(511, 'upper_bound', 'bytes'),
        ],
      }),
    ),
    optional(519, 'key_metadata', 'bytes'),
  ],
}
