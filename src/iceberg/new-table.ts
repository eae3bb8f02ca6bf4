import type { TableCreation } from './catalog.ts'
import type { TableMetadata } from './table-metadata.ts'
import { highestFieldId } from './table-updates.ts'

/** Partition fields get ids from here on ("Partition Evolution"). */
const firstPartitionFieldId = 1000

/** The metadata of a table without snapshots, under the ids that `creation` gives. `now` in milliseconds since 1970. */
export const newTableMetadata = (
  location: string,
  { schema, spec, sortOrder, properties }: TableCreation,
  now: number,
): TableMetadata => ({
  'format-version': 2,
  'table-uuid': crypto.randomUUID(),
  location,
  'last-sequence-number': 0,
  'last-updated-ms': now,
  'last-column-id': highestFieldId(schema.fields),
  'current-schema-id': schema['schema-id'],
  schemas: [schema],
  'default-spec-id': spec['spec-id'],
  'partition-specs': [spec],
  'last-partition-id': Math.max(
    firstPartitionFieldId - 1,
    ...spec.fields.map((field) => field['field-id']),
  ),
  'default-sort-order-id': sortOrder['order-id'],
  'sort-orders': [sortOrder],
  properties,
  'current-snapshot-id': null,
  refs: {},
  snapshots: [],
  'snapshot-log': [],
  'metadata-log': [],
})
