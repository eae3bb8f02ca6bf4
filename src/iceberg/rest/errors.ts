/** What an HTTP status means, for a commit and for everything else (Iceberg REST catalog specification, `ErrorModel`). */
import { errorWords } from './answers.ts'
import type { HttpAnswer } from './http.ts'

/** What became of a commit. `refused`: nothing changed, and trying again does not help. */
export type CommitMeaning = 'done' | 'conflict' | 'throttled' | 'unknown' | 'refused'

export interface Meaning {
  readonly commit: CommitMeaning
  /** The same request may be answered otherwise a moment later. */
  readonly passing?: boolean
  /** Other credentials may help. */
  readonly credentials?: boolean
  /** For an operator, after "cannot … : ". */
  readonly words: string
}

/** What the answer says has to be looked at. */
const done: Meaning = { commit: 'done', words: 'the catalog answers something else' }

/** A server that fails may have done what it was asked before it failed. */
const failing: Meaning = { commit: 'unknown', passing: true, words: 'the catalog fails' }

const statuses: Readonly<Record<number, Meaning>> = {
  400: { commit: 'refused', words: 'the catalog calls the request invalid' },
  401: { commit: 'refused', credentials: true, words: 'the catalog refuses its credentials' },
  403: { commit: 'refused', credentials: true, words: 'its credentials lack a permission' },
  404: { commit: 'refused', words: 'the catalog knows no such thing: check its URI and warehouse' },
  406: { commit: 'refused', words: 'the catalog does not support it' },
  408: { commit: 'unknown', passing: true, words: 'the catalog waited too long' },
  409: { commit: 'conflict', words: 'the catalog says that it is in conflict with what there is' },
  419: { commit: 'refused', credentials: true, words: 'its credentials have expired' },
  425: { commit: 'unknown', passing: true, words: 'the catalog wants to be asked later' },
  429: { commit: 'throttled', passing: true, words: 'the catalog is asked too often' },
  501: { commit: 'refused', words: 'the catalog does not support it' },
  503: { commit: 'unknown', passing: true, words: 'the catalog is overloaded or down' },
}

/** Types that say more than their status. A status of 500 and more stays unknown, whatever its type. */
const types: Readonly<Record<string, Partial<Meaning>>> = {
  // Cloudflare R2 sends it with 400 when its own attempts ran out.
  ConcurrentUpdateError: { commit: 'conflict' },
  CommitFailedException: { commit: 'conflict' },
  CommitStateUnknownException: { commit: 'unknown' },
  // Cloudflare R2 sends it with 409: a property that nobody may set.
  FailedToSetProperties: { commit: 'refused', words: 'the catalog forbids a table property' },
  NoSuchTableException: { words: 'there is no such table any more' },
  NoSuchNamespaceException: { words: 'there is no such namespace any more' },
  // AWS services throttle with 400 at times.
  ThrottlingException: { commit: 'throttled', passing: true },
  TooManyRequestsException: { commit: 'throttled', passing: true },
  ExpiredTokenException: { commit: 'refused', credentials: true },
  UnrecognizedClientException: { commit: 'refused', credentials: true },
  InvalidSignatureException: { commit: 'refused', credentials: true },
  // Lake Formation's denials come with 400 too.
  AccessDeniedException: { commit: 'refused', words: 'its credentials lack a permission' },
}

/** What an answer means. */
export const meaningOf = (answer: HttpAnswer): Meaning => {
  const byStatus = statusMeaning(answer.status)
  if (answer.status < 400 || answer.status >= 500) return byStatus
  return { ...byStatus, ...types[errorWords(answer).type] }
}

const statusMeaning = (status: number): Meaning => {
  const known = statuses[status]
  if (known !== undefined) return known
  if (status >= 200 && status < 300) return done
  if (status < 400) return { commit: 'refused', words: 'the catalog is elsewhere: check its URI' }
  if (status < 500) return { commit: 'refused', words: `the catalog answers ${status}` }
  return failing
}
