/** Manifests as tests need them: of a table with a column and its days, and whatever entries. */
import { entryStatus, type ManifestEntry, writeManifest } from '../../src/iceberg/manifest.ts'
import type { ManifestFile } from '../../src/iceberg/manifest-list.ts'
import { partitionFieldTypes, partitionSummaries } from '../../src/iceberg/partition.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { dataFileNamed, metadataOf } from './tables.ts'

/** A table of one column, partitioned by its days. */
export const dailyTable = (properties: Readonly<Record<string, string>> = {}): TableMetadata =>
  metadataOf({
    columns: [{ id: 1, name: 'timestamp', required: false, type: 'timestamptz' }],
    spec: {
      'spec-id': 0,
      fields: [{ 'source-id': 1, 'field-id': 1000, name: 'timestamp_day', transform: 'day' }],
    },
    properties,
  })

/** What a test says of an entry; without sequence number it inherits everything. */
export interface EntryParts {
  readonly path: string
  readonly day: number | null
  readonly rows: bigint
  readonly status: keyof typeof entryStatus
  readonly snapshotId: bigint | null
  readonly sequenceNumber: bigint | null
}

export const entryOf = (parts: EntryParts): ManifestEntry => ({
  status: entryStatus[parts.status],
  snapshot_id: parts.snapshotId,
  sequence_number: parts.sequenceNumber,
  file_sequence_number: parts.sequenceNumber,
  data_file: {
    ...dataFileNamed(parts.path, { timestamp_day: parts.day }),
    record_count: parts.rows,
    value_counts: [{ key: 1, value: parts.rows }],
    lower_bounds: [{ key: 1, value: new Uint8Array(8) }],
  },
})

/** A manifest, and how a list names it. */
export const manifestOf = async (
  path: string,
  entries: readonly ManifestEntry[],
  sequenceNumber: bigint,
  metadata: TableMetadata = dailyTable(),
): Promise<{ bytes: Uint8Array; manifest: ManifestFile }> => {
  const [schema, spec] = [metadata.schemas[0], metadata['partition-specs'][0]]
  if (schema === undefined || spec === undefined) throw new Error('a table without a schema')
  const partitionFields = partitionFieldTypes(spec, metadata)
  const bytes = await writeManifest(entries, { schema, spec, partitionFields })
  const of = (status: keyof typeof entryStatus) =>
    entries.filter((entry) => entry.status === entryStatus[status])
  const rows = (status: keyof typeof entryStatus) =>
    of(status).reduce((sum, { data_file: file }) => sum + file.record_count, 0n)
  return {
    bytes,
    manifest: {
      manifest_path: path,
      manifest_length: BigInt(bytes.length),
      partition_spec_id: spec['spec-id'],
      content: 0,
      sequence_number: sequenceNumber,
      min_sequence_number: sequenceNumber,
      added_snapshot_id: 1000n + sequenceNumber,
      added_files_count: of('added').length,
      existing_files_count: of('existing').length,
      deleted_files_count: of('deleted').length,
      added_rows_count: rows('added'),
      existing_rows_count: rows('existing'),
      deleted_rows_count: rows('deleted'),
      partitions: partitionSummaries(
        partitionFields,
        entries.map(({ data_file: file }) => file.partition),
      ),
      key_metadata: null,
    },
  }
}
