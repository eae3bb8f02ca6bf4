/**
 * Thrift's compact protocol, in which Parquet's metadata is written (Thrift, "Compact protocol";
 * parquet.thrift names the fields).
 *
 * Not here: doubles, maps and bytes, which Parquet's metadata does not use.
 */
import type { ByteSink } from '../bytes.ts'

/** An i32 is a number, an i64 a bigint, a binary or string bytes: what is read can be written again. */
export type Value = number | bigint | boolean | Uint8Array | readonly Value[] | Struct

/** A struct's fields by their ids, in ascending order. */
export type Struct = ReadonlyMap<number, Value>

/** The protocol's numbers for types. A struct's field says a boolean in its type. */
const types = { true: 1, false: 2, i16: 4, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const

/** A struct from its fields, in the order of their ids; those that are undefined are left out. */
export const struct = (fields: Readonly<Record<number, Value | undefined>>): Struct => {
  const defined = new Map<number, Value>()
  // An object's whole-number keys come in ascending order.
  for (const id in fields) {
    const value = fields[id]
    if (value !== undefined) defined.set(Number(id), value)
  }
  return defined
}

/**
 * Reads the struct at `start`. Its i16 fields are left out: Parquet has only a row group's ordinal,
 * which is for encryption.
 */
export const readStruct = (bytes: Uint8Array, start = 0): Struct =>
  new Reader(bytes, start).struct()

class Reader {
  private readonly bytes: Uint8Array
  private at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  struct(): Struct {
    const fields = new Map<number, Value>()
    let id = 0
    for (;;) {
      const header = this.byte()
      if (header === 0) return fields
      const type = header & 0x0f
      id = header >> 4 === 0 ? this.zigzag() : id + (header >> 4)
      const value = this.value(type)
      if (type !== types.i16) fields.set(id, value)
    }
  }

  private value(type: number): Value {
    switch (type) {
      case types.true:
      case types.false:
        return type === types.true
      case types.i16:
      case types.i32:
        return this.zigzag()
      case types.i64:
        return BigInt(this.zigzag())
      case types.binary:
        return this.binary()
      case types.list:
        return this.list()
      case types.struct:
        return this.struct()
      default:
        throw new Error(`cannot read Thrift at ${this.at}: type ${type}`)
    }
  }

  private list(): Value[] {
    const header = this.byte()
    const size = header >> 4 === 0x0f ? this.varint() : header >> 4
    return Array.from({ length: size }, () => this.value(header & 0x0f))
  }

  private binary(): Uint8Array {
    const length = this.varint()
    this.at += length
    return this.bytes.slice(this.at - length, this.at)
  }

  private byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new Error('cannot read Thrift: it ends too early')
    return byte
  }

  /** Exact up to 2^53, far above any size or count in a file. */
  private varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  private zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/** Writes a struct. */
export const writeStruct = (sink: ByteSink, fields: Struct): void => {
  let last = 0
  for (const [id, value] of fields) {
    const type = value === false ? types.false : typeOf(value)
    const step = id - last
    if (step < 16) sink.byte((step << 4) | type)
    else {
      sink.byte(type)
      writeZigzag(sink, id)
    }
    if (typeof value !== 'boolean') writeValue(sink, value)
    last = id
  }
  sink.byte(0)
}

const typeOf = (value: Value | undefined): number => {
  if (typeof value === 'number') return types.i32
  if (typeof value === 'bigint') return types.i64
  if (typeof value === 'boolean') return types.true
  if (value instanceof Uint8Array) return types.binary
  return Array.isArray(value) ? types.list : types.struct
}

const writeValue = (sink: ByteSink, value: Value): void => {
  if (typeof value === 'number' || typeof value === 'bigint') writeZigzag(sink, Number(value))
  else if (typeof value === 'boolean') sink.byte(value ? types.true : types.false)
  else if (value instanceof Uint8Array) {
    sink.varint(value.length)
    sink.append(value)
  } else if (value instanceof Map) writeStruct(sink, value)
  else writeList(sink, value as readonly Value[])
}

const writeList = (sink: ByteSink, values: readonly Value[]): void => {
  const type = typeOf(values[0])
  if (values.length < 15) sink.byte((values.length << 4) | type)
  else {
    sink.byte(0xf0 | type)
    sink.varint(values.length)
  }
  for (const value of values) writeValue(sink, value)
}

const writeZigzag = (sink: ByteSink, value: number): void =>
  sink.varint(value < 0 ? -2 * value - 1 : 2 * value)
