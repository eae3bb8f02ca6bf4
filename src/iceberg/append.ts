/** A fast append: one more snapshot, whose list is the parent's and the new manifests (Iceberg table specification, "Snapshots"). */
import type { TableCommit } from './catalog.ts'
import { type ManifestFile, writeManifestList } from './manifest-list.ts'
import { currentSnapshot, mainBranch, type Snapshot, type TableMetadata } from './table-metadata.ts'

/** What is new; made once, for however many attempts. */
export interface Addition {
  readonly snapshotId: bigint
  /** The manifests of the new files; their sequence numbers are those of the snapshot to be. */
  readonly manifests: readonly NewManifest[]
  /** What the snapshot's summary says of the new files. */
  readonly added: AddedCounts
  /** `engine-version` in the summary. */
  readonly version: string
}

export type NewManifest = Omit<ManifestFile, 'sequence_number' | 'min_sequence_number'>

/** A manifest in the place of others. It serves every snapshot whose parent has them all. */
export interface Merge {
  /** Their paths. */
  readonly replaced: ReadonlySet<string>
  /** As the list has it, but for what the snapshot to be gives it. */
  readonly manifest: Omit<ManifestFile, 'sequence_number' | 'added_snapshot_id'>
  readonly bytes: Uint8Array
}

export interface AddedCounts {
  readonly files: number
  readonly records: number
  readonly bytes: number
  readonly partitions: number
}

export interface Append {
  readonly list: { readonly path: string; readonly bytes: Uint8Array }
  /** What the list holds, new manifests first. */
  readonly manifests: readonly ManifestFile[]
  readonly commit: TableCommit
}

/**
 * The snapshot to be on top of `metadata`, whose current list is `parents`. Its list's path is new for each attempt. Merged
 * manifests take the place of what they replace.
 * `now` in milliseconds since 1970.
 */
export const appendTo = async (
  metadata: TableMetadata,
  parents: readonly ManifestFile[],
  addition: Addition,
  now: number,
  merges: readonly Merge[] = [],
): Promise<Append> => {
  const parent = currentSnapshot(metadata)
  const { snapshotId } = addition
  const sequenceNumber = metadata['last-sequence-number'] + 1
  const path = `${metadataPath(metadata)}/snap-${snapshotId}-${crypto.randomUUID()}.avro`
  const head = {
    'snapshot-id': snapshotId,
    ...(parent !== null && { 'parent-snapshot-id': parent['snapshot-id'] }),
    'sequence-number': sequenceNumber,
    // Servers refuse a time before that of the last change by more than a minute.
    'timestamp-ms': Math.max(now, metadata['last-updated-ms']),
    'schema-id': metadata['current-schema-id'],
  }
  const added = addition.manifests.map(numbered(sequenceNumber))
  const merged = merges.map(({ manifest }) => ({
    ...manifest,
    sequence_number: BigInt(sequenceNumber),
    added_snapshot_id: snapshotId,
  }))
  const kept = parents.filter(isKept(merges))
  const manifests = [...added, ...merged, ...kept]
  const snapshot: Snapshot = {
    ...head,
    'manifest-list': path,
    summary: {
      ...summary(parent?.summary, addition),
      'manifests-created': String(added.length + merged.length),
      'manifests-kept': String(kept.length),
      'manifests-replaced': String(parents.length - kept.length),
    },
  }
  return {
    list: { path, bytes: await writeManifestList(manifests, head) },
    manifests,
    commit: commitOf(metadata, snapshot, parent),
  }
}

const isKept =
  (merges: readonly Merge[]) =>
  ({ manifest_path: path }: ManifestFile): boolean =>
    !merges.some(({ replaced }) => replaced.has(path))

const numbered =
  (sequenceNumber: number) =>
  (manifest: NewManifest): ManifestFile => ({
    ...manifest,
    sequence_number: BigInt(sequenceNumber),
    min_sequence_number: BigInt(sequenceNumber),
  })

/** Where metadata files go ("Table properties", `write.metadata.path`). */
export const metadataPath = ({ properties, location }: TableMetadata): string =>
  (properties['write.metadata.path'] ?? `${location}/metadata`).replace(/\/+$/, '')

/** Where data files go ("Table properties", `write.data.path`). */
export const dataPath = ({ properties, location }: TableMetadata): string =>
  (properties['write.data.path'] ?? `${location}/data`).replace(/\/+$/, '')

const commitOf = (
  metadata: TableMetadata,
  snapshot: Snapshot,
  parent: Snapshot | null,
): TableCommit => ({
  requirements: [
    { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
    {
      type: 'assert-ref-snapshot-id',
      ref: mainBranch,
      'snapshot-id': parent?.['snapshot-id'] ?? null,
    },
    // Nessie makes the snapshot's schema the current one: a column that was dropped meanwhile would be back.
    { type: 'assert-current-schema-id', 'current-schema-id': metadata['current-schema-id'] },
  ],
  updates: [
    { action: 'add-snapshot', snapshot },
    {
      action: 'set-snapshot-ref',
      'ref-name': mainBranch,
      type: 'branch',
      'snapshot-id': snapshot['snapshot-id'],
    },
  ],
})

/** Totals that a table without snapshots has. */
const none: Snapshot['summary'] = {
  'total-records': '0',
  'total-files-size': '0',
  'total-data-files': '0',
  'total-delete-files': '0',
  'total-position-deletes': '0',
  'total-equality-deletes': '0',
}

/** What every reader can hold. */
const maxTotal = 2n ** 63n - 1n

/** "Snapshot Summary": a total that the parent does not tell stays untold; what is no number tells nothing. */
const summary = (
  parent: Snapshot['summary'] = none,
  { added, version }: Addition,
): Snapshot['summary'] => {
  const grown = (key: string, by: number): Record<string, string> => {
    const before = parent[key] ?? ''
    if (!/^\d{1,19}$/.test(before)) return {}
    const after = BigInt(before) + BigInt(by)
    return after > maxTotal ? {} : { [key]: String(after) }
  }
  return {
    operation: 'append',
    'added-data-files': String(added.files),
    'added-records': String(added.records),
    'added-files-size': String(added.bytes),
    'changed-partition-count': String(added.partitions),
    ...grown('total-records', added.records),
    ...grown('total-files-size', added.bytes),
    ...grown('total-data-files', added.files),
    ...grown('total-delete-files', 0),
    ...grown('total-position-deletes', 0),
    ...grown('total-equality-deletes', 0),
    'engine-name': 'otlp2parquet',
    'engine-version': version,
  }
}
