// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.

/**
 * The length in bytes of the well-formed character that begins at `p` (RFC 3629, section 4), or 0 when
 * there is none before `end`.
 */
export const characterLength = (b: Uint8Array, p: number, end: number): number => {
  const c = b[p] as number
  if (c < 0x80) return 1
  if (c < 0xc2 || c > 0xf4) return 0
  if (p + 1 >= end) return 0
  const d = b[p + 1] as number
  if (c < 0xe0) return isTail(d) ? 2 : 0
  if (p + 2 >= end || !isTail(b[p + 2] as number)) return 0
  if (c < 0xf0) {
    return d >= (c === 0xe0 ? 0xa0 : 0x80) && d <= (c === 0xed ? 0x9f : 0xbf) ? 3 : 0
  }
  if (p + 3 >= end || !isTail(b[p + 3] as number)) return 0
  return d >= (c === 0xf0 ? 0x90 : 0x80) && d <= (c === 0xf4 ? 0x8f : 0xbf) ? 4 : 0
}

const isTail = (c: number): boolean => (c & 0xc0) === 0x80

/** Whether `b[p, end)` is well-formed UTF-8. */
export const isUtf8 = (b: Uint8Array, p: number, end: number): boolean => {
  while (p < end) {
    if ((b[p] as number) < 0x80) p++
    else {
      const length = characterLength(b, p, end)
      if (length === 0) return false
      p += length
    }
  }
  return true
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** `b[p, end)` with U+FFFD in the place of every malformed part (WHATWG Encoding, "decode"). */
export const repairUtf8 = (b: Uint8Array, p: number, end: number): Uint8Array =>
  encoder.encode(decoder.decode(b.subarray(p, end)))

/** Bytes that are repaired at once: what is made of them on the way is up to five times as long. */
const pieceLength = 65536

/** The same in pieces, each of whole characters: who takes only so much of it ends there. */
export function* repairedPieces(b: Uint8Array, p: number, end: number): Iterable<Uint8Array> {
  if (end - p <= pieceLength) {
    yield repairUtf8(b, p, end)
    return
  }
  const ofThese = new TextDecoder('utf-8', { ignoreBOM: true })
  for (; p < end; p += pieceLength) {
    const piece = b.subarray(p, Math.min(p + pieceLength, end))
    yield encoder.encode(ofThese.decode(piece, { stream: p + pieceLength < end }))
  }
}
