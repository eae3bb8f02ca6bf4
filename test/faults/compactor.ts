/**
 * Another program that rewrites a table's data files, as the specification lets it: what it reads when it begins, it
 * replaces whole, unless somebody else was faster.
 */
import { metadataPath } from '../../src/iceberg/append.ts'
import type { Catalog, LoadedTable, TableIdentifier } from '../../src/iceberg/catalog.ts'
import {
  type DataFile,
  dataContent,
  entryStatus,
  type ManifestEntry,
  readManifest,
  writeManifest,
} from '../../src/iceberg/manifest.ts'
import {
  type ManifestFile,
  readManifestList,
  writeManifestList,
} from '../../src/iceberg/manifest-list.ts'
import { partitionFieldTypes, partitionSummaries } from '../../src/iceberg/partition.ts'
import { randomSnapshotId } from '../../src/iceberg/snapshot-id.ts'
import {
  currentSchema,
  currentSnapshot,
  defaultSpec,
  type Snapshot,
} from '../../src/iceberg/table-metadata.ts'

/** Compacts a table once; whether it was in time. */
export const compact = async (catalog: Catalog, identifier: TableIdentifier): Promise<boolean> => {
  const table = await catalog.load(identifier)
  const parent = table && currentSnapshot(table.metadata)
  if (table === null || parent === null) return false
  const live = await liveEntries(table, parent)
  if (live.length === 0) return false
  const id = randomSnapshotId()
  const copies = await Promise.all(live.map(({ data_file: file }) => copy(table, file)))
  const added = copies.map((file) => entry(entryStatus.added, id, file))
  const deleted = live.map((one) => ({ ...one, status: entryStatus.deleted, snapshot_id: id }))
  const manifests = [await putManifest(table, added, id), await putManifest(table, deleted, id)]
  return commit(catalog, table, parent, await putList(table, parent, id, manifests, copies))
}

/** The entries of files that are in the table, each with the sequence number that it inherited. */
const liveEntries = async ({ io }: LoadedTable, snapshot: Snapshot): Promise<ManifestEntry[]> => {
  const read = async (path: string) => (await io.get(path)) ?? new Uint8Array()
  const list = await readManifestList(await read(snapshot['manifest-list']))
  const entries = list.map(async (manifest) => {
    const found = await readManifest(await read(manifest.manifest_path))
    return found
      .filter(({ status }) => status !== entryStatus.deleted)
      .map((one) => ({
        ...one,
        sequence_number: one.sequence_number ?? manifest.sequence_number,
        file_sequence_number: one.file_sequence_number ?? manifest.sequence_number,
      }))
  })
  return (await Promise.all(entries)).flat()
}

/** The same rows in a file of its own. */
const copy = async ({ io, metadata }: LoadedTable, file: DataFile): Promise<DataFile> => {
  const bytes = await io.get(file.file_path)
  if (bytes === null) throw new Error(`${file.file_path} is gone`)
  const path = `${metadata.location}/data/00000-0-${crypto.randomUUID()}-00001.parquet`
  await io.put(path, bytes)
  return { ...file, file_path: path }
}

const entry = (status: number, id: bigint, file: DataFile): ManifestEntry => ({
  status,
  snapshot_id: id,
  sequence_number: null,
  file_sequence_number: null,
  data_file: file,
})

const putManifest = async (
  { metadata, io }: LoadedTable,
  entries: readonly ManifestEntry[],
  snapshotId: bigint,
): Promise<ManifestFile> => {
  const spec = defaultSpec(metadata)
  const partitionFields = partitionFieldTypes(spec, metadata)
  const schema = currentSchema(metadata)
  const bytes = await writeManifest(entries, { schema, spec, partitionFields })
  const path = `${metadataPath(metadata)}/${crypto.randomUUID()}-m0.avro`
  await io.put(path, bytes)
  const of = (status: number) => entries.filter((one) => one.status === status)
  const rows = (some: readonly ManifestEntry[]) =>
    some.reduce((sum, { data_file: file }) => sum + file.record_count, 0n)
  const next = metadata['last-sequence-number'] + 1
  const numbers = entries.map(({ sequence_number: number }) => Number(number ?? next))
  return {
    manifest_path: path,
    manifest_length: BigInt(bytes.length),
    partition_spec_id: spec['spec-id'],
    content: dataContent,
    sequence_number: BigInt(next),
    min_sequence_number: BigInt(Math.min(...numbers)),
    added_snapshot_id: snapshotId,
    added_files_count: of(entryStatus.added).length,
    existing_files_count: 0,
    deleted_files_count: of(entryStatus.deleted).length,
    added_rows_count: rows(of(entryStatus.added)),
    existing_rows_count: 0n,
    deleted_rows_count: rows(of(entryStatus.deleted)),
    partitions: partitionSummaries(
      partitionFields,
      entries.map(({ data_file: file }) => file.partition),
    ),
    key_metadata: null,
  }
}

/** Writes the list of the snapshot to be. What it holds in all stays the same. */
const putList = async (
  { metadata, io }: LoadedTable,
  parent: Snapshot,
  id: bigint,
  manifests: readonly ManifestFile[],
  copies: readonly DataFile[],
): Promise<Snapshot> => {
  const path = `${metadataPath(metadata)}/snap-${id}-1-${crypto.randomUUID()}.avro`
  const head = {
    'snapshot-id': id,
    'parent-snapshot-id': parent['snapshot-id'],
    'sequence-number': metadata['last-sequence-number'] + 1,
    'timestamp-ms': Math.max(Date.now(), metadata['last-updated-ms']),
    'schema-id': metadata['current-schema-id'],
  }
  await io.put(path, await writeManifestList(manifests, head))
  const totals = Object.entries(parent.summary ?? {}).filter(([key]) => key.startsWith('total-'))
  const records = copies.reduce((sum, file) => sum + file.record_count, 0n)
  return {
    ...head,
    'manifest-list': path,
    summary: {
      ...Object.fromEntries(totals),
      operation: 'replace',
      'added-data-files': String(copies.length),
      'deleted-data-files': String(copies.length),
      'added-records': String(records),
      'deleted-records': String(records),
    },
  }
}

const commit = async (
  catalog: Catalog,
  table: LoadedTable,
  parent: Snapshot,
  snapshot: Snapshot,
): Promise<boolean> => {
  const outcome = await catalog.commit(table, {
    requirements: [
      { type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': parent['snapshot-id'] },
    ],
    updates: [
      { action: 'add-snapshot', snapshot },
      {
        action: 'set-snapshot-ref',
        'ref-name': 'main',
        type: 'branch',
        'snapshot-id': snapshot['snapshot-id'],
      },
    ],
  })
  return outcome.kind === 'committed'
}
