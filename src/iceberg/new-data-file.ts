/** A data file on its way into a table. */
import { equalBytes } from '../bytes.ts'
import type { LoadedTable } from './catalog.ts'
import type { DataFile } from './manifest.ts'

/** A file as it was encoded. */
export interface EncodedDataFile {
  /** In its name, and in that of whatever another attempt of the same request wrote. */
  readonly uuid: string
  readonly specId: number
  readonly bytes: Uint8Array
  /** Its entry to be. `file_path` is the one that every attempt of the request finds. */
  readonly dataFile: DataFile
}

/** `committed` by this program now, or there already: a `duplicate`. */
export type FileOutcome = 'committed' | 'duplicate'

/** A file that is being written, until it is known what became of it. */
export interface NewDataFile extends Omit<EncodedDataFile, 'bytes'> {
  /** What was known of the table before the first byte was written; null when a file of this name stood already. */
  base: LoadedTable | null
  /** The table that was last searched for it. */
  searched: LoadedTable | null
  /** Settled when its object stands; null: as it should be, else what went wrong. Never rejects. */
  written: Promise<unknown>
  /** Whether the object that stands is this one: another attempt's bytes are never referenced. */
  isOurs: boolean
  dataFile: DataFile
  readonly bytes: Uint8Array
  readonly deadline: number
  readonly settle: (outcome: FileOutcome) => void
  readonly fail: (error: unknown) => void
}

/** Begins to write an object where none is. Afterwards `base` is null if one was. */
export const beginWrite = (file: NewDataFile, table: LoadedTable): void => {
  file.written = table.io.put(file.dataFile.file_path, file.bytes, { ifNoneMatch: '*' }).then(
    (result) => {
      if (result === 'exists') {
        file.base = null
        file.searched = null
        file.isOurs = false
      }
      return null
    },
    (error: unknown) => error ?? new Error('a data file could not be written'),
  )
}

/**
 * Makes sure that the object under the file's path is our own, after another stood there: it may be what an earlier put of
 * ours left, whose answer was lost; else our bytes go to a path that nobody else has.
 */
export const makeOurs = async (file: NewDataFile, table: LoadedTable): Promise<void> => {
  const { dataFile, bytes } = file
  const standing = await table.io.get(dataFile.file_path)
  if (standing === null || !equalBytes(standing, bytes)) {
    const path = dataFile.file_path.replace(/\.parquet$/, `-${randomHex()}.parquet`)
    await table.io.put(path, bytes, { ifNoneMatch: '*' })
    file.dataFile = { ...dataFile, file_path: path }
  }
  file.isOurs = true
}

/** 8 hex digits. */
const randomHex = (): string => crypto.randomUUID().slice(0, 8)
