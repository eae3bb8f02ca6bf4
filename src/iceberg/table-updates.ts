/** Changes of a table's metadata (Iceberg REST catalog specification, `TableUpdate`), and how they are made: purely. */
import {
  type IcebergType,
  mainBranch,
  type NestedField,
  type Schema,
  type Snapshot,
  type TableMetadata,
} from './table-metadata.ts'

export type TableUpdate =
  | { readonly action: 'add-schema'; readonly schema: Schema; readonly 'last-column-id'?: number }
  | {
      readonly action: 'set-current-schema'
      /** -1: the schema that was added last. */
      readonly 'schema-id': number
    }
  | { readonly action: 'add-snapshot'; readonly snapshot: Snapshot }
  | {
      readonly action: 'set-snapshot-ref'
      readonly 'ref-name': string
      readonly type: 'branch' | 'tag'
      readonly 'snapshot-id': bigint
    }
  | { readonly action: 'remove-snapshots'; readonly 'snapshot-ids': readonly bigint[] }
  | {
      readonly action: 'set-properties'
      readonly updates: Readonly<Record<string, string>>
    }

/**
 * The metadata after `updates`. `now` in milliseconds since 1970; time in the metadata never goes back.
 * @throws when an update does not fit the metadata: a bug of whoever made it
 */
export const applyUpdates = (
  metadata: TableMetadata,
  updates: readonly TableUpdate[],
  now: number,
): TableMetadata => ({
  ...updates.reduce(applyUpdate, metadata),
  'last-updated-ms': Math.max(now, metadata['last-updated-ms']),
})

/** Whether the metadata has every snapshot that updates add. */
export const hasAddedSnapshots = (
  { snapshots }: TableMetadata,
  updates: readonly TableUpdate[],
): boolean =>
  updates.every(
    (update) =>
      update.action !== 'add-snapshot' ||
      snapshots.some((known) => known['snapshot-id'] === update.snapshot['snapshot-id']),
  )

const applyUpdate = (metadata: TableMetadata, update: TableUpdate): TableMetadata => {
  switch (update.action) {
    case 'add-schema':
      return addSchema(metadata, update.schema)
    case 'set-current-schema':
      return { ...metadata, 'current-schema-id': addedSchemaId(metadata, update['schema-id']) }
    case 'add-snapshot':
      return addSnapshot(metadata, update.snapshot)
    case 'set-snapshot-ref':
      return setSnapshotRef(metadata, update['ref-name'], update.type, update['snapshot-id'])
    case 'remove-snapshots':
      return removeSnapshots(metadata, new Set(update['snapshot-ids']))
    case 'set-properties':
      return { ...metadata, properties: { ...metadata.properties, ...update.updates } }
  }
}

const addSchema = (metadata: TableMetadata, schema: Schema): TableMetadata => {
  const ids = metadata.schemas.map((known) => known['schema-id'])
  const added = { ...schema, 'schema-id': Math.max(...ids) + 1 }
  return {
    ...metadata,
    schemas: [...metadata.schemas, added],
    'last-column-id': Math.max(metadata['last-column-id'], highestFieldId(schema.fields)),
  }
}

/** The highest id of fields and everything in them; 0 without any. */
export const highestFieldId = (fields: readonly NestedField[]): number =>
  Math.max(0, ...fields.flatMap(({ id, type }) => [id, highestIdIn(type)]))

const highestIdIn = (type: IcebergType): number => {
  if (typeof type === 'string') return 0
  if (type.type === 'struct') return highestFieldId(type.fields)
  if (type.type === 'list') return Math.max(type['element-id'], highestIdIn(type.element))
  return Math.max(type['key-id'], type['value-id'], highestIdIn(type.key), highestIdIn(type.value))
}

const addedSchemaId = ({ schemas }: TableMetadata, id: number): number =>
  id === -1 ? Math.max(...schemas.map((schema) => schema['schema-id'])) : id

const addSnapshot = (metadata: TableMetadata, snapshot: Snapshot): TableMetadata => {
  const sequenceNumber = snapshot['sequence-number']
  if (sequenceNumber <= metadata['last-sequence-number']) {
    throw new Error(`a snapshot with sequence number ${sequenceNumber}, which was used`)
  }
  return {
    ...metadata,
    'last-sequence-number': sequenceNumber,
    snapshots: [...metadata.snapshots, snapshot],
  }
}

const setSnapshotRef = (
  metadata: TableMetadata,
  name: string,
  type: 'branch' | 'tag',
  id: bigint,
): TableMetadata => {
  const snapshot = metadata.snapshots.find((known) => known['snapshot-id'] === id)
  if (snapshot === undefined) throw new Error(`a ref to snapshot ${id}, which does not exist`)
  const refs = { ...metadata.refs, [name]: { ...metadata.refs[name], 'snapshot-id': id, type } }
  if (name !== mainBranch) return { ...metadata, refs }
  return {
    ...metadata,
    refs,
    'current-snapshot-id': id,
    'snapshot-log': [
      ...metadata['snapshot-log'],
      { 'snapshot-id': id, 'timestamp-ms': snapshot['timestamp-ms'] },
    ],
  }
}

/** The log keeps only what lies behind its last removed snapshot ("Snapshot Log": history has no gaps). */
const removeSnapshots = (metadata: TableMetadata, ids: ReadonlySet<bigint>): TableMetadata => {
  const log = metadata['snapshot-log']
  const kept = log.findLastIndex((entry) => ids.has(entry['snapshot-id'])) + 1
  return {
    ...metadata,
    snapshots: metadata.snapshots.filter((snapshot) => !ids.has(snapshot['snapshot-id'])),
    refs: Object.fromEntries(
      Object.entries(metadata.refs).filter(([, ref]) => !ids.has(ref['snapshot-id'])),
    ),
    'snapshot-log': log.slice(kept),
  }
}
