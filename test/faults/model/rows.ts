// Rows of the model: a data file has them, and its footer says in short whose they are.
import type { LoadedTable } from '../../../src/iceberg/catalog.ts'
import { type ManifestEntry, readManifest } from '../../../src/iceberg/manifest.ts'
import { type ManifestFile, readManifestList } from '../../../src/iceberg/manifest-list.ts'
import { currentSnapshot } from '../../../src/iceberg/table-metadata.ts'
import { noteIn, writeParquet } from './parquet.ts'

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

/** A data file of these rows, all of one day (in days since 1970). */
export const bytesOf = (rows: readonly Rows[], by: string, day = 20_000): Uint8Array =>
  writeParquet(
    rows.flatMap(({ id, count }) =>
      Array.from({ length: count }, (_, requestrow) => ({ requestid: id, requestrow, day })),
    ),
    JSON.stringify({ rows, by } satisfies Content),
  )

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
  (JSON.parse(noteIn(await read(table, path))) as Content).rows
