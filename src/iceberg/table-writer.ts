/** The one place of this process from which a table is changed. */
import type { LoadedTable } from './catalog.ts'
import { type CommitContext, commitWaiting, resolveTaken, unavailable } from './commit.ts'
import { createManifestMerger } from './manifest-merger.ts'
import { createMetadataFiles } from './metadata-files.ts'
import {
  beginWrite,
  type EncodedDataFile,
  type FileOutcome,
  type NewDataFile,
} from './new-data-file.ts'
import { createOpenTable, type OpenTableOptions } from './open-table.ts'

export interface TableWriterOptions
  extends Omit<CommitContext, 'files' | 'merger'>,
    OpenTableOptions {}

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
  const context = contextOf(options)
  const table = createOpenTable(options)
  let queue: NewDataFile[] = []
  let committing = false

  const enqueue = (file: NewDataFile): void => {
    queue.push(file)
    if (!committing) void commitAll()
  }
  const take = (): readonly NewDataFile[] => {
    const files = queue
    queue = []
    const taken = files.filter(({ state }) => state === 'taken')
    for (const file of taken) aside(file)
    return files.filter(({ state }) => state === 'writing' || state === 'ours')
  }
  const aside = (file: NewDataFile): void => void bringBack(file)

  const bringBack = async (file: NewDataFile): Promise<void> => {
    await file.written
    if (file.state === 'failed') return
    try {
      if (file.state === 'ours' || !(await isDuplicate(file))) enqueue(file)
    } catch (error) {
      file.fail(unavailable(error))
    }
  }
  const isDuplicate = async (file: NewDataFile): Promise<boolean> =>
    resolveTaken(file, await table.open(), context)

  const opened = async (): Promise<LoadedTable | null> => {
    try {
      return await table.open()
    } catch (error) {
      for (const file of take()) file.fail(unavailable(error))
      return null
    }
  }
  const commitAll = async (): Promise<void> => {
    committing = true
    while (queue.length > 0) {
      const base = await opened()
      if (base === null) continue
      await commitWaiting({ take, aside, any: () => queue.length > 0 }, base, context).then(
        table.learn,
        table.forget,
      )
    }
    committing = false
  }

  return {
    open: table.open,
    // Not async: nothing may hold on to the files' bytes longer than they do.
    append(base, files, deadline) {
      const outcomes = files.map((file) => {
        const { promise, resolve, reject } = Promise.withResolvers<FileOutcome>()
        const added = newDataFile(file, base, deadline, resolve, reject)
        beginWrite(added, table.latest(base))
        enqueue(added)
        return promise
      })
      return settled(outcomes)
    },
  }
}

const contextOf = (options: TableWriterOptions): CommitContext => ({
  ...options,
  files: createMetadataFiles(),
  merger: createManifestMerger(options),
})

/** All of them, when each has come to its end: an answer is for all. */
const settled = async (outcomes: readonly Promise<FileOutcome>[]): Promise<FileOutcome[]> => {
  await Promise.allSettled(outcomes)
  return Promise.all(outcomes)
}

const newDataFile = (
  file: EncodedDataFile,
  { metadata }: LoadedTable,
  deadline: number,
  settle: NewDataFile['settle'],
  fail: NewDataFile['fail'],
): NewDataFile => ({
  ...file,
  tableUuid: metadata['table-uuid'],
  state: 'writing',
  absentFrom: null,
  uncertain: false,
  written: Promise.resolve(),
  deadline,
  settle,
  fail,
})
