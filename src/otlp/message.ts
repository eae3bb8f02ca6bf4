/** How an OTLP message is declared: its fields, once, for protobuf and JSON alike. */
import type { Column } from './columns.ts'
import * as op from './types.ts'

export interface Field<C extends Column = Column> {
  readonly number: number
  readonly op: op.Op
  /** The oneof that the field is a member of. */
  readonly oneof: string | undefined
  /** A new column for the field's values. */
  readonly column: () => C
}

export type Fields = Readonly<Record<string, Field>>

/**
 * What becomes of a message's row: a `record` is counted, numbered and kept or rejected by itself; a `container` is kept when it
 * holds a record; a `part` goes with what it is part of.
 */
export type Role = 'record' | 'container' | 'part'

export interface Message<F extends Fields = Fields> {
  /** As opentelemetry-proto spells it, for error messages. */
  readonly name: string
  readonly role: Role
  readonly fields: F
  /** The fields' types by place. */
  readonly ops: Uint8Array
  /** For each tag its field's place + 1; 0: nobody knows it; `wrongWireType`: a known field in a wrong encoding. */
  readonly byTag: Int16Array
  /** The fields' places by JSON name. */
  readonly byKey: KeyTable
}

/** A field's name in JSON, in ASCII, and its place among the fields. */
interface Key {
  readonly name: Uint8Array
  readonly place: number
}

/** The names of a message's fields in JSON, by length and first letter. */
export type KeyTable = readonly (readonly Key[])[]

/** In `Message.byTag`: a known field under a wire type that its type does not have. */
export const wrongWireType = -1

/** Declares a message; `fields` by their names in opentelemetry-proto. */
export const message = <F extends Fields>(name: string, role: Role, fields: F): Message<F> => ({
  name,
  role,
  fields,
  ops: Uint8Array.from(Object.values(fields), (field) => field.op),
  byTag: tagTable(Object.values(fields)),
  byKey: keyTable(Object.keys(fields)),
})

const tagTable = (fields: readonly Field[]): Int16Array => {
  const table = new Int16Array(8 * Math.max(1, ...fields.map((f) => f.number + 1)))
  fields.forEach((f, place) => {
    for (let wireType = 0; wireType < 8; wireType++) table[8 * f.number + wireType] = wrongWireType
    for (const wireType of op.wireTypes[f.op]) table[8 * f.number + wireType] = place + 1
  })
  return table
}

const keyBuckets = 64
const bucketOf = (length: number, first: number): number => (7 * length + first) & (keyBuckets - 1)

/** A table of names in both spellings, lowerCamelCase and as the .proto has them. */
export const keyTable = (names: readonly string[]): KeyTable => {
  const table: Key[][] = Array.from({ length: keyBuckets }, () => [])
  names.forEach((snake, place) => {
    for (const spelling of new Set([camelCase(snake), snake])) {
      const name = new TextEncoder().encode(spelling)
      table[bucketOf(name.length, name[0] as number)]?.push({ name, place })
    }
  })
  return table
}

/** protobuf's JSON name of a field (ProtoJSON, "Field Names"). */
const camelCase = (snake: string): string =>
  snake.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase())

/** The place of the name `b[s, e)` in a table; -1 when nobody knows it. */
export const placeOfKey = (table: KeyTable, b: Uint8Array, s: number, e: number): number => {
  const bucket = table[bucketOf(e - s, b[s] as number)] as readonly Key[]
  for (let i = 0; i < bucket.length; i++) {
    const key = bucket[i] as Key
    if (equals(key.name, b, s, e)) return key.place
  }
  return -1
}

const equals = (name: Uint8Array, b: Uint8Array, s: number, e: number): boolean => {
  if (name.length !== e - s) return false
  for (let i = 0; i < name.length; i++) if (name[i] !== b[s + i]) return false
  return true
}
