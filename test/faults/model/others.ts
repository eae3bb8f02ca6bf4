// Other writers of the table, who keep to the specification: they append, merge manifests, compact and expire snapshots.
import { prepareAddition } from '../../../src/iceberg/addition.ts'
import { appendTo, metadataPath } from '../../../src/iceberg/append.ts'
import type { Catalog, LoadedTable } from '../../../src/iceberg/catalog.ts'
import {
  type DataFile,
  dataContent,
  entryStatus,
  type ManifestEntry,
  writeManifest,
} from '../../../src/iceberg/manifest.ts'
import { type ManifestFile, writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { partitionFieldTypes, partitionSummaries } from '../../../src/iceberg/partition.ts'
import { randomSnapshotId } from '../../../src/iceberg/snapshot-id.ts'
import {
  currentSchema,
  currentSnapshot,
  defaultSpec,
  type Snapshot,
} from '../../../src/iceberg/table-metadata.ts'
import type { TableUpdate } from '../../../src/iceberg/table-updates.ts'
import { dataFileNamed } from '../../iceberg/tables.ts'
import { identifier } from './lake.ts'
import type { Chance } from './random.ts'
import { bytesOf, manifestsOf, type ReadManifestFile, type Rows, rowsOf } from './rows.ts'

export interface Others {
  readonly catalog: Catalog
  readonly chance: Chance
  /** Between reading the table and changing it. */
  readonly pause: () => Promise<void>
  readonly now: () => number
}

/** A data file of the model's rows. */
export const dataFile = (path: string, day: number, rows: readonly Rows[], size: number) =>
  ({
    ...dataFileNamed(path, { timestamp_day: day }),
    record_count: BigInt(rows.reduce((sum, { count }) => sum + count, 0)),
    file_size_in_bytes: BigInt(size),
  }) satisfies DataFile

/** Puts a file of the model's rows, and describes it. */
const putRows = async (
  table: LoadedTable,
  day: number,
  rows: readonly Rows[],
  uuid: string = crypto.randomUUID(),
) => {
  const path = `${table.metadata.location}/data/${uuid}-00001.parquet`
  const bytes = bytesOf(rows, 'another writer', day)
  await table.io.put(path, bytes)
  return dataFile(path, day, rows, bytes.length)
}

/** A snapshot whose list is `manifests`, of which those without a sequence number are new. */
const replaceList = async (
  { catalog, now }: Others,
  table: LoadedTable,
  manifests: readonly ManifestFile[],
  id: bigint,
  summary: Snapshot['summary'],
): Promise<boolean> => {
  const { metadata, io } = table
  const parent = currentSnapshot(metadata)
  const sequence = metadata['last-sequence-number'] + 1
  const path = `${metadataPath(metadata)}/snap-${id}.avro`
  const head = {
    'snapshot-id': id,
    ...(parent !== null && { 'parent-snapshot-id': parent['snapshot-id'] }),
    'sequence-number': sequence,
    'timestamp-ms': Math.max(now(), metadata['last-updated-ms']),
    'schema-id': metadata['current-schema-id'],
  }
  const numbered = manifests.map((manifest) =>
    manifest.added_snapshot_id === id
      ? { ...manifest, sequence_number: BigInt(sequence), min_sequence_number: 0n }
      : manifest,
  )
  await io.put(path, await writeManifestList(numbered, head))
  const snapshot = { ...head, 'manifest-list': path, summary: { ...totalsOf(parent), ...summary } }
  return commit({ catalog }, table, parent, [
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
  ])
}

/** What a snapshot says of the whole table. */
const totalsOf = (snapshot: Snapshot | null): Record<string, string> =>
  Object.fromEntries(
    Object.entries(snapshot?.summary ?? {}).filter(([key]) => key.startsWith('total-')),
  )

const commit = async (
  { catalog }: Pick<Others, 'catalog'>,
  table: LoadedTable,
  parent: Snapshot | null,
  updates: readonly TableUpdate[],
): Promise<boolean> => {
  const outcome = await catalog.commit(table, {
    requirements: [
      { type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] },
      {
        type: 'assert-ref-snapshot-id',
        ref: 'main',
        'snapshot-id': parent?.['snapshot-id'] ?? null,
      },
    ],
    updates,
  })
  return outcome.kind === 'committed'
}

/** A new manifest of a snapshot to be. */
const putManifest = async (
  table: LoadedTable,
  entries: readonly ManifestEntry[],
  snapshotId: bigint,
): Promise<ManifestFile> => {
  const { metadata, io } = table
  const spec = defaultSpec(metadata)
  const path = `${metadataPath(metadata)}/${crypto.randomUUID()}-m0.avro`
  const partitionFields = partitionFieldTypes(spec, metadata)
  const bytes = await writeManifest(entries, {
    schema: currentSchema(metadata),
    spec,
    partitionFields,
  })
  await io.put(path, bytes)
  const of = (status: number) => entries.filter((entry) => entry.status === status)
  const rows = (status: number) =>
    of(status).reduce((sum, { data_file: file }) => sum + file.record_count, 0n)
  return {
    manifest_path: path,
    manifest_length: BigInt(bytes.length),
    partition_spec_id: spec['spec-id'],
    content: dataContent,
    sequence_number: 0n,
    min_sequence_number: 0n,
    added_snapshot_id: snapshotId,
    added_files_count: of(entryStatus.added).length,
    existing_files_count: of(entryStatus.existing).length,
    deleted_files_count: of(entryStatus.deleted).length,
    added_rows_count: rows(entryStatus.added),
    existing_rows_count: rows(entryStatus.existing),
    deleted_rows_count: rows(entryStatus.deleted),
    partitions: partitionSummaries(
      partitionFields,
      entries.map(({ data_file: { partition } }) => partition),
    ),
    key_metadata: null,
  }
}

/** An entry that stays, with what it inherited. */
const kept = (entry: ManifestEntry, { file }: ReadManifestFile): ManifestEntry => ({
  ...entry,
  status: entryStatus.existing,
  snapshot_id: entry.snapshot_id ?? file.added_snapshot_id,
  sequence_number: entry.sequence_number ?? file.sequence_number,
  file_sequence_number: entry.file_sequence_number ?? file.sequence_number,
})

const added = (file: DataFile, snapshotId: bigint): ManifestEntry => ({
  status: entryStatus.added,
  snapshot_id: snapshotId,
  sequence_number: null,
  file_sequence_number: null,
  data_file: file,
})

const isLive = ({ status }: ManifestEntry): boolean => status !== entryStatus.deleted

/** Appends rows of its own, in a file with that uuid in its name. */
export const appendForeign = async (
  others: Others,
  id: string,
  uuid?: string,
  day = 20_000,
): Promise<boolean> => {
  const { catalog, pause, now } = others
  const table = await catalog.load(identifier)
  if (table === null) return false
  const file = await putRows(table, day, [{ id, count: 1 }], uuid)
  const parent = currentSnapshot(table.metadata)
  const parents = (await manifestsOf(table)).map(({ file: manifest }) => manifest)
  await pause()
  const placed = { specId: table.metadata['default-spec-id'], dataFile: file }
  const addition = await prepareAddition([placed], table, 'x')
  const { list, commit: change } = await appendTo(table.metadata, parents, addition, now())
  for (const { path, bytes } of [...addition.objects, list]) await table.io.put(path, bytes)
  return commit(others, table, parent, change.updates)
}

/** Writes the entries of some manifests into one, as an append that merges or a rewriting of manifests does. */
export const mergeManifests = async (others: Others): Promise<boolean> => {
  const { catalog, chance, pause } = others
  const table = await catalog.load(identifier)
  if (table === null) return false
  const manifests = await manifestsOf(table)
  const some = manifests.filter(() => chance.happens(0.6))
  if (some.length === 0) return false
  const id = randomSnapshotId()
  const entries = some.flatMap((manifest) =>
    manifest.entries.filter(isLive).map((entry) => kept(entry, manifest)),
  )
  await pause()
  const merged = entries.length === 0 ? [] : [await putManifest(table, entries, id)]
  const others_ = manifests.filter((manifest) => !some.includes(manifest))
  const list = [...merged, ...others_.map(({ file }) => file)]
  const operation = chance.pick(['append', 'replace'])
  return replaceList(others, table, list, id, { operation })
}

/** Writes the rows of some files of one day into one, and removes those; or only removes them. */
export const compact = async (others: Others, onlyRemoves = false): Promise<boolean> => {
  const { catalog, chance, pause } = others
  const table = await catalog.load(identifier)
  if (table === null) return false
  const manifests = await manifestsOf(table)
  const live = manifests.flatMap(({ entries }) => entries.filter(isLive))
  if (live.length === 0) return false
  const dayOf = (entry: ManifestEntry) => Number(entry.data_file.partition.timestamp_day)
  const day = dayOf(chance.pick(live))
  const chosen = live.filter((entry) => dayOf(entry) === day && chance.happens(0.7))
  if (chosen.length === 0) return false
  const rows = await Promise.all(chosen.map((entry) => rowsOf(table, entry.data_file.file_path)))
  const file = onlyRemoves ? null : await putRows(table, day, rows.flat())
  await pause()
  const id = randomSnapshotId()
  const list = file === null ? [] : [await putManifest(table, [added(file, id)], id)]
  for (const manifest of manifests) {
    const rest = await withoutFiles(table, manifest, chosen, id)
    if (rest !== null) list.push(rest)
  }
  const after = live.filter((entry) => !chosen.includes(entry)).map((entry) => entry.data_file)
  return replaceList(others, table, list, id, {
    operation: onlyRemoves ? 'delete' : 'replace',
    ...counted('added', file === null ? [] : [file]),
    ...counted(
      'deleted',
      chosen.map((entry) => entry.data_file),
    ),
    ...counted('total', file === null ? after : [...after, file]),
  })
}

/** What a summary says of files. */
const counted = (which: string, files: readonly DataFile[]): Record<string, string> => {
  const sum = (of: (file: DataFile) => bigint) =>
    String(files.reduce((all, file) => all + of(file), 0n))
  return {
    [`${which}-data-files`]: String(files.length),
    [`${which}-records`]: sum((file) => file.record_count),
    // Removed are bytes alone.
    [`${which === 'deleted' ? 'removed' : which}-files-size`]: sum(
      (file) => file.file_size_in_bytes,
    ),
  }
}

/** A manifest after the removal of files: the same one, or its entries with those as DELETED; null when nothing is left. */
const withoutFiles = async (
  table: LoadedTable,
  manifest: ReadManifestFile,
  removed: readonly ManifestEntry[],
  id: bigint,
): Promise<ManifestFile | null> => {
  const live = manifest.entries.filter(isLive)
  if (live.length === 0) return null
  if (!live.some((entry) => removed.includes(entry))) return manifest.file
  const entries = live.map((entry) =>
    removed.includes(entry)
      ? { ...kept(entry, manifest), status: entryStatus.deleted, snapshot_id: id }
      : kept(entry, manifest),
  )
  return putManifest(table, entries, id)
}

/** Makes the table forget snapshots older than that, and removes the lists and manifests that only they had. */
export const expire = async (
  others: Others,
  olderThan: number,
  remove: (path: string) => Promise<void>,
): Promise<boolean> => {
  const { catalog } = others
  const table = await catalog.load(identifier)
  if (table === null) return false
  const current = currentSnapshot(table.metadata)
  const old = table.metadata.snapshots.filter(
    (snapshot) => snapshot !== current && snapshot['timestamp-ms'] < olderThan,
  )
  if (old.length === 0) return false
  const ids = old.map((snapshot) => snapshot['snapshot-id'])
  const done = await commit(others, table, current, [
    { action: 'remove-snapshots', 'snapshot-ids': ids },
  ])
  if (!done) return false
  for (const snapshot of old) await remove(snapshot['manifest-list'])
  return true
}
