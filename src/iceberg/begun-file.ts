/** A file of a request, from its put to the answer. */
import { OutdatedFilesError } from '../errors.ts'
import type { LoadedTable } from './catalog.ts'
import type { RequestFacts } from './deferral.ts'
import {
  beginWrite,
  type EncodedDataFile,
  type FileOutcome,
  type NewDataFile,
} from './new-data-file.ts'

/** A request whose files are to be in the table. */
export interface AppendRequest extends RequestFacts {
  /** Milliseconds since 1970, when no more attempts are made. */
  readonly deadline: number
}

export interface BeginOptions {
  /** What the file was encoded for, and the same table as it was seen last. */
  readonly base: LoadedTable
  readonly latest: LoadedTable
  readonly request: AppendRequest
  /** Milliseconds since 1970. */
  readonly now: number
  /** Told why a file is not committed, once word can be left of it; undefined where nobody takes that. */
  readonly deferred: ((error: unknown) => void) | undefined
}

export interface BegunFile {
  readonly file: NewDataFile
  readonly outcome: Promise<FileOutcome>
}

/** So long before the deadline, at most, no attempt to commit is made any more: word has to be left of the files. */
const reserveMs = 1_500

/** Puts a file. */
export const beginFile = (
  encoded: EncodedDataFile,
  { base, latest, request: { requestId, deadline }, now, deferred }: BeginOptions,
): BegunFile => {
  const { promise, resolve, reject } = Promise.withResolvers<FileOutcome>()
  const reserve = deferred === undefined ? 0 : Math.min(reserveMs, Math.max(0, deadline - now) / 2)
  const file: NewDataFile = {
    ...encoded,
    base,
    requestId,
    state: 'writing',
    absentFrom: null,
    uncertain: false,
    written: Promise.resolve(),
    deadline: deadline - reserve,
    settle: resolve,
    fail(error) {
      if (deferred === undefined || !canWait(file, error)) return reject(error)
      deferred(error)
      // Its object may still be on the way; where that fails it is told, and this comes to nothing.
      void file.written.then(() => (file.state === 'ours' ? resolve('owed') : reject(error)))
    },
  }
  beginWrite(file, latest)
  return { file, outcome: promise }
}

/** Of what stands word can be left; not for a table that is another one. */
const canWait = ({ state }: NewDataFile, error: unknown): boolean =>
  (state === 'writing' || state === 'ours') && !(error instanceof OutdatedFilesError)
