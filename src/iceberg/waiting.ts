/** Waiting for work that goes on without the waiter. */
import { inTime } from './retry.ts'

/**
 * `work` that runs once at a time: who calls while it runs gets the same result. It must not end with one caller's
 * patience: give it a timeout of its own.
 */
export const singleFlight = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let running: Promise<T> | undefined
  return () => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
}

/** What `work` comes to, or the signal's reason when it aborts before. The work goes on. */
export const within = <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
  signal === undefined ? work : inTime(work, signal, () => Promise.reject(signal.reason))
