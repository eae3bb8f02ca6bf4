import { createPending, type Pending } from './pending.ts'
import { createSubrequests, type Subrequests } from './subrequests.ts'

/** What asks others, for one request at a time or for one turn, and is told of each call. */
export interface Calls {
  readonly pending: Pending
  readonly subrequests: Subrequests
}

/** Something that is opened when it is first needed: that takes calls, which nobody shall cost who is refused. */
export interface Lazy<T> extends Calls {
  /** What was opened, or is now. @throws when it cannot be */
  open(): Promise<T>
  /** What was opened; undefined where nothing was. */
  opened(): T | undefined
}

/** Nothing is opened yet. */
export const createLazy = <T>(open: (calls: Calls) => Promise<T>): Lazy<T> => {
  const calls: Calls = { pending: createPending(), subrequests: createSubrequests() }
  // No promise: the next request must not wait for what this one began.
  let opened: T | undefined
  return {
    ...calls,
    async open() {
      opened ??= await calls.pending.add(open(calls))
      return opened
    },
    opened: () => opened,
  }
}
