/** Single values as bytes (Iceberg table specification, "Binary single-value serialization"), and bounds cut short. */

/** The code points that a bound of a string keeps, the bytes of one of binary (`truncate(16)`, Iceberg's default). */
const boundLength = 16
const encoder = new TextEncoder()
const maxCodePoint = 0x10ffff

export const booleanBytes = (value: boolean): Uint8Array => Uint8Array.of(value ? 1 : 0)

/** An `int` or `date`. */
export const intBytes = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value, true)
  return bytes
}

/** A `long`, `time` or `timestamp`. */
export const longBytes = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value, true)
  return bytes
}

/** A `double`; NaN is no bound. */
export const doubleBytes = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return bytes
}

/** A lower bound of a string: its first code points. */
export const lowerText = (value: string): Uint8Array =>
  encoder.encode(Array.from(value).slice(0, boundLength).join(''))

/** An upper bound of a string: its first code points, the last one that can be is increased; null when there is none. */
export const upperText = (value: string): Uint8Array | null => {
  const points = Array.from(value)
  if (points.length <= boundLength) return encoder.encode(value)
  const kept = points.slice(0, boundLength).map((point) => point.codePointAt(0) as number)
  while (kept.length > 0) {
    const next = nextCodePoint(kept.pop() as number)
    if (next <= maxCodePoint) return encoder.encode(String.fromCodePoint(...kept, next))
  }
  return null
}

/** Surrogates are no characters. */
const nextCodePoint = (point: number): number => (point === 0xd7ff ? 0xe000 : point + 1)
