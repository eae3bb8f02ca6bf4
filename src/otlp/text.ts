import { grown } from './grown.ts'
import { tooMuchText } from './tally.ts'
import { isUtf8, repairedPieces } from './utf8.ts'

const quote = 0x22

/** What a text begins with: most columns of a small request stay empty. */
const nothing = new Uint8Array(0)
const viewOfNothing = new DataView(nothing.buffer)
const firstCapacity = 64

/** The most bytes of one text. Nothing waits while a request is decoded, so that one number serves them all, one after the other. */
let most = Number.POSITIVE_INFINITY

/** Bounds every text until it is called again: who makes too much is stopped before memory is taken for it. */
export const limitTexts = (bytes: number): void => {
  most = bytes
}

/** Bytes that grow: the text of a column, one value after the other. */
export class Text {
  data = nothing
  view = viewOfNothing
  /** Where the next byte goes. */
  pos = 0

  /** Makes room for `bytes` more bytes. */
  reserve(bytes: number): void {
    if (this.pos + bytes > this.data.length) this.#grow(this.pos + bytes)
  }

  /** Makes room for `bytes` more bytes that are foreseen: for no more than that. */
  expect(bytes: number): void {
    if (this.pos + bytes > this.data.length) this.#resize(Math.min(this.pos + bytes, most))
  }

  #grow(needed: number): void {
    if (needed > most) throw tooMuchText(most)
    this.#resize(Math.max(needed, Math.min(this.data.length * 2, most), firstCapacity))
  }

  #resize(length: number): void {
    this.data = grown(this.data, length)
    this.view = new DataView(this.data.buffer)
  }

  /** Appends one byte. */
  byte(value: number): void {
    if (this.pos === this.data.length) this.#grow(this.pos + 1)
    this.data[this.pos++] = value
  }

  /** Appends `b[s, e)` as it is. */
  bytes(b: Uint8Array, s: number, e: number): void {
    this.reserve(e - s)
    const { data } = this
    let o = this.pos
    if (e - s > 64) {
      data.set(b.subarray(s, e), o)
      o += e - s
    } else while (s < e) data[o++] = b[s++] as number
    this.pos = o
  }

  /** Appends `b[s, e)` as it is, four bytes at a time; `view` is of the same bytes. */
  copy(b: Uint8Array, view: DataView, s: number, e: number): void {
    if (e - s > 512) {
      this.bytes(b, s, e)
      return
    }
    this.reserve(e - s)
    const { data, view: to } = this
    let o = this.pos
    let p = s
    for (; p + 4 <= e; p += 4, o += 4) to.setInt32(o, view.getInt32(p, true), true)
    while (p < e) data[o++] = b[p++] as number
    this.pos = o
  }

  /** Appends an ASCII string. */
  ascii(text: string): void {
    this.reserve(text.length)
    for (let i = 0; i < text.length; i++) this.data[this.pos++] = text.charCodeAt(i)
  }

  /**
   * Appends `b[s, e)` as UTF-8, malformed parts as U+FFFD.
   * @returns whether something had to be repaired
   */
  utf8(b: Uint8Array, view: DataView, s: number, e: number): boolean {
    this.reserve(e - s)
    const to = this.view
    let o = this.pos
    let p = s
    // Four bytes at a time while all are ASCII.
    for (const last = e - 4; p <= last; p += 4, o += 4) {
      const word = view.getInt32(p, true)
      if ((word & 0x80808080) !== 0) break
      to.setInt32(o, word, true)
    }
    while (p < e && (b[p] as number) < 0x80) this.data[o++] = b[p++] as number
    this.pos = o
    if (p === e) return false
    if (isUtf8(b, p, e)) {
      this.bytes(b, p, e)
      return false
    }
    for (const piece of repairedPieces(b, p, e)) this.bytes(piece, 0, piece.length)
    return true
  }

  /**
   * Appends the text `b[s, e)` as a JSON string (RFC 8259, section 7): quotes, backslashes and control characters
   * escaped, all else as it is, malformed UTF-8 as U+FFFD.
   * @returns whether something had to be repaired
   */
  quoted(b: Uint8Array, view: DataView, s: number, e: number): boolean {
    this.reserve(e - s + 2)
    this.data[this.pos++] = quote
    const p = this.plain(b, view, s, e)
    const repaired = p < e && this.#escaped(b, p, e)
    this.byte(quote)
    return repaired
  }

  /**
   * Appends what stands at the beginning of `b[s, e)` as a JSON string has it: ASCII that is never escaped. Room is
   * reserved for all of it.
   * @returns the place of the first byte that was not appended
   */
  plain(b: Uint8Array, view: DataView, s: number, e: number): number {
    const { data, view: to } = this
    let o = this.pos
    let p = s
    for (const last = e - 4; p <= last; p += 4, o += 4) {
      const word = view.getInt32(p, true)
      if (needsCare(word)) break
      to.setInt32(o, word, true)
    }
    for (; p < e; p++, o++) {
      const c = b[p] as number
      if (c >= 0x80 || escapes[c] !== 0) break
      data[o] = c
    }
    this.pos = o
    return p
  }

  /** Appends the inside of a JSON string; whether something had to be repaired. */
  #escaped(b: Uint8Array, s: number, e: number): boolean {
    if (isUtf8(b, s, e)) {
      this.#characters(b, s, e)
      return false
    }
    for (const piece of repairedPieces(b, s, e)) this.#characters(piece, 0, piece.length)
    return true
  }

  /** Appends well-formed UTF-8 as the inside of a JSON string, character by character. */
  #characters(b: Uint8Array, s: number, e: number): void {
    for (let p = s; p < e; p++) {
      this.reserve(6)
      this.#character(b[p] as number)
    }
  }

  /** One byte of a JSON string, for which six bytes are reserved. */
  #character(c: number): void {
    const { data } = this
    const letter = c < 0x80 ? (escapes[c] as number) : 0
    if (letter === 0) data[this.pos++] = c
    else {
      data[this.pos++] = 0x5c
      if (letter !== unicodeEscape) data[this.pos++] = letter
      else {
        this.ascii('u00')
        data[this.pos++] = hexDigits[c >> 4] as number
        data[this.pos++] = hexDigits[c & 15] as number
      }
    }
  }
}

/** How long the well-formed UTF-8 text `b[s, e)` is as a JSON string, quotes included. */
export const quotedLength = (b: Uint8Array, s: number, e: number): number => {
  let length = e - s + 2
  for (let p = s; p < e; p++) {
    const c = b[p] as number
    const letter = c < 0x80 ? (escapes[c] as number) : 0
    if (letter !== 0) length += letter === unicodeEscape ? 5 : 1
  }
  return length
}

/** Whether one of four bytes is a quote, a backslash, a control character or not ASCII; now and then true of others. */
export const needsCare = (word: number): boolean => {
  const quotes = word ^ 0x22222222
  const backslashes = word ^ 0x5c5c5c5c
  return (
    (((word - 0x20202020) | (quotes - 0x01010101) | (backslashes - 0x01010101) | word) &
      0x80808080) !==
    0
  )
}

/** The ASCII codes of the hexadecimal digits. */
export const hexDigits = Uint8Array.from('0123456789abcdef', (c) => c.charCodeAt(0))

const unicodeEscape = 1

/** For each ASCII character: 0 as it is, 1 as `\u00XX`, else the letter behind the backslash. */
const escapes = new Uint8Array(128).fill(unicodeEscape, 0, 32)
for (const [character, letter] of ['\bb', '\tt', '\nn', '\ff', '\rr', '""', '\\\\']) {
  escapes[(character as string).charCodeAt(0)] = (letter as string).charCodeAt(0)
}
