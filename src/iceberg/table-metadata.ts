/**
 * Table metadata as its JSON spells it (Iceberg table specification, "Table Metadata Fields", format version 2). Members
 * that this program does not know stay where they are. Snapshot ids are bigints: they use 63 bits.
 */
import { IngestError } from '../errors.ts'
import { type Json, parseJson } from './json.ts'

export interface TableMetadata {
  readonly 'format-version': number
  readonly 'table-uuid': string
  /** Where the table's files are, as a URI or absolute path without a trailing slash. */
  readonly location: string
  readonly 'last-sequence-number': number
  readonly 'last-updated-ms': number
  readonly 'last-column-id': number
  readonly schemas: readonly Schema[]
  readonly 'current-schema-id': number
  readonly 'partition-specs': readonly PartitionSpec[]
  readonly 'default-spec-id': number
  readonly 'last-partition-id': number
  readonly 'sort-orders': readonly SortOrder[]
  readonly 'default-sort-order-id': number
  readonly properties: Readonly<Record<string, string>>
  /** Null where there is none; some writers spell that -1. */
  readonly 'current-snapshot-id': bigint | null
  readonly snapshots: readonly Snapshot[]
  readonly refs: Readonly<Record<string, SnapshotRef>>
  readonly 'snapshot-log': readonly SnapshotLogEntry[]
  readonly 'metadata-log': readonly MetadataLogEntry[]
}

export interface Schema {
  readonly type: 'struct'
  readonly 'schema-id': number
  readonly fields: readonly NestedField[]
  readonly 'identifier-field-ids'?: readonly number[]
}

export interface NestedField {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: IcebergType
  readonly doc?: string
}

/** A primitive by its name (`long`, `timestamptz`, `decimal(9,2)`, …), or a nested type. */
export type IcebergType = string | StructType | ListType | MapType

export interface StructType {
  readonly type: 'struct'
  readonly fields: readonly NestedField[]
}

export interface ListType {
  readonly type: 'list'
  readonly 'element-id': number
  readonly element: IcebergType
  readonly 'element-required': boolean
}

export interface MapType {
  readonly type: 'map'
  readonly 'key-id': number
  readonly key: IcebergType
  readonly 'value-id': number
  readonly value: IcebergType
  readonly 'value-required': boolean
}

export interface PartitionSpec {
  readonly 'spec-id': number
  readonly fields: readonly PartitionField[]
}

export interface PartitionField {
  readonly 'source-id': number
  readonly 'field-id': number
  readonly name: string
  /** `identity`, `day`, `bucket[16]`, … ("Partition Transforms"). */
  readonly transform: string
}

export interface SortOrder {
  readonly 'order-id': number
  readonly fields: readonly SortField[]
}

export interface SortField {
  readonly transform: string
  readonly 'source-id': number
  readonly direction: 'asc' | 'desc'
  readonly 'null-order': 'nulls-first' | 'nulls-last'
}

export interface Snapshot {
  readonly 'snapshot-id': bigint
  readonly 'parent-snapshot-id'?: bigint
  readonly 'sequence-number': number
  readonly 'timestamp-ms': number
  readonly 'manifest-list': string
  /** `operation`, and counts as decimal strings. */
  readonly summary: Readonly<Record<string, string>>
  readonly 'schema-id'?: number
}

export interface SnapshotRef {
  readonly 'snapshot-id': bigint
  readonly type: 'branch' | 'tag'
}

export interface SnapshotLogEntry {
  readonly 'snapshot-id': bigint
  readonly 'timestamp-ms': number
}

export interface MetadataLogEntry {
  readonly 'metadata-file': string
  readonly 'timestamp-ms': number
}

/** The branch that readers see. */
export const mainBranch = 'main'

/**
 * Table metadata from its JSON text.
 * @throws when it is no metadata of format version 2
 */
export const parseTableMetadata = (text: string): TableMetadata => tableMetadata(parseJson(text))

/**
 * Table metadata from JSON that `parseJson` read, such as a member of a catalog's answer.
 * @throws when it is no metadata of format version 2
 */
export const tableMetadata = (json: Json): TableMetadata => {
  const read = json as unknown as Partial<TableMetadata>
  const version = read['format-version']
  if (version !== 2) {
    throw new IngestError(
      'unavailable',
      `cannot write to a table of format version ${version}: 2 is supported`,
    )
  }
  const current = snapshotId(read['current-snapshot-id'])
  return {
    ...(read as TableMetadata),
    'last-sequence-number': read['last-sequence-number'] ?? 0,
    properties: read.properties ?? {},
    'current-snapshot-id': current === -1n ? null : current,
    snapshots: (read.snapshots ?? []).map(withIds),
    refs: refsOf(read.refs, current),
    'snapshot-log': (read['snapshot-log'] ?? []).map(withIds),
    'metadata-log': read['metadata-log'] ?? [],
  }
}

/** A JSON number, of whatever size, as a snapshot id. */
const snapshotId = (value: number | bigint | null | undefined): bigint | null =>
  value === null || value === undefined ? null : BigInt(value)

const withIds = <T extends Pick<Snapshot, 'snapshot-id' | 'parent-snapshot-id'>>(entry: T): T => {
  const parent = snapshotId(entry['parent-snapshot-id'])
  return {
    ...entry,
    'snapshot-id': snapshotId(entry['snapshot-id']),
    ...(parent !== null && { 'parent-snapshot-id': parent }),
  }
}

/** Metadata of early version 2 writers has no refs: main is the current snapshot ("Snapshot References"). */
const refsOf = (
  refs: TableMetadata['refs'] | undefined,
  current: bigint | null,
): TableMetadata['refs'] => {
  if (refs === undefined) {
    return current === null || current === -1n
      ? {}
      : { [mainBranch]: { 'snapshot-id': current, type: 'branch' } }
  }
  return Object.fromEntries(Object.entries(refs).map(([name, ref]) => [name, withIds(ref)]))
}

/** The schema that new files are written with. */
export const currentSchema = (metadata: TableMetadata): Schema =>
  found(
    metadata.schemas.find((schema) => schema['schema-id'] === metadata['current-schema-id']),
    'current schema',
  )

/** The partition spec that new files are written with. */
export const defaultSpec = (metadata: TableMetadata): PartitionSpec =>
  found(
    metadata['partition-specs'].find((spec) => spec['spec-id'] === metadata['default-spec-id']),
    'default partition spec',
  )

/** The sort order that new files are asked to have. */
export const defaultSortOrder = (metadata: TableMetadata): SortOrder =>
  found(
    metadata['sort-orders'].find(
      (order) => order['order-id'] === metadata['default-sort-order-id'],
    ),
    'default sort order',
  )

/** The snapshots that a branch or tag names, by their ids. */
export const namedSnapshots = ({ refs }: Pick<TableMetadata, 'refs'>): Set<bigint> =>
  new Set(Object.values(refs).map((ref) => ref['snapshot-id']))

/** The snapshot that readers see; null in a table that has none. */
export const currentSnapshot = (metadata: TableMetadata): Snapshot | null => {
  const id = metadata.refs[mainBranch]?.['snapshot-id']
  if (id === undefined) return null
  return found(
    metadata.snapshots.find((snapshot) => snapshot['snapshot-id'] === id),
    'current snapshot',
  )
}

const found = <T>(part: T | undefined, name: string): T => {
  if (part === undefined) throw new Error(`table metadata without its ${name}`)
  return part
}
