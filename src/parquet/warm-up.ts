/** Makes the first request as fast as the others. */
import type { Field, FieldType, RecordBatch } from '../arrow/record-batch.ts'
import type { Utf8Vector, Vector } from '../arrow/vector.ts'
import type { Encoder } from './encoder.ts'

/** Encodes a tiny batch that has a column of every kind, so that the code for each is compiled. */
export const warmUp = (encoder: Encoder): void => {
  encoder.encode(everyKind)
}

const length = 2
const base = { length, validity: Uint8Array.of(1) }

const utf8: Utf8Vector = {
  ...base,
  kind: 'utf8',
  offsets: Int32Array.of(0, 1, 1),
  data: Uint8Array.of(0x61),
}
const int64: Vector = { ...base, kind: 'int64', halves: new Int32Array(2 * length) }
const float64: Vector = { ...base, kind: 'float64', values: new Float64Array(length) }

const listOf = (values: Vector): Vector => ({
  ...base,
  kind: 'list',
  offsets: Int32Array.of(0, length, length),
  values,
})

const columns: readonly [FieldType, Vector][] = [
  ['boolean', { ...base, kind: 'bool', bits: Uint8Array.of(1) }],
  ['int', { ...base, kind: 'int32', values: new Int32Array(length) }],
  ['long', int64],
  ['timestamptz', int64],
  ['double', float64],
  ['string', utf8],
  ['string', { ...base, kind: 'dictionary', indices: new Int32Array(length), dictionary: utf8 }],
  [{ list: 'long', elementId: 101 }, listOf(int64)],
  [{ list: 'timestamptz', elementId: 102 }, listOf(int64)],
  [{ list: 'double', elementId: 103 }, listOf(float64)],
  [{ list: 'string', elementId: 104 }, listOf(utf8)],
]

const everyKind: RecordBatch = {
  fields: columns.map(([type], i): Field => ({ name: `c${i}`, id: i + 1, type })),
  columns: columns.map(([, vector]) => vector),
  numRows: length,
}
