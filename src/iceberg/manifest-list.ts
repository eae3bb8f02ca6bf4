/** Manifest lists: the manifests of a snapshot (Iceberg table specification, "Manifest Lists"). */
import { eachSchemaOnce, readContainer, writeContainer } from './avro/container.ts'
import { type ResolutionOptions, readOf } from './avro/resolution.ts'
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

/** The names of the counts in Iceberg before 1.4 and the same ones in the specification. */
const aliases: NonNullable<ResolutionOptions['aliases']> = {
  added_files_count: ['added_data_files_count'],
  existing_files_count: ['existing_data_files_count'],
  deleted_files_count: ['deleted_data_files_count'],
}

/**
 * The manifests of a list, whoever wrote it: with field ids or without, with the counts' old names or the new ones. Counts
 * are null where a writer of version 1 did not tell them.
 * @throws when it is none
 */
export const readManifestList = async (bytes: Uint8Array): Promise<readonly ManifestFile[]> => {
  const { records } = await readContainer(bytes, readFile)
  return records.map((record) => {
    const read = record as unknown as ManifestFile
    return {
      ...read,
      // What version 1 did not have: data files only, no sequence numbers.
      content: read.content ?? 0,
      sequence_number: read.sequence_number ?? 0n,
      min_sequence_number: read.min_sequence_number ?? 0n,
    }
  })
}

const readFile = eachSchemaOnce((writer) => readOf(writer, manifestFileSchema, { aliases }))
