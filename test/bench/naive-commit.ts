/** The naive commit: all metadata read and written each time, and a manifest more in the list for each commit. */

import { readManifestList, writeManifestList } from '../../src/iceberg/manifest-list.ts'
import { randomSnapshotId } from '../../src/iceberg/snapshot-id.ts'
import type { Snapshot, TableMetadata } from '../../src/iceberg/table-metadata.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { manifestNamed } from './commit-table.ts'

const metadataKey = 'naive/metadata.json'
const listKey = 'naive/list.avro'

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const exact = JSON as unknown as {
  parse(text: string, reviver: Reviver): Record<string, unknown>
  rawJSON(text: string): unknown
}

/** JSON with every digit, as anybody would write it first. */
const parse = (text: string) =>
  exact.parse(text, (_, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  )
const stringify = (value: unknown): string =>
  JSON.stringify(value, (_, member) =>
    typeof member === 'bigint' ? exact.rawJSON(member.toString()) : member,
  )

export interface NaiveCommit {
  /** Bytes of the metadata that it starts from. */
  readonly metadataBytes: number
  readonly commit: () => Promise<void>
}

/** A naive commit to a table as it is, whose snapshots each left a manifest in the list. */
export const naiveCommit = async (
  metadata: TableMetadata,
  storage: Storage,
): Promise<NaiveCommit> => {
  const encoder = new TextEncoder()
  const last = metadata.snapshots.at(-1) as Snapshot
  const manifests = metadata.snapshots.map((_, i) => manifestNamed(`file:///lake/${i}.avro`, i + 1))
  const bytes = encoder.encode(stringify(metadata))
  await storage.put(metadataKey, bytes)
  await storage.put(listKey, await writeManifestList(manifests, last))
  const commit = async () => {
    const read = parse(new TextDecoder().decode((await storage.get(metadataKey)) ?? undefined))
    const list = await readManifestList((await storage.get(listKey)) ?? new Uint8Array())
    const snapshot = { ...last, 'snapshot-id': randomSnapshotId() }
    const manifest = manifestNamed('file:///lake/new.avro', last['sequence-number'])
    await storage.put('naive/data.parquet', new Uint8Array(4096))
    await storage.put('naive/manifest.avro', new Uint8Array(8192))
    await storage.put('naive/next.avro', await writeManifestList([manifest, ...list], snapshot))
    const snapshots = [...(read.snapshots as unknown[]), snapshot]
    await storage.put('naive/next.json', encoder.encode(stringify({ ...read, snapshots })))
  }
  return { metadataBytes: bytes.length, commit }
}
