/**
 * Asks `ready` at most once in `keepMs`, however many ask: a probe must not become load. A failure
 * is kept as long as a success.
 */
export const keepAnswer = (
  ready: () => Promise<void>,
  keepMs: number,
  now: () => number,
): (() => Promise<void>) => {
  let answer = Promise.resolve()
  let askedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (now() - askedAt >= keepMs) {
      askedAt = now()
      answer = ready()
    }
    return answer
  }
}
