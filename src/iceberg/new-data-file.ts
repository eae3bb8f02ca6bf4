/** A data file on its way into a table. */
import { equalBytes } from '../bytes.ts'
import type { LoadedTable } from './catalog.ts'
import type { DataFile } from './manifest.ts'
import type { KnownPartition } from './partition-filter.ts'

/** A file as it was encoded. */
export interface EncodedDataFile {
  /** In its name, and in that of whatever another attempt of the same request wrote. */
  readonly uuid: string
  readonly specId: number
  /** What is the same for every attempt of the request; undefined where its arrival decides. */
  readonly partition: KnownPartition
  readonly bytes: Uint8Array
  /** Its entry to be. `file_path` is the one that every attempt of the request finds. */
  readonly dataFile: DataFile
}

/**
 * - `committed`: by this program, now
 * - `duplicate`: an earlier attempt of the request did all that there is to do
 * - `owed`: it stands, and word was left for somebody who commits it
 */
export type FileOutcome = 'committed' | 'duplicate' | 'owed'

/**
 * - `writing`: its object is on the way
 * - `ours`: its object stands and holds these bytes
 * - `taken`: an object stood there before, maybe from another attempt of the request
 * - `failed`: its object may stand or not
 */
export type WriteState = 'writing' | 'ours' | 'taken' | 'failed'

/** A file that is being written, until it is known what became of it. */
export interface NewDataFile extends Omit<EncodedDataFile, 'bytes'> {
  /** What it was encoded for: its fields' ids are this table's. */
  readonly base: LoadedTable
  /** Of the request that it is from. */
  readonly requestId: string
  state: WriteState
  /** A look at the table that is known not to hold the file, nor to have held it; null: none is known. */
  absentFrom: LoadedTable | null
  /** Whether `absentFrom` is only likely: the table did not remember long enough. */
  uncertain: boolean
  /** Settled when its state is no longer `writing`. Never rejects. */
  written: Promise<void>
  dataFile: DataFile
  /** Until they stand for certain. */
  bytes: Uint8Array | null
  /** Milliseconds since 1970. */
  readonly deadline: number
  readonly settle: (outcome: FileOutcome) => void
  readonly fail: (error: unknown) => void
}

/** Puts the file where none is. `table`: as it was known before. */
export const beginWrite = (file: NewDataFile, table: LoadedTable): void => {
  const bytes = file.bytes ?? new Uint8Array()
  file.written = table.io.put(file.dataFile.file_path, bytes, { ifNoneMatch: '*' }).then(
    (result) => {
      if (result === 'created') {
        // Every attempt of the request begins with this object: none was here before, and no table had its rows then.
        file.absentFrom = table
        file.state = 'ours'
        file.bytes = null
      } else file.state = 'taken'
    },
    (error: unknown) => failWrite(file, error),
  )
}

const failWrite = (file: NewDataFile, error: unknown): void => {
  file.state = 'failed'
  file.bytes = null
  file.fail(error)
}

/** An object that no table refers to may be removed at this age, in milliseconds: nobody's removal is set to less. */
export const removableMs = 3_600_000

/**
 * Makes sure that a `taken` file's object is our own: it may be what an earlier put of ours left, whose answer was lost;
 * else our bytes go to a path that nobody else has. Another attempt's bytes are never referenced, nor is an object that stood
 * for so long that somebody may be about to remove it. `now`: milliseconds since 1970.
 */
export const makeOurs = async (
  file: NewDataFile,
  { io }: LoadedTable,
  now: number,
): Promise<void> => {
  const { dataFile } = file
  const bytes = file.bytes ?? new Uint8Array()
  const standing = await io.get(dataFile.file_path)
  const isOurs = standing !== null && equalBytes(standing, bytes)
  if (!isOurs || (await ageOf(dataFile.file_path, io, now)) >= removableMs) {
    const path = pathBeside(dataFile.file_path, crypto.randomUUID().slice(0, 8))
    await io.put(path, bytes, { ifNoneMatch: '*' })
    file.dataFile = { ...dataFile, file_path: path }
  }
  file.state = 'ours'
  file.bytes = null
}

/** Infinite where the storage does not tell. */
const ageOf = async (path: string, io: LoadedTable['io'], now: number): Promise<number> => {
  const object = await io.head(path)
  return now - (object?.modifiedAt ?? Number.NEGATIVE_INFINITY)
}

/** A path beside a data file's; the file's uuid is in it all the same. `mark`: 8 hex digits. */
export const pathBeside = (path: string, mark: string): string =>
  path.replace(/\.parquet$/, `-${mark}.parquet`)
