/** What a manifest list says of the entries in its manifests; writers of version 1 need not say it, those of version 2 must. */
import { entryStatus, type ManifestEntry, readManifest } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'

const counts = ['added', 'existing', 'deleted'] as const

/** Whether a list says how many files and rows a manifest tells of. */
const hasCounts = (manifest: ManifestFile): boolean =>
  counts.every(
    (status) =>
      manifest[`${status}_files_count`] !== null && manifest[`${status}_rows_count`] !== null,
  )

/** Manifests of a list, all with their counts: what the list does not say is counted in the manifest. */
export const withCounts = (
  manifests: readonly ManifestFile[],
  read: (path: string) => Promise<Uint8Array>,
): Promise<readonly ManifestFile[]> =>
  Promise.all(
    manifests.map(async (manifest) => {
      if (hasCounts(manifest)) return manifest
      const entries = await readManifest(await read(manifest.manifest_path))
      return { ...manifest, ...countsOf(entries) }
    }),
  )

const countsOf = (entries: readonly ManifestEntry[]): Partial<ManifestFile> =>
  Object.fromEntries(
    counts.flatMap((status) => {
      const own = entries.filter((entry) => entry.status === entryStatus[status])
      const rows = own.reduce((sum, { data_file: file }) => sum + file.record_count, 0n)
      return [
        [`${status}_files_count`, own.length],
        [`${status}_rows_count`, rows],
      ]
    }),
  )
