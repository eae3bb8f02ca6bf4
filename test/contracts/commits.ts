// Tables and commits for the catalogs' tests: small, and right by the specification.
import type { LoadedTable, TableCommit, TableCreation } from '../../src/iceberg/catalog.ts'
import {
  currentSchema,
  defaultSortOrder,
  defaultSpec,
  type IcebergType,
  mainBranch,
  type Snapshot,
  type SortOrder,
  type TableMetadata,
} from '../../src/iceberg/table-metadata.ts'
import type { TableRequirement } from '../../src/iceberg/table-requirements.ts'

/** A table to be, whose field ids are not those that a catalog would give. */
export const creation = (properties: Readonly<Record<string, string>> = {}): TableCreation => ({
  schema: {
    type: 'struct',
    'schema-id': 0,
    fields: [
      { id: 11, name: 'service_name', required: false, type: 'string' },
      { id: 12, name: 'timestamp', required: false, type: 'timestamptz' },
      {
        id: 13,
        name: 'attributes',
        required: false,
        type: {
          type: 'map',
          'key-id': 14,
          key: 'string',
          'value-id': 15,
          value: 'string',
          'value-required': false,
        },
      },
      {
        id: 16,
        name: 'counts',
        required: false,
        type: { type: 'list', 'element-id': 17, element: 'long', 'element-required': false },
      },
    ],
  },
  spec: {
    'spec-id': 0,
    fields: [{ 'source-id': 12, 'field-id': 1000, name: 'timestamp_day', transform: 'day' }],
  },
  sortOrder: {
    'order-id': 1,
    fields: [ascending(11), ascending(12)],
  },
  properties,
})

const ascending = (source: number): SortOrder['fields'][number] => ({
  transform: 'identity',
  'source-id': source,
  direction: 'asc',
  'null-order': 'nulls-first',
})

/** Each column, partition field and sort field in words. */
export interface Shape {
  readonly columns: readonly unknown[]
  readonly partition: readonly unknown[]
  readonly order: readonly unknown[]
}

/** A table's columns, partitions and order in words that hold whatever the field ids are; without a table, what it is made of. */
export const shape = (metadata?: TableMetadata): Shape => {
  const { schema, spec, sortOrder } =
    metadata === undefined
      ? creation()
      : {
          schema: currentSchema(metadata),
          spec: defaultSpec(metadata),
          sortOrder: defaultSortOrder(metadata),
        }
  const name = (id: number) => schema.fields.find((field) => field.id === id)?.name
  return {
    columns: schema.fields.map((field) => [field.name, typeWords(field.type), field.required]),
    partition: spec.fields.map((field) => [
      name(field['source-id']),
      field['field-id'],
      field.name,
      field.transform,
    ]),
    order: sortOrder.fields.map((field) => [
      name(field['source-id']),
      field.transform,
      field.direction,
      field['null-order'],
    ]),
  }
}

const typeWords = (type: IcebergType): string => {
  if (typeof type === 'string') return type
  if (type.type === 'list') return `list<${typeWords(type.element)}>`
  if (type.type === 'map') return `map<${typeWords(type.key)}, ${typeWords(type.value)}>`
  return `struct<${type.fields.map((field) => `${field.name}: ${typeWords(field.type)}`)}>`
}

/** What two looks at the same state of a table agree on. */
export const sameTable = ({ identifier, metadata }: LoadedTable): unknown => ({
  identifier,
  uuid: metadata['table-uuid'],
  location: metadata.location,
  schemas: metadata.schemas,
  schema: metadata['current-schema-id'],
  specs: metadata['partition-specs'],
  orders: metadata['sort-orders'],
  properties: metadata.properties,
  sequence: metadata['last-sequence-number'],
  snapshots: metadata.snapshots,
  refs: metadata.refs,
})

/** A snapshot after the table's newest. No catalog reads its manifest list. */
export const snapshotOf = ({ metadata }: LoadedTable, id: bigint, now = Date.now()): Snapshot => {
  const parent = metadata.refs[mainBranch]?.['snapshot-id']
  return {
    'snapshot-id': id,
    ...(parent !== undefined && { 'parent-snapshot-id': parent }),
    'sequence-number': metadata['last-sequence-number'] + 1,
    'timestamp-ms': Math.max(now, metadata['last-updated-ms']),
    'manifest-list': `${metadata.location}/metadata/snap-${id}.avro`,
    'schema-id': metadata['current-schema-id'],
    summary: { operation: 'append', 'added-records': '9007199254740993' },
  }
}

/** Requires that the main branch is at this snapshot; null: that there is none. */
export const branchAt = (id: bigint | null): TableRequirement => ({
  type: 'assert-ref-snapshot-id',
  ref: mainBranch,
  'snapshot-id': id,
})

/** The commit of an append, as the specification has it. */
export const append = (
  table: LoadedTable,
  id: bigint,
  snapshot: Snapshot = snapshotOf(table, id),
): TableCommit => ({
  requirements: [
    { type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] },
    branchAt(table.metadata.refs[mainBranch]?.['snapshot-id'] ?? null),
  ],
  updates: [
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', 'ref-name': mainBranch, type: 'branch', 'snapshot-id': id },
  ],
})

/** The commit that adds one optional column. */
export const addColumn = ({ metadata }: LoadedTable, name: string): TableCommit => {
  const schema = currentSchema(metadata)
  const id = metadata['last-column-id'] + 1
  const added = { id, name, required: false, type: 'string' }
  const schemaId = Math.max(...metadata.schemas.map((known) => known['schema-id'])) + 1
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-current-schema-id', 'current-schema-id': schema['schema-id'] },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': id - 1 },
    ],
    updates: [
      {
        action: 'add-schema',
        schema: { ...schema, 'schema-id': schemaId, fields: [...schema.fields, added] },
        'last-column-id': id,
      },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  }
}
