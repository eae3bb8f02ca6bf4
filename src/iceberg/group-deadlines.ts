/** The time of files that are committed together: each has a deadline of its own, and what they wait for is everybody's. */
import { IngestError, ThrottledError } from '../errors.ts'
import type { NewDataFile } from './new-data-file.ts'
import type { Clock } from './retry.ts'

/** Whatever a group waits for is given up after so long: others wait behind it. */
const callMs = 4_000

/** The last moment at which a file of the group is waited for, in milliseconds since 1970. */
export const lastDeadline = (group: ReadonlySet<NewDataFile>): number =>
  Math.max(...[...group].map((file) => file.deadline))

/** Gives up a call of the group's. */
export const callSignal = (group: ReadonlySet<NewDataFile>, clock: Clock): AbortSignal =>
  clock.signal(Math.min(lastDeadline(group), clock.now() + callMs))

/** Waits until then, but not for an hour because the clock was set back. `unavailable` when no file can wait for so long. */
export const pauseUntil = async (
  time: number,
  atMostMs: number,
  group: ReadonlySet<NewDataFile>,
  clock: Clock,
): Promise<void> => {
  if (time >= lastDeadline(group)) throw tooLate(tableOf(group))
  const ms = Math.min(time - clock.now(), atMostMs)
  if (ms > 0) await clock.sleep(ms)
}

/** The name of the table that all of them are for. */
const tableOf = (group: ReadonlySet<NewDataFile>): string => {
  const [first] = group
  return first?.base.identifier.name ?? ''
}

/** What is said where the catalog asks for a longer pause than a table's files can wait. */
export const toldToWait = (table: string): ThrottledError =>
  new ThrottledError(`the catalog is asked too often: table ${table} could not be changed in time`)

/** What a file's sender is told whose deadline is over: which of the request's tables it was; `unavailable`. */
export const tooLate = (table: string): IngestError =>
  new IngestError('unavailable', `table ${table} could not be changed in time`)
