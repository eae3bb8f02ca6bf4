import { malformed } from './tally.ts'
import { needsCare } from './text.ts'
import { characterLength } from './utf8.ts'

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const openObject = 0x7b
const closeObject = 0x7d
const openArray = 0x5b
const closeArray = 0x5d

/** The deepest nesting of JSON objects and arrays in a value nobody reads. */
const maxNesting = 10_000

/**
 * Reads JSON (RFC 8259) byte by byte. `p` is the place of the next byte; `s` and `e` are the inside of the string that was read last,
 * `isEscaped` whether it holds backslashes. Malformed UTF-8 within a string is an error, as everything that is no JSON.
 */
export class JsonScanner {
  readonly b: Uint8Array
  readonly view: DataView
  readonly end: number
  p = 0
  s = 0
  e = 0
  isEscaped = false

  constructor(bytes: Uint8Array) {
    this.b = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.end = bytes.length
  }

  fail(what: string): never {
    throw malformed(`cannot read JSON: ${what} at byte ${Math.min(this.p, this.end)}`)
  }

  /** Steps over white space; returns the byte there, or -1 at the end. */
  peek(): number {
    const { b, end } = this
    let { p } = this
    if (p < end && (b[p] as number) > 0x20) return b[p] as number
    while (p < end) {
      const c = b[p] as number
      if (c > 0x20 || (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)) {
        this.p = p
        return c
      }
      p++
    }
    this.p = p
    return -1
  }

  expect(c: number, what: string): void {
    if (this.peek() !== c) this.fail(`expected ${what}`)
    this.p++
  }

  beginObject(): void {
    this.expect(openObject, 'an object')
  }

  beginArray(): void {
    this.expect(openArray, 'an array')
  }

  /** The next key of an object into `s`, `e`, its colon stepped over; false at the object's end. */
  nextKey(first: boolean): boolean {
    let c = this.peek()
    if (c === closeObject) {
      this.p++
      return false
    }
    if (!first) {
      if (c !== comma) this.fail('expected a comma or the end of an object')
      this.p++
      c = this.peek()
    }
    if (c !== quote) this.fail('expected a key')
    this.#inside()
    if (this.b[this.p] === colon) this.p++
    else this.expect(colon, 'a colon')
    return true
  }

  /** Steps to an array's next element; false at the array's end. */
  nextElement(first: boolean): boolean {
    const c = this.peek()
    if (c === closeArray) {
      this.p++
      return false
    }
    if (first) return true
    if (c !== comma) this.fail('expected a comma or the end of an array')
    this.p++
    if (this.peek() === closeArray) this.fail('expected a value')
    return true
  }

  /** Whether `null` comes next; it is stepped over. */
  isNull(): boolean {
    if (this.peek() !== 0x6e) return false
    this.word('null')
    return true
  }

  /** Steps over a word: `null`, `true` or `false`. */
  word(text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (this.b[this.p + i] !== text.charCodeAt(i)) this.fail('expected a value')
    }
    this.p += text.length
  }

  boolean(): boolean {
    const isTrue = this.peek() === 0x74
    this.word(isTrue ? 'true' : 'false')
    return isTrue
  }

  /** The string that comes next, its inside into `s`, `e`. */
  string(): void {
    if (this.peek() !== quote) this.fail('expected a string')
    this.#inside()
  }

  /** The inside of the string whose opening quote is at `p`. */
  #inside(): void {
    const { b, view, end } = this
    let p = this.p + 1
    this.s = p
    this.isEscaped = false
    for (;;) {
      while (p + 4 <= end && !needsCare(view.getInt32(p, true))) p += 4
      while (p < end && isPlain(b[p] as number)) p++
      if (p >= end) this.fail('a string without an end')
      const c = b[p] as number
      if (c === quote) break
      p = this.#character(p, c)
    }
    this.e = p
    this.p = p + 1
  }

  /** Steps over one character of a string, or its escape. */
  #character(p: number, c: number): number {
    if (c === backslash) {
      this.isEscaped = true
      return this.#escape(p + 1)
    }
    const length = c < 0x20 ? 0 : characterLength(this.b, p, this.end)
    if (length === 0) {
      this.p = p
      this.fail(c < 0x20 ? 'a control character in a string' : 'malformed UTF-8')
    }
    return p + length
  }

  #escape(p: number): number {
    const c = this.b[p] as number
    if (c === 0x75) {
      for (let i = 1; i <= 4; i++) if (!isHex(this.b[p + i] as number)) this.fail('a bad escape')
      return p + 5
    }
    if (p >= this.end || !simpleEscapes.has(c)) this.fail('a bad escape')
    return p + 1
  }

  /** The number that comes next, as the bytes from `s` to `e`; whether it is an integer without exponent. */
  number(): boolean {
    this.peek()
    const { b } = this
    let { p } = this
    this.s = p
    if (b[p] === 0x2d) p++
    const first = p
    p = this.#digits(p)
    if (b[first] === 0x30 && p > first + 1) this.fail('a number with a leading zero')
    let isInteger = true
    if (b[p] === 0x2e) {
      p = this.#digits(p + 1)
      isInteger = false
    }
    if (b[p] === 0x65 || b[p] === 0x45) {
      p++
      if (b[p] === 0x2b || b[p] === 0x2d) p++
      p = this.#digits(p)
      isInteger = false
    }
    this.e = this.p = p
    return isInteger
  }

  #digits(p: number): number {
    const begin = p
    while (p < this.end && isDigit(this.b[p] as number)) p++
    if (p === begin) this.fail('expected a value')
    return p
  }

  /** Steps over whatever comes next. */
  skip(): void {
    // One entry for each object or array around the place: true for objects. No recursion: depth costs the sender, not the stack.
    const nesting: boolean[] = []
    for (;;) {
      const opened = this.#skipToken(nesting)
      if (opened) continue
      for (;;) {
        const isObject = nesting.at(-1)
        if (isObject === undefined) return
        const more = isObject ? this.nextKey(false) : this.nextElement(false)
        if (more) break
        nesting.pop()
      }
    }
  }

  /** Steps over a scalar, an empty object or an empty array; true when it stepped into one that is not empty. */
  #skipToken(nesting: boolean[]): boolean {
    const c = this.peek()
    if (c === openObject || c === openArray) {
      if (nesting.length === maxNesting) this.fail(`nested deeper than ${maxNesting}`)
      this.p++
      const isObject = c === openObject
      if (!(isObject ? this.nextKey(true) : this.nextElement(true))) return false
      nesting.push(isObject)
      return true
    }
    if (c === quote) this.string()
    else if (c === 0x74) this.word('true')
    else if (c === 0x66) this.word('false')
    else if (c === 0x6e) this.word('null')
    else this.number()
    return false
  }
}

const simpleEscapes = new Set(Array.from('"\\/bfnrt', (c) => c.charCodeAt(0)))

/** ASCII that stands for itself in a string. */
const isPlain = (c: number): boolean => c >= 0x20 && c < 0x80 && c !== quote && c !== backslash

/** Whether a byte is an ASCII digit. */
export const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39

const isHex = (c: number): boolean =>
  isDigit(c) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)
