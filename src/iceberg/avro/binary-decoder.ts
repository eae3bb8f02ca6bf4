const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Reads what is in Avro's binary encoding (Apache Avro 1.12 specification, "Binary Encoding"). */
export class BinaryDecoder {
  readonly #b: Uint8Array
  #p = 0

  constructor(bytes: Uint8Array) {
    this.#b = bytes
  }

  get atEnd(): boolean {
    return this.#p === this.#b.length
  }

  /** Where the next byte is. */
  get position(): number {
    return this.#p
  }

  /** What was read from a position on, not copied. */
  since(position: number): Uint8Array {
    return this.#b.subarray(position, this.#p)
  }

  /** The next `length` bytes as they are, not copied. */
  raw(length: number): Uint8Array {
    const from = this.#p
    this.skip(length)
    return this.since(from)
  }

  skip(length: number): void {
    const end = this.#p + length
    if (!(length >= 0 && end <= this.#b.length)) throw new Error('an Avro file that ends too early')
    this.#p = end
  }

  byte(): number {
    const c = this.#b[this.#p++]
    if (c === undefined) throw new Error('an Avro file that ends too early')
    return c
  }

  /** A long, every bit of it. */
  long(): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const c = this.byte()
      low |= (c & 0x7f) << shift
      if (c < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let all = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const c = this.byte()
      all |= BigInt(c & 0x7f) << shift
      if (c < 0x80) return BigInt.asIntN(64, (all >> 1n) ^ -(all & 1n))
    }
    throw new Error('an Avro long of more than 10 bytes')
  }

  /** An int, a length or a count. */
  int(): number {
    const from = this.#p
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const c = this.byte()
      low |= (c & 0x7f) << shift
      if (c < 0x80) return (low >>> 1) ^ -(low & 1)
    }
    this.#p = from
    return Number(this.long())
  }

  /** Passes an int or a long. */
  skipLong(): void {
    for (let length = 1; this.byte() >= 0x80; length++) {
      if (length === 10) throw new Error('an Avro long of more than 10 bytes')
    }
  }

  bytes(): Uint8Array {
    return this.raw(this.int())
  }

  string(): string {
    return decoder.decode(this.bytes())
  }

  float(): number {
    return this.#view(4).getFloat32(0, true)
  }

  double(): number {
    return this.#view(8).getFloat64(0, true)
  }

  /** Blocks of items, each with its count; a negative one is followed by the block's size in bytes. */
  blocks(item: (from: this) => void): void {
    for (let count = this.int(); count !== 0; count = this.int()) {
      if (count < 0) this.skipLong()
      for (let i = Math.abs(count); i > 0; i--) item(this)
    }
  }

  #view(size: number): DataView {
    const bytes = this.raw(size)
    return new DataView(bytes.buffer, bytes.byteOffset, size)
  }
}
