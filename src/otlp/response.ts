/**
 * The bytes of answers: `Export<Signal>ServiceResponse` (opentelemetry-proto
 * collector/…_service.proto) and `google.rpc.Status` (google/rpc/status.proto), each in protobuf
 * and in JSON. Not here: `Status.details`, which OTLP/HTTP leaves to the server and we never fill.
 */

/** What a partial success says: how many records were rejected, and why. */
export interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

/** Field 1 of `ExportLogsPartialSuccess`, `ExportTracePartialSuccess`, `ExportMetricsPartialSuccess`. */
const rejectedField = {
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
} as const

/** Bytes of a message in an answer; senders log it, some into one line. */
const maxMessageBytes = 1024

/**
 * An `Export<Signal>ServiceResponse`. Without a partial success the field stays unset: 0 bytes of
 * protobuf, `{}` in JSON. The counts are strings in JSON, as proto3 writes an int64.
 */
export const exportResponse = (
  signal: keyof typeof rejectedField,
  encoding: 'protobuf' | 'json',
  partial?: PartialSuccess,
): Uint8Array<ArrayBuffer> => {
  if (partial === undefined) return encoding === 'json' ? emptyObject : noBytes
  const message = shorten(partial.message)
  if (encoding === 'protobuf') {
    return bytesField(1, concat(varintField(1, partial.rejected), bytesField(2, utf8(message))))
  }
  const partialSuccess = {
    [rejectedField[signal]]: String(partial.rejected),
    errorMessage: message,
  }
  return utf8(JSON.stringify({ partialSuccess }))
}

/** A `google.rpc.Status` with a `google.rpc.Code`, for any answer that is no success. */
export const rpcStatus = (
  encoding: 'protobuf' | 'json',
  code: number,
  message: string,
): Uint8Array<ArrayBuffer> =>
  encoding === 'json'
    ? utf8(JSON.stringify({ code, message: shorten(message) }))
    : concat(varintField(1, code), bytesField(2, utf8(shorten(message))))

const encoder = new TextEncoder()
// Workers' types do not say that the buffer is nobody else's.
const utf8 = (text: string) => encoder.encode(text) as Uint8Array<ArrayBuffer>
const noBytes = utf8('')
const emptyObject = utf8('{}')

/** Cuts a text to 1 KiB of UTF-8, never inside a character. */
const shorten = (text: string): string => {
  const bytes = utf8(text)
  if (bytes.length <= maxMessageBytes) return text
  const ellipsis = '…'
  let end = maxMessageBytes - utf8(ellipsis).length
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return new TextDecoder().decode(bytes.subarray(0, end)) + ellipsis
}

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))]

const varintField = (number: number, value: number): Uint8Array =>
  Uint8Array.from([...varint(number << 3), ...varint(value)])

const bytesField = (number: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat(Uint8Array.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes)

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
