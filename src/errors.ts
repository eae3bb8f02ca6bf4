/**
 * What went wrong, in the program's own words. `app.ts` alone turns a kind into an HTTP status.
 *
 * - `malformed`: the bytes are no valid request; the same bytes will never be (400)
 * - `unauthenticated`: no or wrong credentials (401)
 * - `too-large`: over a size limit, on the wire or after decompression (413)
 * - `unsupported`: a content type or encoding nobody here reads (415)
 * - `overloaded`: no room for the request now (503)
 * - `stalled`: the request's body stopped coming (503, and the connection ends)
 * - `deadline`: not done in time; the work may still succeed (503)
 * - `unavailable`: storage or catalog trouble, something an operator must mend (503)
 * - `internal`: a bug of ours (500: senders drop the data, so nothing transient may be this)
 */
export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'too-large'
  | 'unsupported'
  | 'overloaded'
  | 'stalled'
  | 'deadline'
  | 'unavailable'
  | 'internal'

/**
 * What was foreseen and is no bug: a refusal of others, or something that the world does not give. Its message and those of its
 * causes say all that there is to know; stacks would say nothing more.
 */
export class KnownError extends Error {}

/**
 * An error whose message may be shown to a client: a short sentence, no input, no secret, no path. What caused it may be a
 * bug still.
 */
export class IngestError extends Error {
  override readonly name = 'IngestError'
  readonly kind: ErrorKind

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }

  /** Whether the very same request may succeed later. */
  get retryable(): boolean {
    return retryableKinds.has(this.kind)
  }
}

/** The table that files were made for is gone, or another one now: the same request, made into files again, may be stored at once. */
export class OutdatedFilesError extends IngestError {
  constructor(message: string) {
    super('unavailable', message)
  }
}

/** Others ask for a pause that there is no time for: nothing was tried, and nothing is wrong with what was to be done. */
export class ThrottledError extends IngestError {
  constructor(message: string) {
    super('unavailable', message)
  }
}

/** What a storage does not know, now or later: an operator has to take another. */
export class NotImplementedError extends IngestError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('unavailable', message, options)
  }
}

/** What was thrown, in words. */
export const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/**
 * An error and what caused it, for the log: of what was foreseen the messages, of everything else the stack, since nobody knows
 * otherwise where it came from.
 */
export const describeError = (error: unknown): string => described(error, false)

/** What others threw, where they were expected to: it says what happened, whatever class it is of. */
export const foreseen = (error: unknown): KnownError =>
  error instanceof KnownError ? error : new KnownError(described(error, true), { cause: error })

/** `isForeseen`: something foreseen was caused by it. */
const described = (error: unknown, isForeseen: boolean): string => {
  if (!(error instanceof Error)) return String(error)
  const isKnown = isForeseen || error instanceof KnownError || isOfPlatform(error)
  const isExplained = isKnown || error instanceof IngestError
  const own = isExplained ? error.message || error.name : (error.stack ?? error.message)
  if (error.cause === undefined) return own
  const cause = described(error.cause, isKnown)
  // Many repeat what caused them.
  return own.endsWith(cause) ? own : `${own}: ${cause}`
}

/** A system call that failed (Node's `SystemError`), or the end of a wait (DOM, `AbortSignal.timeout`). */
const isOfPlatform = (error: Error): boolean =>
  ('syscall' in error && typeof error.syscall === 'string') ||
  error.name === 'TimeoutError' ||
  error.name === 'AbortError'

const retryableKinds: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'overloaded',
  'stalled',
  'deadline',
  'unavailable',
])
