import type { ManifestOptions } from './manifest.ts'
import { type PartitionResult, partitionFieldTypes } from './partition.ts'
import { currentSchema, type TableMetadata } from './table-metadata.ts'

/** How manifests of a partition spec are written now. */
export interface SpecOptions extends ManifestOptions {
  readonly partitionFields: readonly PartitionResult[]
}

/** @throws when the table does not have the spec, or this program cannot write to it */
export const manifestOptions = (specId: number, metadata: TableMetadata): SpecOptions => {
  const spec = metadata['partition-specs'].find((known) => known['spec-id'] === specId)
  if (spec === undefined) throw new Error(`manifests of partition spec ${specId}, which is gone`)
  return {
    schema: currentSchema(metadata),
    spec,
    partitionFields: partitionFieldTypes(spec, metadata),
  }
}
