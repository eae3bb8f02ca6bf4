/**
 * Values written with one schema, read as values of another (Apache Avro 1.12 specification, "Schema Resolution"; Iceberg table
 * specification, "Column Projection"): fields belong together by their ids or, where a writer gave none, by their names.
 */
import type { BinaryDecoder } from './binary-decoder.ts'
import { BinaryEncoder } from './binary-encoder.ts'
import {
  type AvroArray,
  type AvroField,
  type AvroMap,
  type AvroPrimitive,
  type AvroRecord,
  type AvroSchema,
  type AvroValue,
  isUnion,
} from './schema.ts'
import { branchOf, type Skip, skipOf } from './skipping.ts'

/** Reads a value; bytes are not copied. */
export type Read<T = AvroValue> = (from: BinaryDecoder) => T

export interface ResolutionOptions {
  /** Other names that writers have given a field, by the name it has here. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>
  /** The field whose value, a record, is kept as its bytes in the reader's schema. */
  readonly encoded?: string
}

/**
 * How values of `writer` are read as those of `reader`. A field that the writer does not have is null, one that the reader does
 * not have is passed.
 * @throws when the schemas have nothing to do with each other
 */
export const readOf = (
  writer: AvroSchema,
  reader: AvroSchema,
  options: ResolutionOptions = {},
): Read => {
  if (isUnion(writer)) {
    const branches = writer.map((branch) =>
      branch === 'null' ? () => null : readOf(branch, reader, options),
    )
    return (from) => branchOf(branches, from)(from)
  }
  const to = notNull(reader)
  if (typeof writer === 'object' && typeof to === 'object') {
    if (writer.type === 'record' && to.type === 'record') return readRecord(writer, to, options)
    if (writer.type === 'array' && to.type === 'array') return readArray(writer, to, options)
    if (writer.type === 'map' && to.type === 'map') return readMap(writer, to, options)
    if (writer.type === 'fixed') return (from) => from.raw(writer.size)
  }
  return readPrimitive(typeName(writer), typeName(to))
}

type NotNull = Exclude<AvroSchema, readonly AvroSchema[]>

/** The type of a value that is there. Iceberg has no other unions than those with null. */
const notNull = (schema: AvroSchema): NotNull =>
  isUnion(schema)
    ? notNull(schema.find((branch) => branch !== 'null') ?? 'null')
    : (schema as NotNull)

const typeName = (schema: NotNull): string => (typeof schema === 'string' ? schema : schema.type)

const primitives: Readonly<Record<AvroPrimitive, Read>> = {
  null: () => null,
  boolean: (from) => from.byte() === 1,
  int: (from) => from.int(),
  long: (from) => from.long(),
  float: (from) => from.float(),
  double: (from) => from.double(),
  bytes: (from) => from.bytes(),
  string: (from) => from.string(),
}

const readPrimitive = (written: string, wanted: string): Read => {
  // Some writers have an int where others have a long, and the other way round.
  if (written === 'int' && wanted === 'long') return (from) => BigInt(from.int())
  if (written === 'long' && wanted === 'int') return (from) => from.int()
  if (written !== wanted || !Object.hasOwn(primitives, written)) {
    throw new Error(`an Avro ${written} where ${wanted} is wanted`)
  }
  return primitives[written as AvroPrimitive]
}

const readArray = (writer: AvroArray, reader: AvroArray, options: ResolutionOptions): Read => {
  const item = readOf(writer.items, reader.items, options)
  return (from) => {
    const items: AvroValue[] = []
    from.blocks(() => items.push(item(from)))
    return items
  }
}

const readMap = (writer: AvroMap, reader: AvroMap, options: ResolutionOptions): Read => {
  const value = readOf(writer.values, reader.values, options)
  return (from) => {
    const entries: Record<string, AvroValue> = {}
    from.blocks(() => {
      const key = from.string()
      entries[key] = value(from)
    })
    return entries
  }
}

const readRecord = (writer: AvroRecord, reader: AvroRecord, options: ResolutionOptions): Read => {
  const empty = Object.fromEntries(reader.fields.map(({ name }) => [name, null]))
  const steps = writer.fields.map((field) => readField(field, reader, options))
  return (from) => {
    const record: Record<string, AvroValue> = { ...empty }
    for (const step of steps) step(from, record)
    return record
  }
}

type Step = (from: BinaryDecoder, record: Record<string, AvroValue>) => void

const readField = (written: AvroField, reader: AvroRecord, options: ResolutionOptions): Step => {
  const wanted = reader.fields.find((field) => isSameField(written, field, options))
  if (wanted === undefined) return skipOf(written.type)
  const { name, type } = wanted
  const read =
    name === options.encoded
      ? readEncoded(written.type, type, options)
      : readOf(written.type, type, options)
  return (from, record) => {
    record[name] = read(from)
  }
}

const isSameField = (
  written: AvroField,
  { name, 'field-id': id }: AvroField,
  { aliases = {} }: ResolutionOptions,
): boolean =>
  written['field-id'] === undefined
    ? written.name === name || aliases[name]?.includes(written.name) === true
    : written['field-id'] === id

/** Copies what was written in the same encoding already. */
const readEncoded = (
  writer: AvroSchema,
  reader: AvroSchema,
  options: ResolutionOptions,
): Read<Uint8Array> => {
  if (isSameEncoding(writer, reader)) {
    const skip: Skip = skipOf(writer)
    return (from) => {
      const start = from.position
      skip(from)
      return from.since(start)
    }
  }
  const read = readOf(writer, reader, options)
  return (from) => {
    const to = new BinaryEncoder()
    to.value(reader, read(from))
    return to.written
  }
}

/** Whether values of two schemas are the same bytes, with the same meaning. */
const isSameEncoding = (a: AvroSchema, b: AvroSchema): boolean => {
  if (isUnion(a)) {
    return isUnion(b) && a.length === b.length && a.every((x, i) => isSameBranch(x, b[i]))
  }
  const [from, to] = [a as NotNull, b as NotNull]
  if (isUnion(b) || typeName(from) !== typeName(to)) return false
  if (typeof from === 'string' || typeof to === 'string') return true
  if (from.type === 'record' && to.type === 'record') return hasSameFields(from, to)
  if (from.type === 'array' && to.type === 'array') return isSameEncoding(from.items, to.items)
  return from.type !== 'map' && from.type !== 'fixed'
}

const isSameBranch = (a: AvroSchema, b: AvroSchema | undefined): boolean =>
  b !== undefined && isSameEncoding(a, b)

const hasSameFields = (a: AvroRecord, b: AvroRecord): boolean =>
  a.fields.length === b.fields.length &&
  a.fields.every((field, i) => {
    const other = b.fields[i]
    return (
      field['field-id'] !== undefined &&
      field['field-id'] === other?.['field-id'] &&
      isSameEncoding(field.type, other.type)
    )
  })
