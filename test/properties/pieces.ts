/** Protobuf written by hand, in any shape and at any size: what no encoder would write. */

export const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

export const text = (string: string): Uint8Array => new TextEncoder().encode(string)

export const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts))

/** `piece`, `times` times. */
export const repeated = (piece: Uint8Array, times: number): Uint8Array =>
  new Uint8Array(Buffer.alloc(piece.length * times, piece))

/** The pieces for each number below `times`. */
export const each = (times: number, piece: (i: number) => Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat(Array.from({ length: times }, (_, i) => piece(i))))

const varint = (value: number): Uint8Array => {
  const out: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128)
  return bytes(...out, rest)
}

/** A length-delimited field; without payload an empty one. */
export const field = (number: number, ...payload: readonly Uint8Array[]): Uint8Array => {
  const length = payload.reduce((sum, part) => sum + part.length, 0)
  return joined(varint(8 * number + 2), varint(length), ...payload)
}

/** A field of eight bytes. */
export const fixed64 = (number: number, value: bigint): Uint8Array => {
  const payload = new Uint8Array(8)
  new DataView(payload.buffer).setBigUint64(0, value, true)
  return joined(varint(8 * number + 1), payload)
}

/** Length-delimited fields within each other, `depth` times the given numbers, the innermost first. */
export const nested = (numbers: readonly number[], depth: number): Uint8Array => {
  const out = new Uint8Array(6 * numbers.length * depth)
  let start = out.length
  for (let level = 0; level < depth; level++) {
    for (const number of numbers) {
      const length = out.length - start
      const size = length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 4
      for (let i = size - 1, more = 0; i >= 0; i--, more = 0x80)
        out[--start] = ((length >> (7 * i)) & 0x7f) | more
      out[--start] = 8 * number + 2
    }
  }
  return out.subarray(start)
}

/** For each number below `times` a short ASCII text, in fields within each other, the innermost first. */
export const texts = (
  numbers: readonly number[],
  times: number,
  piece: (i: number) => string,
): Uint8Array => {
  // Tags and lengths below 128 are characters too.
  const within = (value: string, number: number) =>
    String.fromCharCode(8 * number + 2, value.length) + value
  return text(Array.from({ length: times }, (_, i) => numbers.reduce(within, piece(i))).join(''))
}

/** A request with one resource and one scope, which holds these records (or metrics). */
export const request = (...records: readonly Uint8Array[]): Uint8Array =>
  field(1, field(2, ...records))

/** A request with one record (or metric) of this content. */
export const record = (...content: readonly Uint8Array[]): Uint8Array =>
  request(field(2, ...content))

/** A request with one record under a resource of this content. */
export const resource = (...content: readonly Uint8Array[]): Uint8Array =>
  field(1, field(1, ...content), field(2, field(2)))

/** An AnyValue. */
export const stringValue = (value: Uint8Array): Uint8Array => field(1, value)

/** A KeyValue. */
export const keyValue = (key: string, value: Uint8Array): Uint8Array =>
  joined(field(1, text(key)), field(2, value))

/** A value in two pieces at each of 98 levels, around a text: joining the pieces would copy it each time. */
export const inPieces = (value: Uint8Array): Uint8Array =>
  Array.from({ length: 98 }).reduce<Uint8Array>(
    (inner) => field(6, field(1, field(2), field(2, inner))),
    stringValue(value),
  )

/** OTLP/JSON with one record of these members. */
export const jsonRecord = (members: string): Uint8Array =>
  text(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${members}}]}]}]}`)
