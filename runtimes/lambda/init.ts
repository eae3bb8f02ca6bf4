import { IngestError } from '../../src/errors.ts'
import { withDeadline } from '../../src/http/deadline.ts'
import type { Log } from '../../src/log.ts'
import type { OpenDestination } from '../shared/destination.ts'

const tooLate = 'init was not done in time: invoke it again, or give the function more time'

/** Milliseconds after which what is under way is given up: that there was no time is said first, whatever it was spent on. */
const afterwardsMs = 250

/**
 * Makes what requests need before the first of them comes, and looks whether they could be stored: a deployment that ends well
 * is one that works. All of the time is its own; `ms` of it are left.
 */
export const createInit =
  ({ ready, prepare }: OpenDestination, log: Log) =>
  async (ms: number): Promise<unknown> => {
    if (ms <= 0) throw new IngestError('deadline', tooLate)
    const deadline = Date.now() + ms + afterwardsMs
    // Tables that nobody could write to are not made.
    const work = ready().then(() => prepare?.(deadline))
    await withDeadline(work, ms, tooLate, (error) =>
      log('warn', 'an init went on after its deadline', { error }),
    )
    return { status: 'ok' }
  }
