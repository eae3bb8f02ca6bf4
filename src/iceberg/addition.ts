/** Manifests of new data files. */
import { type Addition, metadataPath, type NewManifest } from './append.ts'
import type { LoadedTable } from './catalog.ts'
import {
  type DataFile,
  dataContent,
  entryStatus,
  type ManifestEntry,
  writeManifest,
} from './manifest.ts'
import { manifestOptions } from './manifest-options.ts'
import { type PartitionValue, partitionSummaries, partitionText } from './partition.ts'
import { randomSnapshotId } from './snapshot-id.ts'

/** Of what a commit adds: the manifests' bytes with what the list says of them. */
export interface WrittenAddition extends Addition {
  readonly objects: readonly { readonly path: string; readonly bytes: Uint8Array }[]
}

type Placed = { readonly specId: number; readonly dataFile: DataFile }

/** One manifest for each partition spec among the files, all for one snapshot. Nothing is written yet. */
export const prepareAddition = async (
  files: readonly Placed[],
  table: LoadedTable,
  version: string,
): Promise<WrittenAddition> => {
  const snapshotId = randomSnapshotId()
  const specIds = [...new Set(files.map((file) => file.specId))]
  const made = await Promise.all(
    specIds.map((specId, i) =>
      manifestOf(
        files.filter((file) => file.specId === specId),
        specId,
        table,
        snapshotId,
        i,
      ),
    ),
  )
  return {
    snapshotId,
    version,
    manifests: made.map(({ manifest }) => manifest),
    objects: made.map(({ manifest, bytes }) => ({ path: manifest.manifest_path, bytes })),
    added: {
      files: files.length,
      records: Number(total(files, 'record_count')),
      bytes: Number(total(files, 'file_size_in_bytes')),
      partitions: new Set(files.map(partitionKey)).size,
    },
  }
}

const manifestOf = async (
  files: readonly Placed[],
  specId: number,
  { metadata }: LoadedTable,
  snapshotId: bigint,
  index: number,
): Promise<{ manifest: NewManifest; bytes: Uint8Array }> => {
  const options = manifestOptions(specId, metadata)
  const entries = files.map(({ dataFile }) => added(dataFile, snapshotId))
  const bytes = await writeManifest(entries, options)
  const manifest: NewManifest = {
    manifest_path: `${metadataPath(metadata)}/${crypto.randomUUID()}-m${index}.avro`,
    manifest_length: BigInt(bytes.length),
    partition_spec_id: specId,
    content: dataContent,
    added_snapshot_id: snapshotId,
    added_files_count: files.length,
    existing_files_count: 0,
    deleted_files_count: 0,
    added_rows_count: total(files, 'record_count'),
    existing_rows_count: 0n,
    deleted_rows_count: 0n,
    partitions: partitionSummaries(
      options.partitionFields,
      files.map(({ dataFile }) => dataFile.partition),
    ),
    key_metadata: null,
  }
  return { manifest, bytes }
}

/** Sequence numbers are inherited, so that the manifest serves every attempt ("Sequence Number Inheritance"). */
const added = (file: DataFile, snapshotId: bigint): ManifestEntry => ({
  status: entryStatus.added,
  snapshot_id: snapshotId,
  sequence_number: null,
  file_sequence_number: null,
  data_file: file,
})

const total = (files: readonly Placed[], count: 'record_count' | 'file_size_in_bytes'): bigint =>
  files.reduce((sum, { dataFile }) => sum + dataFile[count], 0n)

const partitionKey = ({ specId, dataFile }: Placed): string =>
  `${specId} ${partitionText(Object.values(dataFile.partition) as PartitionValue[])}`
