/** From the columns of messages to Arrow vectors, without a copy where the layouts are the same. */
import type {
  BoolVector,
  DictionaryVector,
  Float64Vector,
  Int32Vector,
  Int64Vector,
  ListVector,
  Utf8Vector,
  Validity,
  Vector,
} from '../arrow/vector.ts'
import {
  type AnyValueColumn,
  Capture,
  type Float64Column,
  type Int32Column,
  type Int64Column,
  type TextColumn,
} from './columns.ts'
import type { LabelColumn } from './labels.ts'
import type { Float64sColumn, Int64sColumn } from './lists.ts'
import { valueTypes } from './protobuf-any-value.ts'

/** A validity bitmap from a flag a row (not 0: there); null when every value is there. */
export const bitmap = (flags: Uint8Array, length: number): Validity => {
  let missing = false
  const bits = new Uint8Array((length + 7) >> 3)
  for (let i = 0; i < length; i++) {
    if (flags[i] === 0) missing = true
    else bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7))
  }
  return missing ? bits : null
}

/** The texts of a column; a capture's are null where the attribute is absent. */
export const text = (
  column: TextColumn,
  length: number,
  validity: Validity = null,
): Utf8Vector => ({
  kind: 'utf8',
  length,
  validity: column instanceof Capture ? bitmap(column.presence.flags, length) : validity,
  offsets: column.offsets.subarray(0, length + 1),
  data: column.text.data.subarray(0, column.offsets[length]),
})

/** The strings of a column that repeat, as a dictionary. */
export const label = (column: LabelColumn, length: number): DictionaryVector =>
  dictionary(column.indices.subarray(0, length), text(column.entries, column.count))

/** Value `i` is entry `indices[i]`. */
export const dictionary = (
  indices: Int32Array,
  entries: Utf8Vector,
  validity: Validity = null,
): DictionaryVector => ({
  kind: 'dictionary',
  length: indices.length,
  validity,
  indices,
  dictionary: entries,
})

const encoder = new TextEncoder()

/** Strings as a vector, for dictionaries. */
export const strings = (values: readonly string[]): Utf8Vector => {
  const parts = values.map((value) => encoder.encode(value))
  const offsets = new Int32Array(values.length + 1)
  parts.forEach((part, i) => {
    offsets[i + 1] = (offsets[i] as number) + part.length
  })
  const data = new Uint8Array(offsets[values.length] as number)
  parts.forEach((part, i) => {
    data.set(part, offsets[i])
  })
  return { kind: 'utf8', length: values.length, validity: null, offsets, data }
}

/** The same string in every row. */
export const constant = (value: string, length: number): DictionaryVector =>
  dictionary(new Int32Array(length), strings([value]))

/** AnyValues as text: null where there is none. */
export const body = (column: AnyValueColumn, length: number): Utf8Vector =>
  text(column, length, bitmap(column.types, length))

const typeNames = strings(valueTypes)

/** Which member of `AnyValue.value` each was: `string`, `bool`, … ; null where there is none. */
export const bodyType = (column: AnyValueColumn, length: number): DictionaryVector =>
  dictionary(
    Int32Array.from(column.types.subarray(0, length)),
    typeNames,
    bitmap(column.types, length),
  )

/** 64-bit integers; null where the field is tracked and absent. */
export const int64 = (column: Int64Column, length: number): Int64Vector => ({
  kind: 'int64',
  length,
  validity: column.tracked ? bitmap(column.presence.flags, length) : null,
  halves: column.halves.subarray(0, 2 * length),
})

/** Doubles; null where the field is tracked and absent. */
export const float64 = (column: Float64Column, length: number): Float64Vector => ({
  kind: 'float64',
  length,
  validity: column.tracked ? bitmap(column.presence.flags, length) : null,
  values: column.values.subarray(0, length),
})

/** The first `length` of `values`. */
export const int32 = (
  values: Int32Array,
  length: number,
  validity: Validity = null,
): Int32Vector => ({
  kind: 'int32',
  length,
  validity,
  values: values.subarray(0, length),
})

/** Unsigned 32-bit integers as `long`: Iceberg has no unsigned type. */
export const uint32 = (
  column: Int32Column,
  length: number,
  validity: Validity = null,
): Int64Vector => {
  const halves = new Int32Array(2 * length)
  for (let i = 0; i < length; i++) halves[2 * i] = column.values[i] as number
  return { kind: 'int64', length, validity, halves }
}

/** Booleans, from a number a row (not 0: true). */
export const bool = (values: Int32Array, length: number): BoolVector => {
  const bits = new Uint8Array((length + 7) >> 3)
  for (let i = 0; i < length; i++) {
    if (values[i] !== 0) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7))
  }
  return { kind: 'bool', length, validity: null, bits }
}

/** An enum's numbers as names; a number without one as its digits. */
export const enumNames = (
  values: Int32Array,
  length: number,
  names: readonly string[],
  validity: Validity = null,
): DictionaryVector => {
  const entries = [...names]
  const unknown = new Map<number, number>()
  const indices = new Int32Array(length)
  for (let i = 0; i < length; i++) {
    const value = values[i] as number
    if (value >= 0 && value < names.length) indices[i] = value
    else {
      if (!unknown.has(value)) unknown.set(value, entries.push(String(value)) - 1)
      indices[i] = unknown.get(value) as number
    }
  }
  return dictionary(indices, strings(entries), validity)
}

/** The lists that `offsets` cut out of `values`. */
export const list = (
  offsets: Int32Array,
  length: number,
  values: Vector,
  validity: Validity = null,
): ListVector => ({
  kind: 'list',
  length,
  validity,
  offsets: offsets.subarray(0, length + 1),
  values,
})

/** Lists of 64-bit integers. */
export const int64s = (
  column: Int64sColumn,
  length: number,
  validity: Validity = null,
): ListVector =>
  list(
    column.offsets,
    length,
    { kind: 'int64', length: column.count, validity: null, halves: column.halves },
    validity,
  )

/** Lists of doubles. */
export const float64s = (column: Float64sColumn, length: number): ListVector =>
  list(column.offsets, length, {
    kind: 'float64',
    length: column.count,
    validity: null,
    values: column.values,
  })

/** A double, or an integer's double: `as_double` and `as_int` are members of one oneof. */
export const doubleOf = (
  double: Float64Column,
  int: Int64Column,
  length: number,
): Float64Vector => {
  const values = double.values.slice(0, length)
  const flags = double.presence.flags.slice(0, length)
  for (let i = 0; i < length; i++) {
    if (int.presence.flags[i] === 1) {
      flags[i] = 1
      values[i] =
        (int.halves[2 * i + 1] as number) * 4294967296 + ((int.halves[2 * i] as number) >>> 0)
    }
  }
  return { kind: 'float64', length, validity: bitmap(flags, length), values }
}

/** Nanoseconds as microseconds, rounded down; 0 is null where `zeroIsNull`. Both below 2^63 and not negative. */
export const micros = (
  { halves }: Int64Column,
  length: number,
  zeroIsNull = false,
): Int64Vector => {
  const out = new Int32Array(2 * length)
  for (let i = 0; i < 2 * length; i += 2)
    divideBy1000(halves[i] as number, halves[i + 1] as number, out, i)
  const validity = zeroIsNull ? bitmap(nonZero(halves, length), length) : null
  return { kind: 'int64', length, validity, halves: out }
}

/** For each 64-bit value whether it is not 0. */
export const nonZero = (halves: Int32Array, length: number): Uint8Array => {
  const flags = new Uint8Array(length)
  for (let i = 0; i < length; i++)
    flags[i] = (halves[2 * i] as number) | (halves[2 * i + 1] as number) ? 1 : 0
  return flags
}

/** A 64-bit value below 2^63, divided by 1000 by hand: high half first, then its rest × 2^32 + low half, which is below 2^42. */
export const divideBy1000 = (low: number, high: number, out: Int32Array, i: number): void => {
  const quotient = (high / 1000) | 0
  out[i + 1] = quotient
  out[i] = Math.floor(((high - 1000 * quotient) * 4294967296 + (low >>> 0)) / 1000)
}

/** `a - b`, 64 bits each. */
export const difference = (a: Int32Array, b: Int32Array, length: number): Int64Vector => {
  const halves = new Int32Array(2 * length)
  for (let i = 0; i < 2 * length; i += 2) {
    const low = ((a[i] as number) >>> 0) - ((b[i] as number) >>> 0)
    halves[i] = low
    halves[i + 1] = (a[i + 1] as number) - (b[i + 1] as number) - (low < 0 ? 1 : 0)
  }
  return { kind: 'int64', length, validity: null, halves }
}

/** For each child its parent: the rows `offsets[i]` to `offsets[i + 1]` belong to `i`. */
export const parents = (offsets: Int32Array, count: number): Int32Array => {
  const out = new Int32Array(offsets[count] as number)
  for (let i = 0; i < count; i++) out.fill(i, offsets[i], offsets[i + 1])
  return out
}

/** `values[indices[i]]` for each `i`. */
export const gather = (values: Int32Array, indices: Int32Array): Int32Array => {
  const out = new Int32Array(indices.length)
  for (let i = 0; i < indices.length; i++) out[i] = values[indices[i] as number] as number
  return out
}
