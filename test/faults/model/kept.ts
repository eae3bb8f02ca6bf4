// What a run leaves, on disk where its paths say: for readers that know nothing of us.
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { metadataBytes } from '../../../src/iceberg/file/metadata-text.ts'
import { entryStatus } from '../../../src/iceberg/manifest.ts'
import type { Run } from './check.ts'
import { identifier, type Lake } from './lake.ts'
import { leftOf } from './receipts.ts'
import { manifestsOf } from './rows.ts'

/** The table of a run. */
export interface KeptTable {
  /** Its metadata file. */
  readonly metadata: string
  readonly dataFiles: readonly string[]
  readonly run: Run
  /** The requests whose receipts were put aside. */
  readonly aside: ReadonlySet<string>
}

/**
 * Writes a lake's table, as it is now, below its root, which is `file://`: metadata, manifest lists and the manifests of now as
 * the programs wrote them, and the data files that are in it. What our own reader does not find others miss.
 */
export const keepTable = async (run: Run, lake: Lake): Promise<KeptTable> => {
  const table = await lake.catalog.load(identifier)
  if (table === null) throw new Error('the table is gone')
  const { metadata, io } = table
  const folder = fileURLToPath(metadata.location)
  for (const name of ['metadata', 'data']) await mkdir(`${folder}/${name}`, { recursive: true })
  const keep = async (path: string): Promise<string> => {
    const bytes = await io.get(path)
    const file = fileURLToPath(path)
    if (bytes !== null) await writeFile(file, bytes)
    return file
  }
  for (const { 'manifest-list': list } of metadata.snapshots) await keep(list)
  const dataFiles = new Set<string>()
  for (const { file, entries } of await manifestsOf(table)) {
    await keep(file.manifest_path)
    for (const { status, data_file: data } of entries) {
      if (status !== entryStatus.deleted) dataFiles.add(await keep(data.file_path))
    }
  }
  const { aside } = await leftOf(lake)
  const kept = `${folder}/metadata/kept.metadata.json`
  // The file catalog has it as it stands; a service's own is nobody's bytes.
  const bytes = 'bytes' in table ? (table.bytes as Uint8Array) : metadataBytes(metadata)
  await writeFile(kept, bytes)
  return { metadata: kept, dataFiles: [...dataFiles], run, aside }
}
