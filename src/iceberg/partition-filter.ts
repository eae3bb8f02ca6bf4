/** Which manifests a file cannot be in (Iceberg table specification, "Manifest Lists": `field_summary`). */
import type { ManifestFile, PartitionFieldSummary } from './manifest-list.ts'
import type { PartitionValue } from './partition.ts'
import type { PartitionField, TableMetadata } from './table-metadata.ts'
import { isHourTransform } from './transform.ts'

/** A value for each field of a spec; undefined where it is not known. */
export type KnownPartition = readonly (PartitionValue | undefined)[]

/**
 * Whether a manifest may hold a file of that partition, by what its list says. Only partitions by time are compared: they
 * are what most manifests of an old table differ in.
 */
export const mayHold = (
  { partition_spec_id: specId, partitions }: ManifestFile,
  file: { readonly specId: number; readonly partition: KnownPartition },
  { 'partition-specs': specs }: TableMetadata,
): boolean => {
  if (specId !== file.specId || partitions === null) return true
  const fields = specs.find((spec) => spec['spec-id'] === specId)?.fields ?? []
  return fields.every((field, i) => mayBe(field, file.partition[i], partitions[i]))
}

const mayBe = (
  { transform }: PartitionField,
  value: PartitionValue | undefined,
  summary: PartitionFieldSummary | undefined,
): boolean => {
  if (!isHourTransform(transform) || value === undefined || summary === undefined) return true
  const { contains_null: containsNull, lower_bound: lower, upper_bound: upper } = summary
  if (value === null) return containsNull
  if (typeof value !== 'number') return true
  return !(intOf(lower) > value) && !(intOf(upper) < value)
}

/** An `int` or `date` ("Appendix D: Single-value serialization"); NaN where it is none. */
const intOf = (bytes: Uint8Array | null): number =>
  bytes?.length === 4
    ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(0, true)
    : Number.NaN
