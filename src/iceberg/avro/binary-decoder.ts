import {
  type AvroComplex,
  type AvroPrimitive,
  type AvroSchema,
  type AvroValue,
  isUnion,
} from './schema.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Reads values in Avro's binary encoding (Apache Avro 1.12 specification, "Binary Encoding"). */
export class BinaryDecoder {
  readonly #b: Uint8Array
  #p = 0

  constructor(bytes: Uint8Array) {
    this.#b = bytes
  }

  get atEnd(): boolean {
    return this.#p === this.#b.length
  }

  /** The next `length` bytes as they are, not copied. */
  raw(length: number): Uint8Array {
    const end = this.#p + length
    if (!(length >= 0 && end <= this.#b.length)) throw new Error('an Avro file that ends too early')
    const bytes = this.#b.subarray(this.#p, end)
    this.#p = end
    return bytes
  }

  #byte(): number {
    const c = this.#b[this.#p++]
    if (c === undefined) throw new Error('an Avro file that ends too early')
    return c
  }

  /** A long, every bit of it. */
  long(): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const c = this.#byte()
      low |= (c & 0x7f) << shift
      if (c < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let all = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const c = this.#byte()
      all |= BigInt(c & 0x7f) << shift
      if (c < 0x80) return BigInt.asIntN(64, (all >> 1n) ^ -(all & 1n))
    }
    throw new Error('an Avro long of more than 10 bytes')
  }

  /** An int, a length or a count. */
  int(): number {
    return Number(this.long())
  }

  bytes(): Uint8Array {
    return this.raw(this.int())
  }

  string(): string {
    return decoder.decode(this.bytes())
  }

  /** A value of a schema; bytes are not copied. */
  value(schema: AvroSchema): AvroValue {
    if (isUnion(schema)) {
      const branch = schema[this.int()]
      if (branch === undefined) throw new Error('an Avro union without that branch')
      return this.value(branch)
    }
    return typeof schema === 'string' ? this.#primitive(schema) : this.#complex(schema)
  }

  #complex(schema: AvroComplex): AvroValue {
    switch (schema.type) {
      case 'record': {
        const record: Record<string, AvroValue> = {}
        for (const { name, type } of schema.fields) record[name] = this.value(type)
        return record
      }
      case 'array': {
        const items: AvroValue[] = []
        this.#blocks(() => items.push(this.value(schema.items)))
        return items
      }
      case 'map': {
        const entries: Record<string, AvroValue> = {}
        this.#blocks(() => {
          const key = this.string()
          entries[key] = this.value(schema.values)
        })
        return entries
      }
      case 'fixed':
        return this.raw(schema.size)
      default:
        return this.#primitive(schema.type)
    }
  }

  /** Blocks of items, each with its count; a negative one is followed by the block's size in bytes. */
  #blocks(read: () => void): void {
    for (let count = this.int(); count !== 0; count = this.int()) {
      if (count < 0) this.long()
      for (let i = Math.abs(count); i > 0; i--) read()
    }
  }

  #primitive(type: AvroPrimitive): AvroValue {
    switch (type) {
      case 'null':
        return null
      case 'boolean':
        return this.#byte() === 1
      case 'int':
        return this.int()
      case 'long':
        return this.long()
      case 'float':
        return this.#view(4).getFloat32(0, true)
      case 'double':
        return this.#view(8).getFloat64(0, true)
      case 'bytes':
        return this.bytes()
      default:
        return this.string()
    }
  }

  #view(size: number): DataView {
    const bytes = this.raw(size)
    return new DataView(bytes.buffer, bytes.byteOffset, size)
  }
}
