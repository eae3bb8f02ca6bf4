import { malformed } from './tally.ts'

/**
 * Reads protobuf's wire format (protobuf encoding, "Message Structure"). Every method takes a place and the end of the message around it,
 * leaves the place behind what it read in `next`, and never looks past the end.
 */
export class WireReader {
  readonly b: Uint8Array
  readonly view: DataView
  /** The place behind what was read last. */
  next = 0
  /** The halves of the 64-bit number that was read last, both signed. */
  low = 0
  high = 0

  constructor(bytes: Uint8Array) {
    this.b = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** A varint's lowest 32 bits, unsigned. */
  varint32(p: number, end: number): number {
    const c = this.b[p] as number
    if (p < end && c < 0x80) {
      this.next = p + 1
      return c
    }
    this.varint64(p, end)
    return this.low >>> 0
  }

  /** A varint of up to 64 bits, into `low` and `high`. */
  varint64(p: number, end: number): void {
    const { b } = this
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7, p++) {
      if (p >= end) throw malformed('cannot read a varint: the message ends within it')
      const c = b[p] as number
      const bits = c & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >> 4
      } else high |= bits << (shift - 32)
      if (c < 0x80) {
        if (shift === 63 && c > 1) break
        this.low = low
        this.high = high
        this.next = p + 1
        return
      }
    }
    throw malformed('cannot read a varint: it is longer than 64 bits')
  }

  /** A field's tag: its number × 8 + its wire type. */
  tag(p: number, end: number): number {
    this.varint64(p, end)
    const tag = this.low >>> 0
    if (this.high !== 0 || tag < 8) throw malformed('cannot read a tag: no such field number')
    return tag
  }

  /** The end of the length-delimited value whose length stands at `p`; `next` is where it begins. */
  delimited(p: number, end: number): number {
    const c = this.b[p] as number
    if (p < end && c < 0x80) this.next = p + 1
    else this.varint64(p, end)
    const length = p < end && c < 0x80 ? c : this.high === 0 ? this.low >>> 0 : Infinity
    if (length > end - this.next)
      throw malformed('cannot read a field: its length goes past the end')
    return this.next + length
  }

  /** Eight bytes into `low` and `high`. */
  fixed64(p: number, end: number): void {
    if (p + 8 > end) throw malformed('cannot read a 64-bit value: the message ends within it')
    this.low = this.view.getInt32(p, true)
    this.high = this.view.getInt32(p + 4, true)
    this.next = p + 8
  }

  /** Four bytes into `low`. */
  fixed32(p: number, end: number): void {
    if (p + 4 > end) throw malformed('cannot read a 32-bit value: the message ends within it')
    this.low = this.view.getInt32(p, true)
    this.next = p + 4
  }

  /** Steps over a field nobody knows. Groups, long deprecated, are refused. */
  skip(tag: number, p: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.varint64(p, end)
        break
      case 1:
        this.next = p + 8
        break
      case 2:
        this.next = this.delimited(p, end)
        break
      case 5:
        this.next = p + 4
        break
      default:
        throw malformed('cannot read a field: groups and unknown wire types are not supported')
    }
    if (this.next > end) throw malformed('cannot read a field: the message ends within it')
  }
}
