/**
 * Which of the writers in one memory makes a commit that is due. On Workers each request has a writer of its own, since none may
 * wait for what another one began: all that come at once find the same commit due, and would ask the catalog for it.
 */

/** What the writers of an isolate tell each other: moments, and nothing that one could wait for. */
export interface CommitClaims {
  /** Whether the next commit to a table falls to who asks; it is nobody else's for an interval then, whatever comes of it. */
  claim(tableUuid: string): boolean
}

/** `intervalMs`: milliseconds between commits, after which the table is due again; `now`: milliseconds since 1970. */
export const createCommitClaims = (intervalMs: number, now: () => number): CommitClaims => {
  const claimed = new Map<string, number>()
  return {
    claim(tableUuid) {
      const since = claimed.get(tableUuid)
      // Who claimed it may have failed, or been stopped, without a word: the sweep pays what others left meanwhile.
      if (since !== undefined && Math.abs(now() - since) < intervalMs) return false
      claimed.set(tableUuid, now())
      return true
    },
  }
}
