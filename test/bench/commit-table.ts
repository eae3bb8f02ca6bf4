/** A table with as many snapshots as a benchmark asks for, and data files for it. */

import { metadataPath } from '../../src/iceberg/append.ts'
import type { Catalog, LoadedTable } from '../../src/iceberg/catalog.ts'
import type { DataFile } from '../../src/iceberg/manifest.ts'
import { type ManifestFile, writeManifestList } from '../../src/iceberg/manifest-list.ts'
import type { EncodedDataFile } from '../../src/iceberg/new-data-file.ts'
import { type Clock, systemClock } from '../../src/iceberg/retry.ts'
import { randomSnapshotId } from '../../src/iceberg/snapshot-id.ts'
import { currentSchema, type Snapshot } from '../../src/iceberg/table-metadata.ts'
import { createTableWriter, type TableWriter } from '../../src/iceberg/table-writer.ts'
import { tableCreation } from '../../src/ingest/table-creation.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { logs } from '../../src/tables/logs.ts'
import { requestBy } from '../tools/append-request.ts'

export const identifier = { namespace: ['otel'], name: 'logs' }

export interface WriterOptions {
  readonly clock?: Clock
  /** How many small manifests are left alone, where it is not what our tables have. */
  readonly fewManifests?: number
}

export const openWriter = (
  catalog: Catalog,
  { clock = systemClock, fewManifests }: WriterOptions = {},
): TableWriter => {
  const creation = tableCreation(logs, 'day')
  const few = fewManifests && { 'commit.manifest-merge.min-count-to-merge': `${fewManifests}` }
  return createTableWriter({
    identifier,
    catalog,
    creation: { ...creation, properties: { ...creation.properties, ...few } },
    version: '0',
    clock,
    log: noLog,
    metrics: noMetrics,
  })
}

/** A small file with what a manifest says of its columns; its bytes are none that anybody reads. */
const newFile = ({ metadata }: LoadedTable): EncodedDataFile => {
  const uuid = crypto.randomUUID()
  const { fields } = currentSchema(metadata)
  const counts = fields.map(({ id }) => ({ key: id, value: BigInt(1000 + id) }))
  const bounds = fields
    .slice(0, 6)
    .map(({ id }) => ({ key: id, value: new Uint8Array(8).fill(id) }))
  const dataFile: DataFile = {
    content: 0,
    file_path: `${metadata.location}/data/1790000000000000-${uuid}.parquet`,
    file_format: 'PARQUET',
    partition: { timestamp_day: 20_717 },
    record_count: 1000n,
    file_size_in_bytes: 4096n,
    column_sizes: counts,
    value_counts: counts,
    null_value_counts: counts,
    nan_value_counts: [],
    lower_bounds: bounds,
    upper_bounds: bounds,
    key_metadata: null,
    split_offsets: [4n],
    equality_ids: null,
    sort_order_id: 1,
    referenced_data_file: null,
  }
  return { uuid, specId: 0, partition: [], bytes: new Uint8Array(4096), dataFile }
}

/** Commits one file. */
export const commitOne = async (writer: TableWriter, { now } = systemClock): Promise<void> => {
  const table = await writer.open()
  const [outcome] = await writer.append(table, [newFile(table)], requestBy(now() + 60_000))
  if (outcome !== 'committed') throw new Error(`a file was ${outcome}`)
}

/** What a list says of a manifest that nobody will read. */
export const manifestNamed = (path: string, sequenceNumber: number): ManifestFile => ({
  manifest_path: path,
  manifest_length: 90_000n,
  partition_spec_id: 0,
  content: 0,
  sequence_number: BigInt(sequenceNumber),
  min_sequence_number: 1n,
  added_snapshot_id: randomSnapshotId(),
  added_files_count: 0,
  existing_files_count: 350,
  deleted_files_count: 0,
  added_rows_count: 0n,
  existing_rows_count: 350_000n,
  deleted_rows_count: 0n,
  partitions: [
    {
      contains_null: false,
      contains_nan: null,
      lower_bound: new Uint8Array(4),
      upper_bound: new Uint8Array(4),
    },
  ],
  key_metadata: null,
})

const summary = {
  operation: 'append',
  ...Object.fromEntries(
    ['added-data-files', 'added-records', 'added-files-size', 'changed-partition-count'].map(
      (key) => [key, '1000'],
    ),
  ),
  ...Object.fromEntries(
    [
      'records',
      'files-size',
      'data-files',
      'delete-files',
      'position-deletes',
      'equality-deletes',
    ].map((what) => [`total-${what}`, '1000000']),
  ),
  'manifests-created': '1',
  'manifests-kept': '100',
  'manifests-replaced': '0',
  'engine-name': 'otlp2parquet',
  'engine-version': '0.1.0',
}

/** Gives a table `count` snapshots in one change; the last one's list names `manifests` manifests. */
export const addHistory = async (
  catalog: Catalog,
  table: LoadedTable,
  count: number,
  manifests: number,
): Promise<void> => {
  const path = metadataPath(table.metadata)
  const snapshots = Array.from({ length: count }, (_, i): Snapshot => {
    const id = randomSnapshotId()
    return {
      'snapshot-id': id,
      'sequence-number': i + 1,
      'timestamp-ms': Date.now(),
      'manifest-list': `${path}/snap-${id}-${crypto.randomUUID()}.avro`,
      'schema-id': 0,
      summary,
    }
  })
  const last = snapshots.at(-1)
  if (last === undefined) return
  const list = Array.from({ length: manifests }, (_, i) =>
    manifestNamed(`${path}/${crypto.randomUUID()}-merged.avro`, i + 1),
  )
  await table.io.put(last['manifest-list'], await writeManifestList(list, last))
  const updates = snapshots.flatMap((snapshot, i) => [
    {
      action: 'add-snapshot',
      snapshot:
        i === 0
          ? snapshot
          : { ...snapshot, 'parent-snapshot-id': snapshots[i - 1]?.['snapshot-id'] ?? 0n },
    } as const,
    {
      action: 'set-snapshot-ref',
      'ref-name': 'main',
      type: 'branch',
      'snapshot-id': snapshot['snapshot-id'],
    } as const,
  ])
  const { kind } = await catalog.commit(table, { requirements: [], updates })
  if (kind !== 'committed') throw new Error(`a history was not made: ${kind}`)
}
