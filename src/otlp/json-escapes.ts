/** The escapes of JSON strings (RFC 8259, section 7), undone byte by byte. */
import type { Text } from './text.ts'

const backslash = 0x5c
const unicodeEscape = 0x75
const replacement = 0xfffd

/**
 * Appends the inside `b[s, e)` of a well-formed JSON string, its escapes undone; lone surrogates become U+FFFD.
 * `view` is of the same bytes.
 * @returns whether there were any
 */
export const undoEscapes = (
  to: Text,
  b: Uint8Array,
  view: DataView,
  s: number,
  e: number,
): boolean => {
  // Nothing is longer in UTF-8 than its escape.
  to.reserve(e - s)
  let repaired = false
  let p = s
  for (;;) {
    p = copyPlain(to, b, view, p, e)
    if (p === e) return repaired
    const letter = b[p + 1] as number
    if (letter !== unicodeEscape) {
      to.data[to.pos++] = characters[letter] as number
      p += 2
      continue
    }
    let code = codeUnit(b, p + 2)
    p += 6
    if (isHighSurrogate(code) && p < e && b[p] === backslash && b[p + 1] === unicodeEscape) {
      const low = codeUnit(b, p + 2)
      if (isLowSurrogate(low)) {
        code = 0x10000 + ((code - 0xd800) << 10) + low - 0xdc00
        p += 6
      }
    }
    if (isHighSurrogate(code) || isLowSurrogate(code)) {
      code = replacement
      repaired = true
    }
    to.pos = putCharacter(to.data, to.pos, code)
  }
}

/** Appends what stands before the next backslash; its place. */
const copyPlain = (to: Text, b: Uint8Array, view: DataView, s: number, e: number): number => {
  let p = to.plain(b, view, s, e)
  while (p < e && b[p] !== backslash) to.data[to.pos++] = b[p++] as number
  return p
}

/** For each letter behind a backslash the character that both stand for. */
const characters = new Uint8Array(128)
for (const [letter, character] of ['b\b', 't\t', 'n\n', 'f\f', 'r\r', '""', '\\\\', '//']) {
  characters[(letter as string).charCodeAt(0)] = (character as string).charCodeAt(0)
}

/** The UTF-16 code unit of four hexadecimal digits. */
const codeUnit = (b: Uint8Array, p: number): number =>
  (hexDigit(b[p] as number) << 12) |
  (hexDigit(b[p + 1] as number) << 8) |
  (hexDigit(b[p + 2] as number) << 4) |
  hexDigit(b[p + 3] as number)

/** Letters of either case lie 9 above a multiple of 16. */
const hexDigit = (c: number): number => (c & 15) + (c > 0x39 ? 9 : 0)

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00
const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code < 0xe000

/** Puts a code point as UTF-8 at `o` (RFC 3629, section 3); the place behind it. */
const putCharacter = (data: Uint8Array, o: number, code: number): number => {
  if (code < 0x80) {
    data[o++] = code
    return o
  }
  if (code < 0x800) data[o++] = 0xc0 | (code >> 6)
  else {
    if (code < 0x10000) data[o++] = 0xe0 | (code >> 12)
    else {
      data[o++] = 0xf0 | (code >> 18)
      data[o++] = 0x80 | ((code >> 12) & 63)
    }
    data[o++] = 0x80 | ((code >> 6) & 63)
  }
  data[o++] = 0x80 | (code & 63)
  return o
}
