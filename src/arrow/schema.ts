/** A batch's fields as an Arrow schema message (Arrow's `Schema.fbs`). */
import { Bool } from 'apache-arrow/fb/bool'
import { DictionaryEncoding } from 'apache-arrow/fb/dictionary-encoding'
import { Endianness } from 'apache-arrow/fb/endianness'
import { Field as ArrowField } from 'apache-arrow/fb/field'
import { FloatingPoint } from 'apache-arrow/fb/floating-point'
import { Int } from 'apache-arrow/fb/int'
import { KeyValue } from 'apache-arrow/fb/key-value'
import { List } from 'apache-arrow/fb/list'
import { MessageHeader } from 'apache-arrow/fb/message-header'
import { Precision } from 'apache-arrow/fb/precision'
import { Schema } from 'apache-arrow/fb/schema'
import { TimeUnit } from 'apache-arrow/fb/time-unit'
import { Timestamp } from 'apache-arrow/fb/timestamp'
import { Type } from 'apache-arrow/fb/type'
import { Utf8 } from 'apache-arrow/fb/utf8'
import type { Builder } from 'flatbuffers'
import { message } from './message.ts'
import type { Field, Primitive, RecordBatch } from './record-batch.ts'
import type { Vector } from './vector.ts'

/** Messages made before, by field list and by which columns are dictionaries. */
const messages = new WeakMap<readonly Field[], Map<string, Uint8Array>>()

/** The schema message of a batch. Column `i`'s dictionary, or its elements', has the id `i`. */
export const schemaMessage = ({ fields, columns }: RecordBatch): Uint8Array => {
  const made = messages.get(fields) ?? new Map<string, Uint8Array>()
  messages.set(fields, made)
  const shape = columns.map((vector) => (leafOf(vector).kind === 'dictionary' ? 'd' : '.')).join('')
  const known = made.get(shape)
  if (known !== undefined) return known
  const bytes = message(MessageHeader.Schema, 0, (builder) => schema(builder, fields, shape))
  made.set(shape, bytes)
  return bytes
}

/** The vector that holds the values: a list's elements, or the vector itself. */
export const leafOf = (vector: Vector): Vector =>
  vector.kind === 'list' ? leafOf(vector.values) : vector

const schema = (builder: Builder, fields: readonly Field[], shape: string): number => {
  const offsets = fields.map((field, i) => column(builder, field, shape[i] === 'd' ? i : undefined))
  const vector = Schema.createFieldsVector(builder, offsets)
  Schema.startSchema(builder)
  Schema.addEndianness(builder, Endianness.Little)
  Schema.addFields(builder, vector)
  return Schema.endSchema(builder)
}

const column = (builder: Builder, { name, id, type }: Field, dictionary?: number): number => {
  if (typeof type === 'string') {
    return field(builder, name, id, primitives[type](builder), [], dictionary)
  }
  const element = primitives[type.list](builder)
  const child = field(builder, 'element', type.elementId, element, [], dictionary)
  return field(builder, name, id, [Type.List, List.createList(builder)], [child])
}

type Typed = readonly [Type, number]

const primitives: Readonly<Record<Primitive, (builder: Builder) => Typed>> = {
  boolean: (builder) => [Type.Bool, Bool.createBool(builder)],
  int: (builder) => [Type.Int, Int.createInt(builder, 32, true)],
  long: (builder) => [Type.Int, Int.createInt(builder, 64, true)],
  double: (builder) => [
    Type.FloatingPoint,
    FloatingPoint.createFloatingPoint(builder, Precision.DOUBLE),
  ],
  string: (builder) => [Type.Utf8, Utf8.createUtf8(builder)],
  timestamptz: (builder) => {
    const utc = builder.createString('UTC')
    return [Type.Timestamp, Timestamp.createTimestamp(builder, TimeUnit.MICROSECOND, utc)]
  },
}

const field = (
  builder: Builder,
  name: string,
  id: number,
  [type, typeOffset]: Typed,
  children: number[],
  dictionary?: number,
): number => {
  const nameOffset = builder.createString(name)
  const childrenOffset = ArrowField.createChildrenVector(builder, children)
  const metadata = ArrowField.createCustomMetadataVector(builder, [fieldId(builder, id)])
  const encoding = dictionary === undefined ? 0 : dictionaryEncoding(builder, dictionary)
  ArrowField.startField(builder)
  ArrowField.addName(builder, nameOffset)
  ArrowField.addNullable(builder, true)
  ArrowField.addTypeType(builder, type)
  ArrowField.addType(builder, typeOffset)
  if (encoding !== 0) ArrowField.addDictionary(builder, encoding)
  ArrowField.addChildren(builder, childrenOffset)
  ArrowField.addCustomMetadata(builder, metadata)
  return ArrowField.endField(builder)
}

/** The key from which parquet-wasm takes a column's `field_id`. */
const fieldId = (builder: Builder, id: number): number => {
  const key = builder.createString('PARQUET:field_id')
  const value = builder.createString(String(id))
  return KeyValue.createKeyValue(builder, key, value)
}

/** Dictionaries are indexed by 32-bit signed integers. */
const dictionaryEncoding = (builder: Builder, id: number): number => {
  const indexType = Int.createInt(builder, 32, true)
  DictionaryEncoding.startDictionaryEncoding(builder)
  DictionaryEncoding.addId(builder, BigInt(id))
  DictionaryEncoding.addIndexType(builder, indexType)
  return DictionaryEncoding.endDictionaryEncoding(builder)
}
