/** What an operator learns of requests that their senders have to mend: most senders drop them without a word. */
import type { Log } from '../log.ts'

/** Milliseconds between two lines of one kind: a sender that does something wrong does it with each request. */
const quietMs = 60_000

/** Says that a request, or some of its records, were refused: `kind` has a line of its own, with facts that name no content. */
export type Refused = (
  kind: string,
  message: string,
  facts: Readonly<Record<string, unknown>>,
) => void

/** Tells the first of each kind, and one a minute after that, with how many there were between. `now`: milliseconds since 1970. */
export const createRefusals = (log: Log, now: () => number): Refused => {
  const told = new Map<string, { readonly at: number; more: number }>()
  return (kind, message, facts) => {
    const last = told.get(kind)
    const at = now()
    if (last !== undefined && Math.abs(at - last.at) < quietMs) {
      last.more++
      return
    }
    told.set(kind, { at, more: 0 })
    log('warn', message, { ...facts, ...(last && last.more > 0 && { moreSinceLast: last.more }) })
  }
}
