/** Our tables as Iceberg's: the same columns in lower case, every one optional. */
import type { FieldType } from '../arrow/record-batch.ts'
import type { TableCreation } from '../iceberg/catalog.ts'
import type { IcebergType, NestedField, SortField } from '../iceberg/table-metadata.ts'
import { fieldsOf, type Table } from '../tables/table.ts'

/** How a table that we make is partitioned, by `timestamp`. */
export type PartitionBy = 'none' | 'hour' | 'day' | 'month'

const partitionFieldId = 1000

/** What a table is made of when there is none. */
export const tableCreation = (table: Table, partitionBy: PartitionBy): TableCreation => {
  const fields = icebergFields(table)
  const idOf = (column: string): number =>
    fields.find(({ name }) => name === icebergName(column))?.id ?? 0
  return {
    schema: { type: 'struct', 'schema-id': 0, fields },
    spec: {
      'spec-id': 0,
      fields:
        partitionBy === 'none'
          ? []
          : [
              {
                'source-id': idOf('Timestamp'),
                'field-id': partitionFieldId,
                name: `timestamp_${partitionBy}`,
                transform: partitionBy,
              },
            ],
    },
    sortOrder: { 'order-id': 1, fields: table.sortOrder.map((name) => sortField(idOf(name))) },
    properties: {
      'format-version': '2',
      'write.parquet.compression-codec': 'zstd',
      'write.metadata.delete-after-commit.enabled': 'true',
      'write.metadata.previous-versions-max': '100',
    },
  }
}

/** SQL folds names to lower case, and Athena does not see a table with another column. */
export const icebergName = (column: string): string => column.toLowerCase()

/** A table's columns, under our own field ids: a catalog may give others. */
export const icebergFields = (table: Table): readonly NestedField[] =>
  fieldsOf(table).map(({ id, name, type }) => ({
    id,
    name: icebergName(name),
    required: false,
    type: icebergType(type),
  }))

const icebergType = (type: FieldType): IcebergType =>
  typeof type === 'string'
    ? type
    : {
        type: 'list',
        'element-id': type.elementId,
        element: type.list,
        'element-required': false,
      }

const sortField = (id: number): SortField => ({
  transform: 'identity',
  'source-id': id,
  direction: 'asc',
  'null-order': 'nulls-first',
})
