/**
 * Single values as bytes (Iceberg table specification, "Binary single-value serialization"), and bounds of a column made
 * of them. A bound that is wrong hides rows from readers: what cannot be said exactly is null, and left out.
 *
 * Not here: types of format version 3, and bounds inside of lists, maps and structs.
 */

import { hexBytes } from '../bytes.ts'
import { endOfCodePoints } from './code-points.ts'

/**
 * A value: `int` and `date` (days) as numbers or bigints, `long`, `time` and `timestamp`s (microseconds) too, decimals
 * unscaled; `uuid` as text or 16 bytes, `fixed` and `binary` as bytes.
 */
export type SingleValue = boolean | number | bigint | string | Uint8Array

/** What a bound keeps of a string in code points, of binary in bytes: Iceberg's default, `truncate(16)`. */
const boundLength = 16

/** A value of a primitive type (`long`, `decimal(9,2)`, …) as bytes; null when the type cannot hold exactly this value. */
export const singleValueBytes = (type: string, value: SingleValue): Uint8Array | null => {
  const [, name = '', parameters = ''] = /^(\w+)(?:\s*[[(]([\d,\s]*)[\])])?$/.exec(type) ?? []
  const serialize = Object.hasOwn(serializers, name) ? serializers[name] : undefined
  return serialize?.(value, Number.parseInt(parameters, 10)) ?? null
}

/** An `int` or `date` as bytes. */
export const intBytes = (value: number): Uint8Array =>
  littleEndian(4, (view) => view.setInt32(0, value, true))

/** A lower bound for all values from `least` on; null when there is none. */
export const lowerBound = (type: string, least: SingleValue): Uint8Array | null => {
  // Specification, "Manifests": -0.0 precedes +0.0.
  if (least === 0 && isFloating(type)) return singleValueBytes(type, -0)
  const whole = singleValueBytes(type, least)
  if (whole === null || !isCut(type)) return whole
  return whole.subarray(0, endOfPrefix(type, whole))
}

/** An upper bound for all values up to `greatest`; null when there is none. */
export const upperBound = (type: string, greatest: SingleValue): Uint8Array | null => {
  if (greatest === 0 && isFloating(type)) return singleValueBytes(type, 0)
  const whole = singleValueBytes(type, greatest)
  if (whole === null || !isCut(type)) return whole
  const end = endOfPrefix(type, whole)
  if (end === whole.length) return whole
  return type === 'string' ? nextText(whole.subarray(0, end)) : nextBytes(whole.subarray(0, end))
}

const isFloating = (type: string): boolean => type === 'float' || type === 'double'

const isCut = (type: string): boolean => type === 'string' || type === 'binary'

type Serialize = (value: SingleValue, parameter: number) => Uint8Array | null

const int: Serialize = (value) => {
  const whole = wholeNumber(value)
  if (whole === null || BigInt.asIntN(32, whole) !== whole) return null
  return intBytes(Number(whole))
}

const long: Serialize = (value) => {
  const whole = wholeNumber(value)
  if (whole === null || BigInt.asIntN(64, whole) !== whole) return null
  return littleEndian(8, (view) => view.setBigInt64(0, whole, true))
}

const serializers: Readonly<Record<string, Serialize>> = {
  boolean: (value) => (typeof value === 'boolean' ? Uint8Array.of(value ? 1 : 0) : null),
  int,
  date: int,
  long,
  time: long,
  timestamp: long,
  timestamptz: long,
  float: (value) =>
    typeof value === 'number' && Math.fround(value) === value
      ? littleEndian(4, (view) => view.setFloat32(0, value, true))
      : null,
  double: (value) =>
    typeof value === 'number' && !Number.isNaN(value)
      ? littleEndian(8, (view) => view.setFloat64(0, value, true))
      : null,
  string: (value) =>
    typeof value === 'string' && value.isWellFormed() ? encoder.encode(value) : null,
  uuid: (value) => (typeof value === 'string' ? uuidBytes(value) : bytesOf(value, 16)),
  fixed: (value, length) => bytesOf(value, length),
  binary: (value) => (value instanceof Uint8Array ? value : null),
  decimal: (value, precision) => {
    const unscaled = wholeNumber(value)
    const fits = unscaled !== null && String(unscaled).replace('-', '').length <= precision
    return fits ? twosComplement(unscaled) : null
  },
}

const encoder = new TextEncoder()

/** A number that is whole, and surely the one that was meant. */
const wholeNumber = (value: SingleValue): bigint | null => {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null
}

const littleEndian = (size: number, write: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(size)
  write(new DataView(bytes.buffer))
  return bytes
}

const bytesOf = (value: SingleValue, length: number): Uint8Array | null =>
  value instanceof Uint8Array && value.length === length ? value : null

const uuidBytes = (text: string): Uint8Array | null => {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return null
  return hexBytes(text.replaceAll('-', ''))
}

/** Two's complement, the most significant byte first, in as few bytes as hold it. */
const twosComplement = (value: bigint): Uint8Array => {
  let size = 1
  while (BigInt.asIntN(8 * size, value) !== value) size++
  return Uint8Array.from({ length: size }, (_, i) =>
    Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn),
  )
}

/** Where the part that a bound keeps ends. */
const endOfPrefix = (type: string, bytes: Uint8Array): number =>
  type === 'binary' ? Math.min(boundLength, bytes.length) : endOfCodePoints(bytes, boundLength)

/** The first text after all those that begin with this one: its last code point that has a next one is increased. */
const nextText = (prefix: Uint8Array): Uint8Array | null => {
  const points = Array.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(prefix))
  for (let point = points.pop(); point !== undefined; point = points.pop()) {
    const next = nextCodePoint(point.codePointAt(0) as number)
    if (next <= 0x10ffff) return encoder.encode(points.join('') + String.fromCodePoint(next))
  }
  return null
}

/** Surrogates are no characters. */
const nextCodePoint = (point: number): number => (point === 0xd7ff ? 0xe000 : point + 1)

const nextBytes = (prefix: Uint8Array): Uint8Array | null => {
  const end = prefix.findLastIndex((byte) => byte < 0xff) + 1
  if (end === 0) return null
  const next = prefix.slice(0, end)
  next[end - 1] = (next[end - 1] as number) + 1
  return next
}
