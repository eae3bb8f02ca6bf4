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

/** An error whose message may be shown to a client: a short sentence, no input, no secret, no path. */
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

/** What a storage does not know, now or later: an operator has to take another. */
export class NotImplementedError extends IngestError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('unavailable', message, options)
  }
}

/** What was thrown, in words. */
export const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

const retryableKinds: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'overloaded',
  'stalled',
  'deadline',
  'unavailable',
])
