/** Time, handed in so that tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Aborts at that time. */
  readonly signal: (deadline: number) => AbortSignal
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  signal: (deadline) => AbortSignal.timeout(Math.max(0, deadline - Date.now())),
}

const baseMs = 25
const capMs = 2000

/** Milliseconds to wait before attempt `attempt + 2`: full jitter, so that writers that met once do not meet again. */
export const backoff = (attempt: number): number =>
  Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 10))
