// Protects a table when its manifests are merged: the same files, with the snapshots and sequence numbers they came with.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entryStatus, readManifest } from '../../src/iceberg/manifest.ts'
import type { ManifestFile } from '../../src/iceberg/manifest-list.ts'
import { mergeManifests, standsFor } from '../../src/iceberg/merge.ts'
import { chooseManifests } from '../../src/iceberg/merge-choice.ts'
import { dailyTable, type EntryParts, entryOf, manifestOf } from './manifests.ts'

/** A file's entry: new ones inherit, others say what they are. */
const entry = fc
  .record({
    status: fc.constantFrom('added', 'existing', 'deleted'),
    day: fc.option(fc.integer({ min: -3, max: 20_000 })),
    rows: fc.bigInt({ min: 0n, max: 2n ** 40n }),
    snapshotId: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
    sequenceNumber: fc.bigInt({ min: 0n, max: 50n }),
    inherits: fc.boolean(),
  })
  .map(({ inherits, ...parts }) =>
    parts.status === 'added' && inherits
      ? { ...parts, snapshotId: null, sequenceNumber: null }
      : parts,
  )
const manifests = fc.array(fc.array(entry, { maxLength: 5 }), { minLength: 1, maxLength: 6 })

/** The files of manifests as a reader sees them ("Sequence Number Inheritance"). */
const filesOf = (all: readonly (readonly EntryParts[])[], sequenceNumbers: readonly bigint[]) =>
  all.flatMap((entries, i) =>
    entries
      .filter(({ status }) => status !== 'deleted')
      .map(({ path, day, rows, snapshotId, sequenceNumber }) => ({
        path,
        day,
        rows,
        snapshotId: snapshotId ?? 1000n + (sequenceNumbers[i] ?? 0n),
        sequenceNumber: sequenceNumber ?? sequenceNumbers[i],
      })),
  )

test('a merged manifest tells of the same files, and the list the same of them', async () => {
  await fc.assert(
    fc.asyncProperty(manifests, async (parts) => {
      const all = parts.map((entries, i) =>
        entries.map((one, j) => ({ ...one, path: `memory:///t/data/${i}-${j}.parquet` })),
      )
      const numbers = all.map((_, i) => BigInt(60 + i))
      const written = await Promise.all(
        all.map((entries, i) => manifestOf(`m${i}`, entries.map(entryOf), numbers[i] ?? 0n)),
      )
      const bytes = new Map(written.map((one) => [one.manifest.manifest_path, one.bytes]))
      const merge = await mergeManifests(
        written.map(({ manifest }) => manifest),
        0,
        dailyTable(),
        async (path) => bytes.get(path) ?? new Uint8Array(),
      )
      const files = filesOf(all, numbers)
      expect(merge === null).toBe(files.length === 0)
      if (merge === null) return
      const entries = await readManifest(merge.bytes)
      expect(
        entries.map(({ data_file: file, ...one }) => ({
          path: file.file_path,
          day: file.partition.timestamp_day,
          rows: file.record_count,
          snapshotId: one.snapshot_id,
          sequenceNumber: one.sequence_number,
        })),
      ).toEqual(files)
      for (const one of entries) {
        expect(one.status).toBe(entryStatus.existing)
        expect(one.file_sequence_number).toBe(one.sequence_number)
        expect(one.data_file.value_counts).toEqual([{ key: 1, value: one.data_file.record_count }])
      }
      const asIfNew = await manifestOf('', entries, 0n)
      const {
        manifest_path: _,
        manifest_length: length,
        min_sequence_number: least,
      } = merge.manifest
      expect(length).toBe(BigInt(merge.bytes.length))
      expect(files.every((file) => (file.sequenceNumber ?? -1n) >= least)).toBe(true)
      expect(files.some((file) => file.sequenceNumber === least)).toBe(true)
      const { existing_files_count, existing_rows_count, partitions } = asIfNew.manifest
      expect(merge.manifest).toMatchObject({
        existing_files_count,
        existing_rows_count,
        partitions,
      })
      expect(merge.manifest).toMatchObject({ added_files_count: 0, deleted_files_count: 0 })
    }),
  )
})

/** A list's entry, as far as it matters for the choice. */
const listed = (parts: Partial<ManifestFile> = {}): ManifestFile => ({
  manifest_path: '',
  manifest_length: 7000n,
  partition_spec_id: 0,
  content: 0,
  sequence_number: 1n,
  min_sequence_number: 1n,
  added_snapshot_id: 1n,
  added_files_count: 1,
  existing_files_count: 0,
  deleted_files_count: 0,
  added_rows_count: 1n,
  existing_rows_count: 0n,
  deleted_rows_count: 0n,
  partitions: [],
  key_metadata: null,
  ...parts,
})
const several = (count: number, parts?: Partial<ManifestFile>) =>
  Array.from({ length: count }, (_, i) => listed({ manifest_path: `m${i}`, ...parts }))
const megabyte = 1024n * 1024n

test.each<[string, readonly ManifestFile[], Record<string, string>, number]>([
  ['a hundred small ones', several(100), {}, 0],
  ['more than a hundred small ones', several(101), {}, 101],
  ['small ones of another spec', several(101, { partition_spec_id: 1 }), {}, 0],
  ['manifests of deletes', several(101, { content: 1 }), {}, 0],
  ['encrypted ones', several(101, { key_metadata: Uint8Array.of(1) }), {}, 0],
  ['those of version 1', several(101, { sequence_number: 0n }), {}, 0],
  ['merged ones, while few', several(100, { manifest_length: megabyte / 10n }), {}, 0],
  ['many merged ones, up to the target', several(101, { manifest_length: megabyte }), {}, 8],
  ['large ones', several(101, { manifest_length: 5n * megabyte }), {}, 0],
  ['when it is forbidden', several(101), { 'commit.manifest-merge.enabled': 'false' }, 0],
  ['from another count on', several(3), { 'commit.manifest-merge.min-count-to-merge': '2' }, 3],
  ['up to another target', several(101), { 'commit.manifest.target-size-bytes': '800000' }, 101],
  ['no more than the target', several(101), { 'commit.manifest.target-size-bytes': '702000' }, 100],
  [
    'by a property that is no number',
    several(101),
    { 'commit.manifest-merge.min-count-to-merge': 'a' },
    101,
  ],
])('chosen of %s', (_, list, properties, count) => {
  const chosen = chooseManifests(list, 0, properties)
  expect(chosen).toEqual(count === 0 ? [] : list.slice(-count))
})

test('a merge stands for manifests only while all that it replaces are there', async () => {
  const { bytes, manifest } = await manifestOf('m0', [], 1n)
  const merge = { bytes, manifest, replaced: new Set(['m1', 'm2']) }
  expect(standsFor(merge, several(4))).toBe(true)
  expect(standsFor(merge, several(2))).toBe(false)
})
