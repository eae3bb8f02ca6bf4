/** Pieces one after another, as one array of their own. */
export const concatenate = (pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Bytes that are written one after another. */
export class ByteSink {
  private bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = value
  }

  /** An unsigned LEB128 number, up to 2^53. */
  varint(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 0x80)
    this.byte(rest)
  }

  /** 32 bits, the least significant first. */
  int32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff)
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** What was written, not copied: valid until more is. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length)
  }

  private reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    larger.set(this.written())
    this.bytes = larger
  }
}

/** Bytes as hex digits, lower case, two for each. */
export const hex = (bytes: Uint8Array): string => {
  let digits = ''
  for (const byte of bytes) digits += byte.toString(16).padStart(2, '0')
  return digits
}

/** The bytes of hex digits, of which there is an even number. */
export const hexBytes = (digits: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

/** A byte as `%XX` (RFC 3986, 2.1). */
export const percentEncoded = (byte: number): string =>
  `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

/** 32 hex digits in the form of a UUID. */
export const uuidForm = (digits: string): string =>
  digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/** Whether two arrays hold the same bytes. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  // A loop: ten times as fast as `every` over megabytes.
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Below 0 where `a` comes first in bytewise order, 0 for equal bytes. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at === -1 || at >= b.length ? a.length - b.length : (a[at] as number) - (b[at] as number)
}

/** Gives the memory of a buffer back at once; nothing of it can be read any more. */
export const free = (buffer: ArrayBufferLike): void => {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}

/**
 * Bytes from which on memory is worth giving back: half of what a column of 8192 integers has. Smaller buffers may be shared:
 * constants, a pool's (8 KiB on Node).
 */
const large = 16384

/** Gives the memory of a buffer back at once where it is large. A garbage collector does not see that until much has piled up. */
export const freeLarge = (buffer: ArrayBufferLike): void => {
  if (buffer.byteLength >= large) free(buffer)
}
