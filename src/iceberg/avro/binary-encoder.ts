import type { AvroMembers, AvroSchema, AvroUnion, AvroValue } from './schema.ts'

const encoder = new TextEncoder()

/** Writes values in Avro's binary encoding (Apache Avro 1.12 specification, "Binary Encoding"). */
export class BinaryEncoder {
  #bytes = new Uint8Array(1024)
  #length = 0

  /** What was written, not copied: valid until more is. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.written)
    this.#bytes = larger
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** An int or long: zig-zag, then seven bits a byte, the lowest first. */
  long(value: number | bigint): void {
    this.#reserve(10)
    if (typeof value === 'number' && value >= -0x40000000 && value < 0x40000000) {
      this.#small(((value << 1) ^ (value >> 31)) >>> 0)
      return
    }
    const wide = BigInt(value)
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
    for (; rest > 0x7fffffffn; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80)
    this.#small(Number(rest))
  }

  #small(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest >>>= 7) this.#byte((rest & 0x7f) | 0x80)
    this.#byte(rest)
  }

  #byte(value: number): void {
    this.#bytes[this.#length++] = value
  }

  bytes(value: Uint8Array): void {
    this.long(value.length)
    this.raw(value)
  }

  string(value: string): void {
    this.bytes(encoder.encode(value))
  }

  /**
   * A value of a schema. A union's branch is chosen by null or not; a record's field that is missing is null.
   * @throws when the value is none of the schema
   */
  value(schema: AvroSchema, value: AvroValue): void {
    if (Array.isArray(schema)) this.#union(schema as AvroUnion, value)
    else if (typeof schema === 'string') this.#primitive(schema, value)
    else this.#complex(schema as Exclude<AvroSchema, string | AvroUnion>, value)
  }

  #union(branches: AvroUnion, value: AvroValue): void {
    const index = branches.findIndex((branch) => (branch === 'null') === (value === null))
    if (index === -1) throw new Error('a value that is in no branch of its Avro union')
    this.long(index)
    this.value(branches[index] as AvroSchema, value)
  }

  #complex(schema: Exclude<AvroSchema, string | AvroUnion>, value: AvroValue): void {
    switch (schema.type) {
      case 'record':
        for (const { name, type } of schema.fields) {
          this.value(type, (value as AvroMembers)[name] ?? null)
        }
        return
      case 'array':
        this.#blocks(value as readonly AvroValue[], (item) => this.value(schema.items, item))
        return
      case 'map':
        this.#blocks(Object.entries(value as AvroMembers), ([key, item]) => {
          this.string(key)
          this.value(schema.values, item)
        })
        return
      case 'fixed':
        this.raw(value as Uint8Array)
        return
      default:
        this.#primitive(schema.type, value)
    }
  }

  #blocks<T>(items: readonly T[], write: (item: T) => void): void {
    if (items.length > 0) this.long(items.length)
    for (const item of items) write(item)
    this.long(0)
  }

  #primitive(type: string, value: AvroValue): void {
    const kind = kinds[type]
    const fits = kind === undefined || kind.includes(value === null ? 'null' : typeof value)
    if (!fits) throw new Error(`Avro ${type}: ${value} is none`)
    if (type === 'int' || type === 'long') this.long(value as number | bigint)
    else if (type === 'string') this.string(value as string)
    else if (type === 'bytes') this.bytes(value as Uint8Array)
    else if (type === 'boolean') this.raw(Uint8Array.of(value === true ? 1 : 0))
    else if (type !== 'null') this.#float(type === 'float' ? 4 : 8, value as number)
  }

  #float(size: 4 | 8, value: number): void {
    const bytes = new Uint8Array(size)
    const view = new DataView(bytes.buffer)
    if (size === 4) view.setFloat32(0, value, true)
    else view.setFloat64(0, value, true)
    this.raw(bytes)
  }
}

/** What `typeof` says of each type's values. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  null: ['null'],
  boolean: ['boolean'],
  int: ['number'],
  long: ['number', 'bigint'],
  float: ['number'],
  double: ['number'],
  string: ['string'],
  bytes: ['object'],
}
