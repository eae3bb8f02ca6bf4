import type { Uncommitted } from './catalog.ts'

/** Time, handed in so that tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Aborts at that time. */
  readonly signal: (deadline: number) => AbortSignal
}

/** The moment at which half of the time `until` then is over; both in milliseconds since 1970. */
export const halfwayTo = (until: number, { now }: Pick<Clock, 'now'>): number =>
  now() + (until - now()) / 2

/** The longest that timers know. */
const maxTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  // Node takes whole milliseconds only, and half of some time is none.
  signal: (deadline) =>
    AbortSignal.timeout(Math.min(maxTimerMs, Math.max(0, Math.ceil(deadline - Date.now())))),
}

const baseMs = 25
const capMs = 2000

/** Milliseconds to wait before attempt `attempt + 2`: full jitter, so that writers that met once do not meet again. */
export const backoff = (attempt: number): number =>
  Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 10))

const conflictCapMs = 4000

/**
 * Of the time that an attempt takes; how many others there are shows in it, where they share a machine. Measured on two
 * cores against 25 ms for all: three writers lose a sixth of their commits by it, sixteen and fifty gain half as many and more.
 */
const attemptShare = 4

/**
 * Milliseconds to wait after a commit that did not succeed: as long as the catalog asks for, at least; after a conflict by
 * how long the attempt took (`tookMs`), since others that come meanwhile are what it fails by.
 */
export const retryDelay = (outcome: Uncommitted, attempt: number, tookMs = 0): number => {
  if (outcome.kind !== 'conflict') return Math.max(outcome.retryAfterMs, backoff(attempt))
  const longest = Math.max(baseMs, attemptShare * tookMs) * 2 ** Math.min(attempt, 10)
  return Math.random() * Math.min(conflictCapMs, longest)
}

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
