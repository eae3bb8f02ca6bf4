// Rows of the model: a data file's bytes say whose rows it holds.
import type { LoadedTable } from '../../../src/iceberg/catalog.ts'
import { type ManifestEntry, readManifest } from '../../../src/iceberg/manifest.ts'
import { type ManifestFile, readManifestList } from '../../../src/iceberg/manifest-list.ts'
import { currentSnapshot } from '../../../src/iceberg/table-metadata.ts'

/** The rows of one request in one partition. */
export interface Rows {
  /** `{request}/{partition}` */
  readonly id: string
  readonly count: number
}

interface Content {
  readonly rows: readonly Rows[]
  /** Which attempt wrote it, where attempts differ. */
  readonly by: string
}

export const bytesOf = (rows: readonly Rows[], by: string): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ rows, by } satisfies Content))

export const rowsIn = (bytes: Uint8Array): readonly Rows[] =>
  (JSON.parse(new TextDecoder().decode(bytes)) as Content).rows

/** A manifest of the current snapshot with its entries. */
export interface ReadManifestFile {
  readonly file: ManifestFile
  readonly entries: readonly ManifestEntry[]
}

const read = async ({ io }: Pick<LoadedTable, 'io'>, path: string): Promise<Uint8Array> => {
  const bytes = await io.get(path)
  if (bytes === null) throw new Error(`${path} is gone`)
  return bytes
}

/** The manifests of the current snapshot. */
export const manifestsOf = async (table: LoadedTable): Promise<ReadManifestFile[]> => {
  const current = currentSnapshot(table.metadata)
  if (current === null) return []
  const list = await readManifestList(await read(table, current['manifest-list']))
  return Promise.all(
    list.map(async (file) => ({
      file,
      entries: await readManifest(await read(table, file.manifest_path)),
    })),
  )
}

/** The rows of a data file. */
export const rowsOf = async (table: LoadedTable, path: string): Promise<readonly Rows[]> =>
  rowsIn(await read(table, path))
