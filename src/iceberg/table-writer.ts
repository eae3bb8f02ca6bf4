/** The one place of this process from which a table is changed. */
import { type AppendRequest, type BegunFile, beginFile } from './begun-file.ts'
import type { LoadedTable } from './catalog.ts'
import type { CommitContext } from './commit.ts'
import { createCommitQueue } from './commit-queue.ts'
import type { Deferral } from './deferral.ts'
import { createManifestMerger } from './manifest-merger.ts'
import { createMetadataFiles } from './metadata-files.ts'
import { createSizeTeller } from './metadata-size.ts'
import type { EncodedDataFile, FileOutcome } from './new-data-file.ts'
import { createOpenTable, type OpenTableOptions } from './open-table.ts'

export interface TableWriterOptions
  extends Omit<CommitContext, 'files' | 'merger'>,
    OpenTableOptions {
  /** Who takes what is not committed in time, or not to be committed now. Without it a request waits, or fails. */
  readonly deferral?: Deferral
}

export interface TableWriter {
  /** The table as it was known lately: what files are encoded for. Made when there is none. */
  open(): Promise<LoadedTable>
  /** The table as it is now; made when there is none, in all the time until `deadline` (milliseconds since 1970). */
  prepare(deadline: number): Promise<LoadedTable>
  /**
   * Writes data files that were encoded for `base` and commits them, or has word left of them. Files of requests that come
   * while a commit is under way go together into the next one. `unavailable` where that failed, or the outcome is not known:
   * the same files again, whoever sends them, do no harm.
   */
  append(
    base: LoadedTable,
    files: readonly EncodedDataFile[],
    request: AppendRequest,
  ): Promise<FileOutcome[]>
}

/**
 * Where receipts are left, no commit may show for long that the table is gone or another one: it is looked at so often, in
 * milliseconds.
 */
const deferredFreshMs = 60_000

/**
 * Where commits are shared with a sweep, that has more time than a request: it merges first, while there is something for it to
 * commit. All who write would merge the same manifests at once otherwise, and all of them but one in vain.
 */
const sharedPatience = 1.5

/** A writer of one table. */
export const createTableWriter = (options: TableWriterOptions): TableWriter => {
  const { deferral, clock } = options
  const context = contextOf(options)
  const table = createOpenTable({
    ...options,
    seen: createSizeTeller(options),
    ...(deferral !== undefined && { freshMs: deferredFreshMs }),
  })
  const queue = createCommitQueue({ table, context, deferral })
  return {
    open: table.open,
    prepare: table.prepare,
    // Not async: nothing may hold on to the files' bytes longer than they do.
    append(base, files, request) {
      const reasons: unknown[] = []
      const deferred = deferral && ((error: unknown) => void reasons.push(error))
      const latest = table.latest(base)
      const facts = { base, latest, request, now: clock.now(), deferred }
      const begun = files.map((file) => beginFile(file, facts))
      queue.add(
        begun.map(({ file }) => file),
        base,
      )
      return settled(begun).then(async (outcomes) => {
        const owed = begun.filter((_, i) => outcomes[i] === 'owed').map(({ file }) => file)
        if (owed.length === 0) return outcomes
        await deferral?.defer(base, owed, request)
        if (reasons.length > 0) tellDeferred(request, reasons[0], options)
        return outcomes
      })
    },
  }
}

const contextOf = (options: TableWriterOptions): CommitContext => ({
  ...options,
  files: createMetadataFiles(),
  merger: createManifestMerger({
    ...options,
    ...(options.deferral?.isShared && { patience: sharedPatience }),
  }),
})

/** All of them, when each has come to its end: an answer is for all. */
const settled = async (begun: readonly BegunFile[]): Promise<FileOutcome[]> => {
  const outcomes = begun.map(({ outcome }) => outcome)
  await Promise.allSettled(outcomes)
  return Promise.all(outcomes)
}

/** That files wait by plan is nothing to tell; that they could not be committed is. */
const tellDeferred = (
  { requestId }: AppendRequest,
  error: unknown,
  { identifier: { name: table }, log }: TableWriterOptions,
): void =>
  log('warn', 'files wait for the sweep: they could not be committed', { table, requestId, error })
