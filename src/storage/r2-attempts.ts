import type { Log } from '../log.ts'
import { R2Error, refusal } from './r2-errors.ts'

/** How often, and how long apart, a call is tried that failed for a reason which may pass. */
export interface R2RetryPolicy {
  /** Attempts in all. */
  readonly attempts: number
  /** The wait after attempt n is random, up to `baseMs` · 2^n but at most `maxMs`. */
  readonly baseMs: number
  readonly maxMs: number
  /** So much longer where R2 asks to slow down: it counts writes to a key by the second. */
  readonly busyMs: number
}

/** What a call came to, and whether an earlier attempt may have been carried out, though nobody said so. */
export interface Done<T> {
  readonly value: T
  readonly uncertain: boolean
}

/** Calls the binding, and calls again what may pass. `key`: what the log says of it, of a list the prefix. */
export type Attempts = <T>(
  operation: string,
  key: string,
  call: () => Promise<T>,
) => Promise<Done<T>>

/**
 * Attempts under a policy. The binding tells of no way to give a call up: how long one takes is the platform's business.
 * @throws IngestError `unavailable` what the last attempt came to
 */
export const createAttempts =
  (retry: R2RetryPolicy, log: Log): Attempts =>
  async (operation, key, call) => {
    for (let tried = 1; ; tried++) {
      try {
        return { value: await call(), uncertain: tried > 1 }
      } catch (thrown) {
        const error = new R2Error(thrown)
        if (!error.passes || tried >= retry.attempts) {
          log('warn', 'R2 refused', { operation, key, ...error.facts })
          throw refusal(error)
        }
        log('debug', 'an R2 call is tried again', { operation, key, ...error.facts })
        await pause(waitAfter(error, tried, retry))
      }
    }
  }

/** Milliseconds until the next attempt ("full jitter"). */
const waitAfter = ({ isBusy }: R2Error, tried: number, retry: R2RetryPolicy): number =>
  (isBusy ? retry.busyMs : 0) + Math.random() * Math.min(retry.maxMs, retry.baseMs * 2 ** tried)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
