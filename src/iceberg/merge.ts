/**
 * Merging of small manifests, so that the list of a table that grows by a file at a time stays short (Iceberg table properties,
 * `commit.manifest-merge.*`). The files of a table are the same before and after.
 *
 * DELETED entries are left out. Who looks for a file that was in the table finds the entry in the list of the snapshot
 * that removed it, which still names the manifest as it was; after that snapshot expired nobody can be sure anyway.
 */
import { inTurns } from '../turns.ts'
import { type Merge, metadataPath } from './append.ts'
import {
  dataContent,
  type EncodedEntry,
  entryStatus,
  headOf,
  readEncodedEntries,
  writeManifest,
} from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import { manifestOptions } from './manifest-options.ts'
import { partitionSummaries } from './partition.ts'
import type { TableMetadata } from './table-metadata.ts'

/** A manifest's bytes by its path. */
export type ReadBytes = (path: string) => Promise<Uint8Array>

/** Manifests that are read at once. */
const concurrency = 16

/**
 * One manifest in the place of others of the same spec, not written yet; null when they tell of no file.
 * @throws when one cannot be read or understood
 */
export const mergeManifests = async (
  manifests: readonly ManifestFile[],
  specId: number,
  metadata: TableMetadata,
  read: ReadBytes,
): Promise<Merge | null> => {
  const entries = await keptEntries(manifests, specId, metadata, read)
  return entries.length === 0 ? null : mergeOf(entries, manifests, specId, metadata)
}

/** Whether a merge can take the place of manifests in a list: all that it replaces are there. */
export const standsFor = ({ replaced }: Merge, parents: readonly ManifestFile[]): boolean =>
  parents.filter(({ manifest_path: path }) => replaced.has(path)).length === replaced.size

/** The entries of all manifests, in their order, with everything that they inherit. */
const keptEntries = async (
  manifests: readonly ManifestFile[],
  specId: number,
  metadata: TableMetadata,
  read: ReadBytes,
): Promise<readonly EncodedEntry[]> => {
  const fields = manifestOptions(specId, metadata).partitionFields
  const entries: EncodedEntry[][] = []
  await inTurns([...manifests.entries()], concurrency, async ([i, manifest]) => {
    const own = await readEncodedEntries(await read(manifest.manifest_path), fields)
    entries[i] = own
      .filter(({ status }) => status !== entryStatus.deleted)
      .map((entry) => existing(entry, manifest))
  })
  return entries.flat()
}

/** "Sequence Number Inheritance": what an added file's entry does not say is what the list says of its manifest. */
const existing = (entry: EncodedEntry, manifest: ManifestFile): EncodedEntry => {
  const inherited = entry.status === entryStatus.added ? manifest.sequence_number : null
  const sequenceNumber = entry.sequence_number ?? inherited
  if (sequenceNumber === null) throw new Error('a manifest entry without a sequence number')
  return {
    status: entryStatus.existing,
    snapshot_id: entry.snapshot_id ?? manifest.added_snapshot_id,
    sequence_number: sequenceNumber,
    file_sequence_number: entry.file_sequence_number ?? inherited,
    data_file: entry.data_file,
  }
}

const mergeOf = async (
  entries: readonly EncodedEntry[],
  replaced: readonly ManifestFile[],
  specId: number,
  metadata: TableMetadata,
): Promise<Merge> => {
  const options = manifestOptions(specId, metadata)
  const bytes = await writeManifest(entries, options)
  const heads = entries.map(headOf(options.partitionFields))
  return {
    replaced: new Set(replaced.map(({ manifest_path: path }) => path)),
    bytes,
    manifest: {
      manifest_path: `${metadataPath(metadata)}/${crypto.randomUUID()}-merged.avro`,
      manifest_length: BigInt(bytes.length),
      partition_spec_id: specId,
      content: dataContent,
      min_sequence_number: entries.reduce(least, 2n ** 63n - 1n),
      added_files_count: 0,
      existing_files_count: entries.length,
      deleted_files_count: 0,
      added_rows_count: 0n,
      existing_rows_count: heads.reduce((sum, { record_count: count }) => sum + count, 0n),
      deleted_rows_count: 0n,
      partitions: partitionSummaries(
        options.partitionFields,
        heads.map(({ partition }) => partition),
      ),
      key_metadata: null,
    },
  }
}

const least = (so: bigint, { sequence_number: number }: EncodedEntry): bigint =>
  number !== null && number < so ? number : so
