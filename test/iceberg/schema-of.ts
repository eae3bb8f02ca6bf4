import type { FieldType, RecordBatch } from '../../src/arrow/record-batch.ts'
import type { IcebergType, Schema } from '../../src/iceberg/table-metadata.ts'

/** A field's type as table metadata spells it. */
export const icebergType = (type: FieldType): IcebergType =>
  typeof type === 'string'
    ? type
    : { type: 'list', 'element-id': type.elementId, element: type.list, 'element-required': false }

/** The schema of a table whose files hold such batches. */
export const schemaOf = (
  { fields }: RecordBatch,
  typeOf: (type: FieldType) => IcebergType = icebergType,
): Schema => ({
  type: 'struct',
  'schema-id': 0,
  fields: fields.map(({ id, name, type }) => ({ id, name, required: false, type: typeOf(type) })),
})
