/** The one place of this process from which a table is changed. */
import { IngestError } from '../errors.ts'
import type { Catalog, LoadedTable, TableCreation, TableIdentifier } from './catalog.ts'
import { type CommitContext, commitFiles } from './commit.ts'
import { createMetadataFiles } from './metadata-files.ts'
import {
  beginWrite,
  type EncodedDataFile,
  type FileOutcome,
  type NewDataFile,
} from './new-data-file.ts'

export interface TableWriterOptions extends Omit<CommitContext, 'files'> {
  readonly identifier: TableIdentifier
  /** What the table is made of when there is none. */
  readonly creation: TableCreation
}

export interface TableWriter {
  /** The table as it was known lately: what files are encoded for. Made when there is none. */
  open(): Promise<LoadedTable>
  /**
   * Writes data files that were encoded for `base` and commits them. Files of requests that come while a commit is under
   * way go together into the next one. `unavailable` where that failed, or the outcome is not known: the same files
   * again, whoever sends them, do no harm. `deadline`: milliseconds since 1970, when no more attempts are made.
   */
  append(
    base: LoadedTable,
    files: readonly EncodedDataFile[],
    deadline: number,
  ): Promise<FileOutcome[]>
}

/** A writer of one table. */
export const createTableWriter = (options: TableWriterOptions): TableWriter => {
  const { catalog, identifier, creation, clock } = options
  const context: CommitContext = { ...options, files: createMetadataFiles() }
  let known: LoadedTable | null = null
  let seen = false
  let loading: Promise<LoadedTable> | null = null
  let waiting: NewDataFile[] = []
  let committing = false

  const open = async (): Promise<LoadedTable> => {
    if (known !== null && isFresh(known, catalog, clock.now())) return known
    loading ??= load().finally(() => {
      loading = null
    })
    return loading
  }

  const load = async (): Promise<LoadedTable> => {
    const table = await catalog.load(identifier)
    // Whoever dropped or renamed it meanwhile had a reason: a table is made once.
    if (table === null && seen) {
      throw new IngestError('unavailable', `table ${identifier.name} is gone`)
    }
    known = table ?? (await catalog.create(identifier, creation))
    seen = true
    return known
  }

  const commitWaiting = async (): Promise<void> => {
    committing = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        known = await commitFiles(batch, await open(), context)
      } catch (error) {
        known = null
        for (const file of batch) file.fail(error)
      }
    }
    committing = false
  }

  return {
    open,
    async append(base, files, deadline) {
      const table = known ?? base
      const outcomes = files.map((file) => {
        const { promise, resolve, reject } = Promise.withResolvers<FileOutcome>()
        const file_ = newDataFile(file, table, deadline, resolve, reject)
        beginWrite(file_, table)
        waiting.push(file_)
        return promise
      })
      if (!committing) commitWaiting()
      return Promise.all(outcomes)
    },
  }
}

const newDataFile = (
  file: EncodedDataFile,
  base: LoadedTable,
  deadline: number,
  settle: NewDataFile['settle'],
  fail: NewDataFile['fail'],
): NewDataFile => ({
  ...file,
  base,
  searched: null,
  written: Promise.resolve(null),
  isOurs: true,
  deadline,
  settle,
  fail,
})

const isFresh = (table: LoadedTable, { maxMetadataAgeMs }: Catalog, now: number): boolean =>
  maxMetadataAgeMs === undefined || now - table.loadedAt < maxMetadataAgeMs / 2
