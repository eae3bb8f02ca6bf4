/** Which manifests are merged (Iceberg table properties, `commit.manifest-merge.*`, `commit.manifest.target-size-bytes`). */
import { dataContent } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { TableMetadata } from './table-metadata.ts'

const defaultMinCount = 100
const defaultTargetSize = 8 * 1024 * 1024

/**
 * The manifests of a list that should become one; none while they are few. More than `commit.manifest-merge.min-count-to-merge`
 * small ones are merged, the oldest first, up to the size of the target; and when as many merged ones stand, these. So
 * a file's entry is copied a few times only, however many commits come after it. Manifests of deletes and of other
 * specs, encrypted ones and those of version 1 stay as they are. `patience`: so many times the count are waited for.
 */
export const chooseManifests = (
  manifests: readonly ManifestFile[],
  specId: number,
  properties: TableMetadata['properties'],
  patience = 1,
): readonly ManifestFile[] => {
  if (properties['commit.manifest-merge.enabled'] === 'false') return []
  const minCount = positive(properties['commit.manifest-merge.min-count-to-merge'], defaultMinCount)
  const target = positive(properties['commit.manifest.target-size-bytes'], defaultTargetSize)
  const mergeable = manifests.filter((manifest) => isMergeable(manifest, specId))
  const small = target / Math.max(minCount, 2)
  const tiers = [
    mergeable.filter(({ manifest_length: size }) => Number(size) < small),
    mergeable.filter(({ manifest_length: size }) => Number(size) >= small && size < target / 2),
  ]
  const crowded = tiers.find((tier) => tier.length > patience * minCount)
  return crowded === undefined ? [] : oldest(crowded, target)
}

const positive = (property: string | undefined, otherwise: number): number => {
  const value = Number(property ?? otherwise)
  return Number.isSafeInteger(value) && value > 0 ? value : otherwise
}

const isMergeable = (manifest: ManifestFile, specId: number): boolean =>
  manifest.content === dataContent &&
  manifest.partition_spec_id === specId &&
  manifest.key_metadata === null &&
  manifest.sequence_number > 0n

/** As many as fit into a target, from the end of the list: new manifests are put before those that stand. */
const oldest = (manifests: readonly ManifestFile[], target: number): readonly ManifestFile[] => {
  let size = 0
  const first = manifests.findLastIndex(({ manifest_length: length }) => {
    size += Number(length)
    return size > target
  })
  return manifests.slice(first + 1)
}
