import type { AvroMembers } from '../../src/iceberg/avro/schema.ts'
import type { DataFile } from '../../src/iceberg/manifest.ts'
import { newTableMetadata } from '../../src/iceberg/new-table.ts'
import type {
  NestedField,
  PartitionSpec,
  SortOrder,
  TableMetadata,
} from '../../src/iceberg/table-metadata.ts'

/** What a test says of a table; the rest is as in any. */
export interface TableParts {
  readonly columns: readonly NestedField[]
  /** Of a schema that the table had before. */
  readonly olderColumns?: readonly NestedField[]
  readonly spec?: PartitionSpec
  readonly sortOrder?: SortOrder
  readonly properties?: Readonly<Record<string, string>>
}

/** The metadata of a table without snapshots. */
export const metadataOf = ({ columns, olderColumns, ...parts }: TableParts): TableMetadata => {
  const schema = { type: 'struct', 'schema-id': 1, fields: columns } as const
  const metadata = newTableMetadata(
    'memory:///t',
    {
      schema,
      spec: parts.spec ?? { 'spec-id': 0, fields: [] },
      sortOrder: parts.sortOrder ?? { 'order-id': 0, fields: [] },
      properties: parts.properties ?? {},
    },
    0,
  )
  if (olderColumns === undefined) return metadata
  const older = { type: 'struct', 'schema-id': 0, fields: olderColumns } as const
  return { ...metadata, schemas: [older, schema] }
}

/** A data file without rows. */
export const dataFileNamed = (path: string, partition: AvroMembers): DataFile => ({
  content: 0,
  file_path: path,
  file_format: 'PARQUET',
  partition,
  record_count: 0n,
  file_size_in_bytes: 0n,
  column_sizes: null,
  value_counts: null,
  null_value_counts: null,
  nan_value_counts: null,
  lower_bounds: null,
  upper_bounds: null,
  key_metadata: null,
  split_offsets: null,
  equality_ids: null,
  sort_order_id: null,
  referenced_data_file: null,
})
