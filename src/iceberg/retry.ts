import type { Uncommitted } from './catalog.ts'

/** Time, handed in so that tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Aborts at that time. */
  readonly signal: (deadline: number) => AbortSignal
}

/** The longest that timers know. */
const maxTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  signal: (deadline) =>
    AbortSignal.timeout(Math.min(maxTimerMs, Math.max(0, deadline - Date.now()))),
}

const baseMs = 25
const capMs = 2000

/** Milliseconds to wait before attempt `attempt + 2`: full jitter, so that writers that met once do not meet again. */
export const backoff = (attempt: number): number =>
  Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 10))

/** Milliseconds to wait after a commit that did not succeed: as long as the catalog asks for, at least. */
export const retryDelay = (outcome: Uncommitted, attempt: number): number =>
  Math.max(outcome.kind === 'conflict' ? 0 : outcome.retryAfterMs, backoff(attempt))

/**
 * What `work` comes to, or what `late` says when the signal aborts before: the work goes on, and its outcome is nobody's.
 * Whoever does the work may not know the signal, or not heed it.
 */
export const inTime = <T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: () => T | Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = (): void => resolve(late())
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
