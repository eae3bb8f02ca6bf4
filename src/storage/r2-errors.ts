import { IngestError, KnownError, wordsOf } from '../errors.ts'

/** What the binding threw: the cause of what callers see, and what the log gets. */
export class R2Error extends KnownError {
  override readonly name = 'R2Error'
  /** R2's number ("Error codes"), undefined where the message has none: then it is the Workers runtime's. */
  readonly code: number | undefined

  constructor(thrown: unknown) {
    super(wordsOf(thrown), { cause: thrown })
    const [, code] = /\((\d{5,6})\)\s*$/.exec(this.message) ?? []
    this.code = code === undefined ? undefined : Number(code)
  }

  /** Whether the very same call may succeed soon. What nobody knows may. */
  get passes(): boolean {
    return finalReasonOf(this) === undefined
  }

  /** Too many calls: R2 takes about one write a second to a key. */
  get isBusy(): boolean {
    return this.code === 10058
  }

  /** What a log line says of it. */
  get facts(): Readonly<Record<string, unknown>> {
    return { code: this.code, reason: this.message }
  }
}

const denied = "access is denied: check the Worker's binding of the bucket"

/** The codes of what stays wrong until somebody mends it. */
const finalReasons: Readonly<Record<number, string>> = {
  10002: denied,
  10003: denied,
  10005: 'the bucket cannot have such a name',
  10006: 'the bucket does not exist',
  10012: "the object's metadata are too large",
  10014: 'a checksum is malformed',
  10020: 'the key is too long or no good text: shorten the prefix',
  10042: 'the account has no R2 subscription',
  10069: "a lock rule of the bucket forbids it: take the program's prefix out of it",
  100100: 'the object is too large',
}

/** The Workers runtime counts calls: no other can be made for this request. */
const isOverLimit = ({ code, message }: R2Error): boolean =>
  code === undefined && /Too many (?:subrequests|API requests)/i.test(message)

const finalReasonOf = (error: R2Error): string | undefined =>
  isOverLimit(error)
    ? 'the request needs more calls than Workers allow one'
    : finalReasons[error.code ?? 0]

const reasonOf = (error: R2Error): string => {
  const known = finalReasonOf(error)
  if (known !== undefined) return known
  if (error.isBusy) return 'R2 asks to slow down'
  if (error.code === 10037) return 'bytes were damaged on their way'
  return error.code === undefined ? 'R2 cannot be reached' : `R2 failed with ${error.code}`
}

/** Turns what R2 refused into what callers are told: what to do, and no names. */
export const refusal = (error: R2Error): IngestError =>
  new IngestError('unavailable', `storage is unavailable: ${reasonOf(error)}`, { cause: error })
