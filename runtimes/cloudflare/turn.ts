import type { Log } from '../../src/log.ts'
import type { OpenDestination } from '../shared/destination.ts'
import type { LoggedMetrics } from '../shared/metric-groups.ts'
import type { Lazy } from './lazy.ts'

export interface TurnOptions {
  readonly log: Log
  readonly metrics: LoggedMetrics
  /** An instance of its own: requests must not wait for it. */
  readonly create: () => Lazy<OpenDestination>
}

/** Milliseconds that a turn's sweep may take; the next one is a minute away. */
const sweepMs = 55_000

/** Milliseconds for the removal of what has expired: the next turn's sweep may begin meanwhile. */
const retainMs = 55_000

const hourMs = 3_600_000

/** Turns of the cron trigger: each pays what is owed, and once an hour removes what has expired. */
export const createTurn = ({ log, metrics, create }: TurnOptions) => {
  let isTold = false
  /** Once: it is true every minute, and does no harm. */
  const tellNotNeeded = (): void => {
    if (!isTold) log('info', 'a cron trigger is not needed: there is nothing to sweep')
    isTold = true
  }
  return async (scheduledTime: number): Promise<void> => {
    const destination = create()
    const { made } = destination.subrequests
    let failure = 'the storage or the catalog cannot be opened: the next turn tries again'
    try {
      const { receipts, retain } = await destination.open()
      failure = 'a sweep failed: receipts wait for the next one'
      if (receipts !== undefined) await receipts.sweep(Date.now() + sweepMs, true)
      else if (retain === undefined) tellNotNeeded()
      failure = 'a round of retention failed'
      if (retain !== undefined && scheduledTime % hourMs < 60_000) {
        await retain(Date.now() + retainMs)
      }
    } catch (error) {
      log('error', failure, { error })
      throw error
    } finally {
      // A turn that had nothing to ask for needs no line.
      if (made() > 0) metrics.tally('subrequests', made())
      metrics.flush()
    }
  }
}
