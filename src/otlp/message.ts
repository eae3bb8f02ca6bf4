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

/** A field's name in JSON and its place among the fields. */
interface Key {
  /** In bytes, with the quote and colon that follow the name in a body. */
  readonly length: number
  /** The name, quote and colon, four bytes at a time as far as they go, and the last four. */
  readonly words: Int32Array
  readonly last: number
  readonly place: number
}

/** The names of a message's fields in JSON. */
export interface KeyTable {
  readonly names: readonly string[]
  /** By a hash of their first four bytes, of which the shortest, `key"`, has no more; made for the first body of JSON. */
  buckets?: readonly (readonly Key[])[]
}

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
const bucketOf = (word: number): number => Math.imul(word, 0x9e3779b1) >>> 26

/** A table of names in both spellings, lowerCamelCase and as the .proto has them. */
export const keyTable = (names: readonly string[]): KeyTable => ({ names })

const bucketsOf = (names: readonly string[]): Key[][] => {
  const buckets: Key[][] = Array.from({ length: keyBuckets }, () => [])
  names.forEach((snake, place) => {
    for (const spelling of new Set([camelCase(snake), snake])) {
      const text = new TextEncoder().encode(`${spelling}":`)
      const view = new DataView(text.buffer)
      const words = Int32Array.from({ length: text.length >> 2 }, (_, i) =>
        view.getInt32(4 * i, true),
      )
      const last = view.getInt32(text.length - 4, true)
      buckets[bucketOf(words[0] as number)]?.push({ length: text.length, words, last, place })
    }
  })
  return buckets
}

/** protobuf's JSON name of a field (ProtoJSON, "Field Names"). */
const camelCase = (snake: string): string =>
  snake.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase())

/** The name whose quote and colon too stand at `p`, before `end`; undefined when nobody knows it, or it is written in another way. */
export const keyAt = (table: KeyTable, view: DataView, p: number, end: number): Key | undefined => {
  if (p + 4 > end) return undefined
  table.buckets ??= bucketsOf(table.names)
  const bucket = table.buckets[bucketOf(view.getInt32(p, true))] as readonly Key[]
  for (let i = 0; i < bucket.length; i++) {
    const key = bucket[i] as Key
    if (p + key.length <= end && stands(key, view, p)) return key
  }
  return undefined
}

const stands = ({ length, words, last }: Key, view: DataView, p: number): boolean => {
  for (let i = 0; i < words.length; i++)
    if (view.getInt32(p + 4 * i, true) !== words[i]) return false
  return view.getInt32(p + length - 4, true) === last
}
