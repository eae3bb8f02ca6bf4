/** JSON's spellings of protobuf's scalars (ProtoJSON format, and OTLP's own rules for it). */
import type { IdColumn } from './columns.ts'
import { JsonScanner } from './json-scanner.ts'
import { type KeyTable, placeOfKey } from './message.ts'
import { type Tally, wrongId } from './tally.ts'
import { hexDigits } from './text.ts'

const quote = 0x22
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

const maxUint64 = 2n ** 64n - 1n
const maxInt64 = 2n ** 63n - 1n

/** Reads scalars; a value of the wrong kind or out of its type's range is `malformed`. */
export class JsonValueReader extends JsonScanner {
  readonly tally: Tally
  /** The halves of the 64-bit integer that was read last. */
  low = 0
  high = 0
  /** The string that was read last, unescaped: `text[textStart, textEnd)`. */
  text: Uint8Array
  textView: DataView
  textStart = 0
  textEnd = 0

  constructor(bytes: Uint8Array, tally: Tally) {
    super(bytes)
    this.tally = tally
    this.text = bytes
    this.textView = this.view
  }

  /** Reads a string and unescapes it; lone surrogates become U+FFFD and are counted. */
  unescaped(): void {
    this.string()
    if (this.isEscaped) this.#unescape()
    else {
      this.text = this.b
      this.textView = this.view
      this.textStart = this.s
      this.textEnd = this.e
    }
  }

  #unescape(): void {
    const string = JSON.parse(decoder.decode(this.b.subarray(this.s - 1, this.e + 1))) as string
    if (!string.isWellFormed()) this.tally.repairedStrings++
    this.text = encoder.encode(string)
    this.textView = new DataView(this.text.buffer)
    this.textStart = 0
    this.textEnd = this.text.length
  }

  /** The place in a table of the key that was read last; -1 when nobody knows it. */
  place(table: KeyTable): number {
    if (!this.isEscaped) return placeOfKey(table, this.b, this.s, this.e)
    this.#unescape()
    return placeOfKey(table, this.text, 0, this.textEnd)
  }

  /** A signed or unsigned 64-bit integer, a number or a string of one, into `low` and `high`. */
  int64(signed: boolean): void {
    const isString = this.peek() === quote
    if (isString) this.string()
    else this.number()
    const digits = this.e - this.s
    if (digits <= 15 && this.#smallInteger()) return
    this.#bigInteger(signed)
  }

  /** Up to 15 digits without sign: exact in a double. */
  #smallInteger(): boolean {
    let value = 0
    for (let p = this.s; p < this.e; p++) {
      const digit = (this.b[p] as number) - 0x30
      if (digit < 0 || digit > 9) return false
      value = 10 * value + digit
    }
    if (this.e === this.s) this.fail('expected an integer')
    this.low = value | 0
    this.high = Math.floor(value / 4294967296)
    return true
  }

  #bigInteger(signed: boolean): void {
    const value = integerOf(decoder.decode(this.b.subarray(this.s, this.e)))
    if (value === null) this.fail('expected an integer')
    const [min, max] = signed ? [-maxInt64 - 1n, maxInt64] : [0n, maxUint64]
    if (value < min || value > max) this.fail('an integer out of range')
    this.low = Number(BigInt.asIntN(32, value))
    this.high = Number(BigInt.asIntN(32, value >> 32n))
  }

  /** A 32-bit integer. */
  int32(signed: boolean): number {
    this.int64(true)
    const value = this.high * 4294967296 + (this.low >>> 0)
    const [min, max] = signed ? [-2147483648, 2147483647] : [0, 4294967295]
    if (value < min || value > max) this.fail('an integer out of range')
    return value
  }

  /** An enum: its number, or one of its names. */
  enumeration(names: Readonly<Record<string, number>>): number {
    if (this.peek() !== quote) return this.int32(true)
    this.unescaped()
    const name = decoder.decode(this.text.subarray(this.textStart, this.textEnd))
    const value = Object.hasOwn(names, name) ? names[name] : undefined
    return value === undefined ? this.fail('an unknown enum name') : value
  }

  /** A double: a number, a string of one, or `"NaN"`, `"Infinity"`, `"-Infinity"`. */
  double(): number {
    if (this.peek() !== quote) {
      const isInteger = this.number()
      if (isInteger && this.e - this.s <= 15 && this.#smallInteger()) {
        return this.high * 4294967296 + (this.low >>> 0)
      }
      return this.#finite(Number(decoder.decode(this.b.subarray(this.s, this.e))))
    }
    this.string()
    const text = decoder.decode(this.b.subarray(this.s, this.e))
    if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text)
    if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) this.fail('expected a number')
    return this.#finite(Number(text))
  }

  #finite(value: number): number {
    return Number.isFinite(value) ? value : this.fail('a number out of range')
  }

  /** An id: hex digits of either case, written in lower case. */
  id(column: IdColumn, row: number): void {
    this.string()
    const digits = this.e - this.s
    if (digits % 2 === 1) this.fail('an id with an odd number of digits')
    column.begin(row)
    column.reserve(digits)
    for (let p = this.s, o = column.pos; p < this.e; p++, o++) {
      const value = hexValue(this.b[p] as number)
      if (value < 0) this.fail('an id that is not hexadecimal')
      column.data[o] = hexDigits[value] as number
    }
    if (digits === 2 * column.size) column.pos += digits
    else if (digits > 0) this.tally.rejection = wrongId(column.size)
  }

  /** Bytes: base64 with either alphabet, padded or not (RFC 4648, sections 4 and 5). */
  base64(): Uint8Array {
    this.unescaped()
    const text = decoder.decode(this.text.subarray(this.textStart, this.textEnd))
    const plain = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')
    const isPadded = text.length === plain.length || text.length % 4 === 0
    if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1 || !isPadded)
      this.fail('bad base64')
    return Uint8Array.from(atob(plain), (c) => c.charCodeAt(0))
  }
}

const hexValue = (c: number): number => {
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  const letter = c | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/**
 * The integer that a JSON number's text denotes, exponents and fractions of zeros allowed, or null (ProtoJSON, "JSON
 * Options": `1e3` and `1.0` are integers). Exponents stay small: nothing is computed that 64 bits cannot hold.
 */
const integerOf = (text: string): bigint | null => {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return null
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const digits = `${whole}${fraction}`.replace(/^0+(?=.)/, '')
  const zeros = Number(exponent) - fraction.length
  if (digits === '0') return 0n
  if (digits.length + zeros > 20) return 2n ** 65n
  const kept = zeros < 0 ? digits.slice(0, zeros) : digits + '0'.repeat(zeros)
  const cut = zeros < 0 ? digits.slice(zeros) : ''
  if (!/^0*$/.test(cut)) return null
  return BigInt(`${sign}${kept === '' ? '0' : kept}`)
}
