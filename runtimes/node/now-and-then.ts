import type { Log } from '../../src/log.ts'

/** Milliseconds from one round to the next, on average. */
const intervalMs = 600_000

/**
 * Does something now and then for as long as the program runs, never twice at once; programs that were started together
 * drift apart. Keeps no program running. `failed`: what the log says of a round that was none.
 */
export const nowAndThen = (
  act: () => Promise<unknown>,
  failed: string,
  log: Log,
  everyMs = intervalMs,
): void => {
  const next = () => {
    setTimeout(round, everyMs * (0.5 + Math.random())).unref()
  }
  const round = () =>
    act()
      .catch((error: unknown) => log('error', failed, { error }))
      .finally(next)
  next()
}
