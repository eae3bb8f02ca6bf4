/** JSON text of AnyValues, without losing a value's type: the words that both decoders write it with. */
import { hexDigits, type Text } from './text.ts'

const quote = 0x22

/** `null`, `true`, `false`. */
export const writeWord = (to: Text, word: 'null' | 'true' | 'false'): void => to.ascii(word)

/** A 64-bit signed integer given as halves, every digit exact. */
export const writeInt64 = (to: Text, low: number, high: number): void => {
  if (high === 0 && low >= 0) writeUint31(to, low)
  else to.ascii(String((BigInt(high) << 32n) | BigInt(low >>> 0)))
}

const writeUint31 = (to: Text, value: number): void => {
  to.reserve(10)
  const { data } = to
  let digits = 1
  for (let bound = 10; digits < 10 && value >= bound; bound *= 10) digits++
  let rest = value
  for (let o = to.pos + digits - 1; o >= to.pos; o--) {
    const quotient = (rest / 10) | 0
    data[o] = 48 + rest - 10 * quotient
    rest = quotient
  }
  to.pos += digits
}

/**
 * A double as a literal with a point or an exponent, the shortest that reads back equal (ECMAScript
 * `Number::toString`); the three that JSON has no word for as `{"doubleValue":"NaN"}`.
 */
export const writeDouble = (to: Text, value: number): void => {
  if (!Number.isFinite(value)) to.ascii(`{"doubleValue":"${value}"}`)
  else {
    if (value < 0 || Object.is(value, -0)) to.byte(0x2d)
    writeMagnitude(to, Math.abs(value))
  }
}

const writeMagnitude = (to: Text, value: number): void => {
  // Few decimals are the common case: 12.5 is 12 and 500,000 millionths, and no string is made. Below 2^31 no two
  // numbers of six decimals are the same double, so without the zeros at its end it is the shortest.
  const millionths = Math.round(value * 1e6)
  if (value < 0x7fffffff && millionths / 1e6 === value) {
    const whole = Math.floor(value)
    writeUint31(to, whole)
    to.byte(0x2e)
    writeFraction(to, millionths - 1e6 * whole)
  } else {
    const text = String(value)
    to.ascii(/[.e]/.test(text) ? text : `${text}.0`)
  }
}

/** Millionths as digits, without the zeros at their end but one. */
const writeFraction = (to: Text, millionths: number): void => {
  let rest = millionths
  let unit = 100_000
  do {
    const digit = (rest / unit) | 0
    to.byte(48 + digit)
    rest -= digit * unit
    unit /= 10
  } while (rest > 0)
}

const base64 = Uint8Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  (c) => c.charCodeAt(0),
)
const padding = 0x3d

/** Bytes as `{"bytesValue":"<base64>"}` (RFC 4648, section 4, padded). */
export const writeBytes = (to: Text, b: Uint8Array, s: number, e: number): void => {
  to.ascii('{"bytesValue":"')
  to.reserve(4 * Math.ceil((e - s) / 3))
  const { data } = to
  let o = to.pos
  for (let p = s; p < e; p += 3) {
    const left = e - p
    const word =
      ((b[p] as number) << 16) |
      (left > 1 ? (b[p + 1] as number) << 8 : 0) |
      (left > 2 ? (b[p + 2] as number) : 0)
    data[o++] = base64[word >> 18] as number
    data[o++] = base64[(word >> 12) & 63] as number
    data[o++] = left > 1 ? (base64[(word >> 6) & 63] as number) : padding
    data[o++] = left > 2 ? (base64[word & 63] as number) : padding
  }
  to.pos = o
  to.byte(quote)
  to.byte(0x7d)
}

const wrapped = ['bytesValue', 'doubleValue', 'kvlistValue'].map((key) =>
  new TextEncoder().encode(`{"${key}":`),
)
const wrapper = '{"kvlistValue":'

/**
 * Ends a kvlist that began at `start` and holds `keys` pairs, its closing brace written: one whose only key is that of a wrapper
 * is wrapped itself, so that nothing is mistaken for another type.
 */
export const endKvlist = (to: Text, start: number, keys: number): void => {
  if (keys !== 1 || !wrapped.some((prefix) => startsWith(to.data, start, prefix))) return
  to.reserve(wrapper.length + 1)
  to.data.copyWithin(start + wrapper.length, start, to.pos)
  const end = to.pos + wrapper.length
  to.pos = start
  to.ascii(wrapper)
  to.pos = end
  to.byte(0x7d)
}

const startsWith = (data: Uint8Array, start: number, prefix: Uint8Array): boolean =>
  prefix.every((c, i) => data[start + i] === c)

/** `b[s, e)` as lower-case hex. */
export const writeHex = (to: Text, b: Uint8Array, s: number, e: number): void => {
  to.reserve(2 * (e - s))
  const { data } = to
  let o = to.pos
  for (let p = s; p < e; p++) {
    const c = b[p] as number
    data[o++] = hexDigits[c >> 4] as number
    data[o++] = hexDigits[c & 15] as number
  }
  to.pos = o
}
