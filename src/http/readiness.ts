/**
 * Asks `ready` at most once in `keepMs`, however many ask: a probe must not become load. A failure
 * is kept as long as a success. Whoever asks first decides how (`by`).
 */
export const keepAnswer = <By>(
  ready: (by: By) => Promise<void>,
  keepMs: number,
  now: () => number,
): ((by: By) => Promise<void>) => {
  let answer = Promise.resolve()
  let askedAt = Number.NEGATIVE_INFINITY
  return (by) => {
    if (now() - askedAt >= keepMs) {
      askedAt = now()
      answer = ready(by)
    }
    return answer
  }
}
