/** Waiting for work that goes on without the waiter. */
import { IngestError } from '../errors.ts'
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

/** Rejects: `unavailable`. What is said of a storage that was not waited for any longer. */
export const slowStorage = (): Promise<never> =>
  Promise.reject(new IngestError('unavailable', 'the storage takes too long'))

/** The items of a list that come before the signal aborts. */
export async function* untilAborted<T>(
  list: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const items = list[Symbol.asyncIterator]()
  const end = { done: true, value: undefined } as const
  try {
    while (!signal.aborted) {
      const item = await inTime<IteratorResult<T, unknown>>(items.next(), signal, () => end)
      if (item.done) return
      yield item.value
    }
  } finally {
    // Not waited for: it may be what takes so long.
    items.return?.().catch(() => {})
  }
}
