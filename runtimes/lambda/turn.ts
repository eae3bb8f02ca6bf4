import type { Log } from '../../src/log.ts'
import type { OpenDestination } from '../shared/destination.ts'

const hourMs = 3_600_000

/** Milliseconds for a call that is under way when nothing more may be begun. */
const callMs = 5_000

/**
 * Turns of the schedule: each pays what is owed; the first of a function's instance, and then one an hour, removes what has
 * expired, where nobody else does. `deadline` of a turn: milliseconds since 1970. What became of the receipts is returned.
 */
export const createTurn = ({ receipts, retain }: OpenDestination, log: Log) => {
  let retainedAt = Number.NEGATIVE_INFINITY
  const isDue = (deadline: number): boolean => {
    const now = Date.now()
    return now - retainedAt >= hourMs && deadline - now > callMs
  }
  return async (deadline: number): Promise<unknown> => {
    if (receipts === undefined && retain === undefined) {
      log('warn', 'a schedule is not needed: there is no place for receipts, and nothing to sweep')
    }
    const swept = (await receipts?.sweep(deadline, true)) ?? { status: 'nothing to sweep' }
    if (retain !== undefined && isDue(deadline)) {
      retainedAt = Date.now()
      await retain(deadline - callMs)
    }
    return swept
  }
}
