/** JSON's spellings of protobuf's scalars (ProtoJSON format, and OTLP's own rules for it). */
import type { IdColumn } from './columns.ts'
import { undoEscapes } from './json-escapes.ts'
import { isDigit, JsonScanner } from './json-scanner.ts'
import { type KeyTable, keyAt } from './message.ts'
import { type Tally, wrongId } from './tally.ts'
import { Text } from './text.ts'

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const closeObject = 0x7d
const minus = 0x2d
const point = 0x2e
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

const maxUint64 = 2n ** 64n - 1n
const maxInt64 = 2n ** 63n - 1n

/** What `nextField` returns besides a place. */
export const unknownKey = -1
export const noKey = -2

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
  readonly #unescaped = new Text()

  constructor(bytes: Uint8Array, tally: Tally) {
    super(bytes)
    this.tally = tally
    this.text = bytes
    this.textView = this.view
  }

  /** Reads a string and unescapes it; lone surrogates become U+FFFD and are counted. */
  unescaped(): void {
    this.string()
    if (this.isEscaped) this.unescape()
    else {
      this.text = this.b
      this.textView = this.view
      this.textStart = this.s
      this.textEnd = this.e
    }
  }

  /** Unescapes the string that was read last. */
  unescape(): void {
    const to = this.#unescaped
    to.pos = 0
    if (undoEscapes(to, this.b, this.view, this.s, this.e)) this.tally.repairedStrings++
    this.text = to.data
    this.textView = to.view
    this.textStart = 0
    this.textEnd = to.pos
  }

  /** Opens an object; the place of its first key in `table`, as `nextField` has it. */
  firstField(table: KeyTable): number {
    this.beginObject()
    return this.#field(table, this.p, true)
  }

  /** The place of an object's next key in `table`, its colon stepped over; `unknownKey`, or `noKey` at the object's end. */
  nextField(table: KeyTable): number {
    const { b, p } = this
    if (b[p] === comma) return this.#field(table, p + 1, false)
    if (b[p] !== closeObject) return this.#oddField(table, false)
    this.p = p + 1
    return noKey
  }

  /** Without white space, as programs write it, the key stands right at `p`. */
  #field(table: KeyTable, p: number, first: boolean): number {
    const key = this.b[p] === quote ? keyAt(table, this.view, p + 1, this.end) : undefined
    if (key === undefined) return this.#oddField(table, first)
    this.p = p + 1 + key.length
    return key.place
  }

  /** A key that is unknown, escaped, or has white space around it; or none. */
  #oddField(table: KeyTable, first: boolean): number {
    if (!this.nextKey(first)) return noKey
    if (!this.isEscaped) {
      const key = keyAt(table, this.view, this.s, this.end)
      if (key !== undefined) return key.place
      if (this.b[this.e + 1] === colon) return unknownKey
    }
    const { p } = this
    this.unescape()
    this.p = p
    const text = encoder.encode(`${decoder.decode(this.text.subarray(0, this.textEnd))}":`)
    return keyAt(table, new DataView(text.buffer), 0, text.length)?.place ?? unknownKey
  }

  /** A signed or unsigned 64-bit integer, a number or a string of one, into `low` and `high`. */
  int64(signed: boolean): void {
    const isString = this.peek() === quote
    const { p } = this
    if (this.#digits(isString) && !(signed && this.high < 0)) return
    this.p = p
    if (isString) this.string()
    else this.number()
    this.#bigInteger(signed)
  }

  /** One to 19 digits and nothing else, the common case; otherwise it reads nothing and returns false. */
  #digits(isString: boolean): boolean {
    const { b } = this
    const begin = isString ? this.p + 1 : this.p
    const split = Math.min(begin + 10, this.end)
    const last = Math.min(begin + 20, this.end)
    let p = begin
    let head = 0
    for (; p < split && isDigit(b[p] as number); p++) head = 10 * head + (b[p] as number) - 0x30
    let tail = 0
    let scale = 1
    for (; p < last && isDigit(b[p] as number); p++, scale *= 10)
      tail = 10 * tail + (b[p] as number) - 0x30
    const count = p - begin
    if (count === 0 || count > 19 || p >= this.end) return false
    const c = b[p] as number
    if (isString ? c !== quote : isPartOfNumber(c) || (count > 1 && b[begin] === 0x30)) return false
    this.#setProduct(head, scale, tail)
    this.p = isString ? p + 1 : p
    return true
  }

  /** `head × scale + tail` into `low` and `high`, by halves of `head` so that every step is exact in a double. */
  #setProduct(head: number, scale: number, tail: number): void {
    const upper = Math.floor(head / 0x20000)
    const product = (head - upper * 0x20000) * scale + tail
    // The upper half counts 2^17 each: its product's lowest 15 bits belong to the low half.
    const upperProduct = upper * scale
    const upperHigh = Math.floor(upperProduct / 0x8000)
    const productHigh = Math.floor(product / 4294967296)
    const low = product - productHigh * 4294967296 + (upperProduct - upperHigh * 0x8000) * 0x20000
    this.low = low | 0
    this.high = (productHigh + upperHigh + (low >= 4294967296 ? 1 : 0)) | 0
  }

  #bigInteger(signed: boolean): void {
    const value = integerOf(decoder.decode(this.b.subarray(this.s, this.e)))
    if (value === null) this.fail('expected an integer')
    const [min, max] = signed ? [-maxInt64 - 1n, maxInt64] : [0n, maxUint64]
    if (value < min || value > max) this.fail('an integer out of range')
    this.low = Number(BigInt.asIntN(32, value))
    this.high = Number(BigInt.asIntN(32, value >> 32n))
  }

  /** A 32-bit integer; an unsigned one as the signed one with the same bits. */
  int32(signed: boolean): number {
    this.int64(true)
    const fits = signed ? this.high === this.low >> 31 : this.high === 0
    if (!fits) this.fail('an integer out of range')
    return this.low
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
      this.number()
      return this.e - this.s <= 15 ? this.#shortNumber() : this.#longNumber()
    }
    this.string()
    const text = decoder.decode(this.b.subarray(this.s, this.e))
    if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text)
    if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) this.fail('expected a number')
    return this.#finite(Number(text))
  }

  /** A number of at most 15 digits: an integer and a power of ten, both exact, so that one division rounds once. */
  #shortNumber(): number {
    const { b, s, e } = this
    let digits = 0
    let power = 0
    for (let p = b[s] === minus ? s + 1 : s; p < e; p++) {
      const c = b[p] as number
      if (c === point) power = 1
      else {
        if (!isDigit(c)) return this.#longNumber()
        digits = 10 * digits + c - 0x30
        power *= 10
      }
    }
    const value = power > 1 ? digits / power : digits
    return b[s] === minus ? -value : value
  }

  #longNumber(): number {
    return this.#finite(Number(decoder.decode(this.b.subarray(this.s, this.e))))
  }

  #finite(value: number): number {
    return Number.isFinite(value) ? value : this.fail('a number out of range')
  }

  /** An id: hex digits of either case, written in lower case. */
  id(column: IdColumn, row: number): void {
    this.string()
    const digits = this.e - this.s
    if (digits % 2 === 1) this.fail('an id with an odd number of digits')
    const to = column.begin(row)
    to.reserve(digits)
    const { b, s, e } = this
    const { data, pos } = to
    let o = pos
    for (let p = s; p < e; p++, o++) {
      const digit = lowerHex[b[p] as number] as number
      if (digit === 0) this.fail('an id that is not hexadecimal')
      data[o] = digit
    }
    if (digits === 2 * column.size) to.pos = o
    else if (digits > 0) this.tally.rejection = wrongId(column.size)
  }

  /** Bytes: base64 with either alphabet, padded or not (RFC 4648, sections 4 and 5). */
  base64(): Uint8Array {
    this.unescaped()
    const text = decoder.decode(this.text.subarray(this.textStart, this.textEnd))
    const plain = withoutPadding(text).replaceAll('-', '+').replaceAll('_', '/')
    const isPadded = text.length === plain.length || text.length % 4 === 0
    if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1 || !isPadded)
      this.fail('bad base64')
    return Uint8Array.from(atob(plain), (c) => c.charCodeAt(0))
  }
}

/** By its index: a regular expression would look for the end from each `=` there is. */
const withoutPadding = (text: string): string => {
  let end = text.length
  while (text[end - 1] === '=') end--
  return text.slice(0, end)
}

/** Whether a number goes on with a fraction or an exponent. */
const isPartOfNumber = (c: number): boolean => c === point || c === 0x65 || c === 0x45

/** For each byte the lower-case hex digit that it is; 0 for all others. */
const lowerHex = new Uint8Array(256)
for (const digit of '0123456789abcdefABCDEF') {
  lowerHex[digit.charCodeAt(0)] = digit.toLowerCase().charCodeAt(0)
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
