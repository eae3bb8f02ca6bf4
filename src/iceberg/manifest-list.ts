/** Manifest lists: the manifests of a snapshot (Iceberg table specification, "Manifest Lists"). */
import { readContainer, writeContainer } from './avro/container.ts'
import { type Aliases, projection } from './avro/projection.ts'
import type { AvroMembers } from './avro/schema.ts'
import { manifestFileSchema } from './manifest-schema.ts'
import type { Snapshot } from './table-metadata.ts'

/** A manifest as a list names it, with the specification's names. */
export interface ManifestFile {
  readonly manifest_path: string
  readonly manifest_length: bigint
  readonly partition_spec_id: number
  /** 0: data files, 1: delete files. */
  readonly content: number
  readonly sequence_number: bigint
  readonly min_sequence_number: bigint
  readonly added_snapshot_id: bigint
  readonly added_files_count: number | null
  readonly existing_files_count: number | null
  readonly deleted_files_count: number | null
  readonly added_rows_count: bigint | null
  readonly existing_rows_count: bigint | null
  readonly deleted_rows_count: bigint | null
  readonly partitions: readonly PartitionFieldSummary[] | null
  readonly key_metadata: Uint8Array | null
}

/** What is known of one field of the partitions in a manifest; bounds are single values as bytes. */
export interface PartitionFieldSummary {
  readonly contains_null: boolean
  readonly contains_nan: boolean | null
  readonly lower_bound: Uint8Array | null
  readonly upper_bound: Uint8Array | null
}

/** A list's bytes. */
export const writeManifestList = (
  manifests: readonly ManifestFile[],
  snapshot: Omit<Snapshot, 'manifest-list' | 'summary'>,
): Promise<Uint8Array<ArrayBuffer>> =>
  writeContainer(
    manifestFileSchema,
    {
      'snapshot-id': String(snapshot['snapshot-id']),
      'parent-snapshot-id': String(snapshot['parent-snapshot-id'] ?? null),
      'sequence-number': String(snapshot['sequence-number']),
      'format-version': '2',
    },
    manifests as unknown as readonly AvroMembers[],
  )

/** The names of the counts in Iceberg 1.x before they were made the specification's. */
const aliases: Aliases = {
  added_files_count: ['added_data_files_count'],
  existing_files_count: ['existing_data_files_count'],
  deleted_files_count: ['deleted_data_files_count'],
}

/**
 * The manifests of a list, whoever wrote it: with field ids or without, with the counts' old names or the new ones.
 * @throws when it is none
 */
export const readManifestList = async (bytes: Uint8Array): Promise<readonly ManifestFile[]> => {
  const { schema, records } = await readContainer(bytes)
  const project = projection(schema, manifestFileSchema, aliases)
  return records.map((record) => {
    const read = project(record) as unknown as ManifestFile
    return {
      ...read,
      // What version 1 did not have: data files only, no sequence numbers.
      content: read.content ?? 0,
      sequence_number: read.sequence_number ?? 0n,
      min_sequence_number: read.min_sequence_number ?? 0n,
    }
  })
}
