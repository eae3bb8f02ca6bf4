import { IngestError } from '../errors.ts'

/** The most records that one request may hold: what a row costs in memory is bounded by it. */
export const maxRecords = 1_000_000

/** The most messages in lists that one request may hold: records, what they stand in, events, exemplars and all others. */
const maxMessages = 3_000_000

/** So many messages any request may hold, and of a larger body one for each so many bytes: those that say something are longer. */
const freeMessages = 1_100_000
const bytesPerMessage = 16

/**
 * So many bytes of text any request may make, and of a larger body so many for each of its bytes. JSON text has six bytes for a
 * control character and 60 for an empty entity reference, and each byte of a long value is held seven times on its way into a file:
 * a body of 32 MiB took 1.4 GB. Telemetry makes about as much text as its bodies have bytes.
 */
const freeText = 16 << 20
const textPerByte = 1.5

/** The most values that the lists of one field may hold together: a bucket takes a byte on the wire, and 8 in a column. */
export const maxListValues = 10_000_000

/** The deepest nesting of arrays and kvlists in an AnyValue that is stored. */
export const maxDepth = 100

/** What a decode has seen so far: rows, rejections and oddities, the same for every encoding. */
export class Tally {
  /** Records met so far, rejected ones counted: the next record's `RequestRow`. */
  seen = 0
  /** Records kept so far. */
  kept = 0
  /** Messages in lists met so far. */
  messages = 0
  readonly rejected = new Map<string, number>()
  /** Why the row being read cannot be stored exactly; null while it can. */
  rejection: string | null = null
  unknownFields = 0
  repairedStrings = 0
  readonly #maxMessages: number
  /** Bytes that all texts of the request may take together. */
  readonly maxText: number

  /** `bytes`: the length of the body, which bounds what may be made of it. */
  constructor(bytes: number) {
    const messages = Math.max(freeMessages, Math.floor(bytes / bytesPerMessage))
    this.#maxMessages = Math.min(messages, maxMessages)
    this.maxText = Math.max(freeText, Math.floor(bytes * textPerByte))
  }

  /** The number of the record that begins now. */
  nextRecord(): number {
    if (this.seen === maxRecords) throw tooMany(maxRecords, 'records in one request')
    return this.seen++
  }

  /** Counts the message that begins now. */
  nextMessage(): void {
    const limit = this.#maxMessages
    if (this.messages++ === limit) throw tooMany(limit, 'messages in a request of this size')
  }

  /** Takes so many bytes of text for all that the request makes. */
  allText(bytes: number): void {
    if (bytes > this.maxText) throw tooMuchText(this.maxText)
  }

  reject(reason: string, records: number): void {
    if (records > 0) this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + records)
  }
}

/** An error of kind `too-large`. */
export const tooMany = (limit: number, what: string): IngestError =>
  new IngestError('too-large', `more than ${limit} ${what}`)

/** An error of kind `too-large`: `limit` bytes of text are more than a request of this size may make. */
export const tooMuchText = (limit: number): IngestError =>
  tooMany(limit, 'bytes of text, as JSON, in a request of this size')

/** An error of kind `malformed`: `message` names deed, object and reason, never input. */
export const malformed = (message: string): IngestError => new IngestError('malformed', message)

/** Why a record cannot be stored exactly: the reasons that senders are told. */
export const aboveInt64 = 'a time or count above 2^63-1'
export const nullInList = 'a null in a list of integers'
export const tooDeep = `an AnyValue nested above ${maxDepth}`
/** Why a record with an id of a wrong length is rejected; `size` is the length in bytes it must have. */
export const wrongId = (size: number): string =>
  size === 16 ? 'a trace id that is not 16 bytes long' : 'a span id that is not 8 bytes long'
