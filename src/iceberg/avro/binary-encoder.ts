import { ByteSink } from '../../bytes.ts'
import {
  type AvroComplex,
  type AvroMembers,
  type AvroPrimitive,
  type AvroRecord,
  type AvroSchema,
  type AvroUnion,
  type AvroValue,
  isUnion,
} from './schema.ts'

const encoder = new TextEncoder()

/** Writes values in Avro's binary encoding (Apache Avro 1.12 specification, "Binary Encoding"). */
export class BinaryEncoder {
  readonly #to = new ByteSink()

  /** What was written, not copied: valid until more is. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#to.written()
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#to.append(bytes)
  }

  /** An int or long: zig-zag, then seven bits a byte, the lowest first. */
  long(value: number | bigint): void {
    const double = Number(value)
    if (Math.abs(double) < 2 ** 52) {
      this.#to.varint(double < 0 ? -2 * double - 1 : 2 * double)
      return
    }
    const wide = BigInt(value)
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
    for (; rest > 0x7fn; rest >>= 7n) this.#to.byte(Number(rest & 0x7fn) | 0x80)
    this.#to.byte(Number(rest))
  }

  bytes(value: Uint8Array): void {
    this.long(value.length)
    this.raw(value)
  }

  string(value: string): void {
    this.bytes(encoder.encode(value))
  }

  /**
   * A value of a schema. A union's branch is chosen by null or not; a record's field that is missing is null. Bytes in
   * place of a record are one that is encoded already.
   * @throws when the value is none of the schema
   */
  value(schema: AvroSchema, value: AvroValue): void {
    if (isUnion(schema)) this.#union(schema, value)
    else if (typeof schema === 'string') this.#primitive(schema, value)
    else this.#complex(schema, value)
  }

  #union(branches: AvroUnion, value: AvroValue): void {
    const index = branches.findIndex((branch) => (branch === 'null') === (value === null))
    if (index === -1) throw new Error('a value that is in no branch of its Avro union')
    this.long(index)
    this.value(branches[index] as AvroSchema, value)
  }

  #complex(schema: AvroComplex, value: AvroValue): void {
    switch (schema.type) {
      case 'record':
        if (value instanceof Uint8Array) this.raw(value)
        else this.#fields(schema, value as AvroMembers)
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

  #fields({ fields }: AvroRecord, members: AvroMembers): void {
    for (const { name, type } of fields) this.value(type, members[name] ?? null)
  }

  #blocks<T>(items: readonly T[], write: (item: T) => void): void {
    if (items.length > 0) this.long(items.length)
    for (const item of items) write(item)
    this.long(0)
  }

  #primitive(type: AvroPrimitive, value: AvroValue): void {
    if (!kinds[type].includes(value === null ? 'null' : typeof value))
      throw new Error(`Avro ${type}: ${value} is none`)
    if (type === 'int' || type === 'long') this.long(value as number | bigint)
    else if (type === 'string') this.string(value as string)
    else if (type === 'bytes') this.bytes(value as Uint8Array)
    else if (type === 'boolean') this.#to.byte(value === true ? 1 : 0)
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
const kinds: Readonly<Record<AvroPrimitive, readonly string[]>> = {
  null: ['null'],
  boolean: ['boolean'],
  int: ['number'],
  long: ['number', 'bigint'],
  float: ['number'],
  double: ['number'],
  string: ['string'],
  bytes: ['object'],
}
