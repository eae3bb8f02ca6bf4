/** The files of a table that wait for a commit: one commit at a time, of all that wait by then. */
import type { LoadedTable } from './catalog.ts'
import {
  type CommitContext,
  commitWaiting,
  madeAnew,
  resolveTaken,
  unavailable,
  type Waiting,
} from './commit.ts'
import type { Deferral } from './deferral.ts'
import { tooLate } from './group-deadlines.ts'
import type { NewDataFile } from './new-data-file.ts'
import type { OpenTable } from './open-table.ts'
import { inTime } from './retry.ts'
import { slowStorage } from './waiting.ts'

export interface CommitQueue {
  /** Brings files of one request, encoded for `base`, to where they are committed, found to be there, or `owed`. */
  add(files: readonly NewDataFile[], base: LoadedTable): void
}

export interface CommitQueueOptions {
  readonly table: OpenTable
  readonly context: CommitContext
  /** Who decides what is not committed now; without it everything is. */
  readonly deferral: Deferral | undefined
}

/** A queue of one table. */
export const createCommitQueue = (options: CommitQueueOptions): CommitQueue => {
  const { table, context, deferral } = options
  let queue: NewDataFile[] = []
  let committing = false

  const enqueue = (file: NewDataFile): void => {
    queue.push(file)
    if (!committing) void commitAll()
  }
  const aside = (file: NewDataFile): void => void bringBack(file)
  const bringBack = async (file: NewDataFile): Promise<void> => {
    await file.written
    if (file.state === 'failed') return
    try {
      if (file.state === 'taken' && (await isDuplicate(file, options))) return
      if (isDue(file.base)) enqueue(file)
      else file.settle('owed')
    } catch (error) {
      file.fail(unavailable(error))
    }
  }
  /** What was made for a table that is another one now goes the way on which that is said. */
  const isDue = (base: LoadedTable): boolean =>
    deferral === undefined ||
    table.isReplaced(base) ||
    (deferral.isDue(table.latest(base), committing) && (committing || isOurs(base, deferral)))

  const waiting: Waiting = {
    take() {
      const files = queue
      queue = []
      for (const file of files) if (file.state === 'taken') aside(file)
      return files.filter(({ state }) => state === 'writing' || state === 'ours')
    },
    any: () => queue.length > 0,
    aside,
    isDue(loaded) {
      table.learn(loaded)
      return deferral?.isDue(loaded, false) ?? true
    },
  }
  const commitOnce = async (): Promise<void> => {
    queue = inTimeOf(queue, context.clock.now())
    if (queue.length === 0) return
    try {
      const base = await look(options)
      // Somebody else has made the commit that was due here. That a table was made anew is for the commit to tell.
      const isLeft = deferral?.isShared && !waiting.isDue(base)
      if (isLeft && !queue.some((file) => table.isReplaced(file.base))) {
        return waiting.take().forEach(aside)
      }
      await commitWaiting(waiting, base, context).then(table.learn, table.forget)
    } catch (error) {
      for (const file of waiting.take()) file.fail(unavailable(error))
    }
  }
  const commitAll = async (): Promise<void> => {
    committing = true
    while (queue.length > 0) await commitOnce()
    committing = false
  }

  return {
    add(files, base) {
      // Asked once for all: the first of them makes a commit be under way.
      const next = isDue(base) ? enqueue : aside
      for (const file of files) next(file)
    },
  }
}

const isOurs = (base: LoadedTable, { claim }: Deferral): boolean => claim?.(base) ?? true

/** A look at the table that is younger serves for another's. */
const lookMs = 1_000

/** The table to commit to: as it is, where others may have made the commit that is due. */
const look = async ({ table, context, deferral }: CommitQueueOptions): Promise<LoadedTable> => {
  const known = await table.open()
  const isYoung = context.clock.now() - known.loadedAt < lookMs
  return isYoung || deferral?.isShared !== true ? known : table.reload()
}

/** The files that have time left. The others may have waited for so long that their senders were answered: they fail. */
const inTimeOf = (files: readonly NewDataFile[], now: number): NewDataFile[] => {
  const isLate = ({ deadline }: NewDataFile) => deadline <= now
  for (const file of files.filter(isLate)) file.fail(tooLate(file.base.identifier.name))
  return files.filter((file) => !isLate(file))
}

/**
 * Whether a file whose name was `taken` needs no more: it is settled then; else its object is our own afterwards. By the table
 * as it is now: that rows are in a table which somebody removed meanwhile is nothing to tell their sender.
 */
const isDuplicate = async (
  file: NewDataFile,
  { table, context, deferral }: CommitQueueOptions,
): Promise<boolean> => {
  const { clock } = context
  const now = await inTime(table.reload(), clock.signal(file.deadline), slowStorage)
  if (table.isReplaced(file.base)) throw madeAnew(now.identifier.name)
  const owed = deferral?.isOwed(file.base, file.requestId, file.uuid)
  if (owed !== undefined && (await inTime(owed, clock.signal(file.deadline), slowStorage))) {
    file.settle('duplicate')
    return true
  }
  return resolveTaken(file, now, context)
}
