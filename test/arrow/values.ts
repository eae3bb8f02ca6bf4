import type { RecordBatch } from '../../src/arrow/record-batch.ts'
import { isValid, type Utf8Vector, type Validity, type Vector } from '../../src/arrow/vector.ts'

/** Vectors from plain values and back, one value at a time: slow, and too simple to be wrong. */

type Kind = Exclude<Vector['kind'], 'list' | 'dictionary'>
export type Value = number | bigint | boolean | string | null | Value[]

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export const bitmap = (bits: readonly boolean[]): Uint8Array => {
  const bytes = new Uint8Array((bits.length + 7) >> 3)
  bits.forEach((bit, i) => {
    if (bit) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7))
  })
  return bytes
}

const validityOf = (values: readonly Value[]): Validity =>
  values.includes(null) ? bitmap(values.map((value) => value !== null)) : null

/** The vector of `values`; null is a missing value. */
export const vectorOf = (kind: Kind, values: readonly Value[]): Vector => {
  const base = { length: values.length, validity: validityOf(values) }
  switch (kind) {
    case 'int32':
      return { ...base, kind, values: Int32Array.from(values, (value) => Number(value ?? 0)) }
    case 'int64': {
      const whole = BigInt64Array.from(values, (value) => BigInt((value ?? 0) as bigint))
      return { ...base, kind, halves: new Int32Array(whole.buffer) }
    }
    case 'float64':
      return { ...base, kind, values: Float64Array.from(values, (value) => Number(value ?? 0)) }
    case 'bool':
      return { ...base, kind, bits: bitmap(values.map((value) => value === true)) }
    case 'utf8': {
      const bytes = values.map((value) => encoder.encode(String(value ?? '')))
      const data = new Uint8Array(bytes.reduce((size, { length }) => size + length, 0))
      const offsets = new Int32Array(values.length + 1)
      bytes.forEach((string, i) => {
        data.set(string, offsets[i])
        offsets[i + 1] = (offsets[i] as number) + string.length
      })
      return { ...base, kind, offsets, data }
    }
  }
}

/** A dictionary vector over `entries`; `indices` may be shared between columns. */
export const dictionaryOf = (
  indices: Int32Array,
  entries: readonly (string | null)[],
  validity: Validity = null,
): Vector => {
  const dictionary = vectorOf('utf8', entries) as Utf8Vector
  return { kind: 'dictionary', length: indices.length, validity, indices, dictionary }
}

/** A list vector; `offsets` may be shared between columns of equal lengths. */
export const listOf = (
  kind: Kind,
  lists: readonly (Value[] | null)[],
  offsets = offsetsOf(lists),
): Vector => {
  const values = vectorOf(
    kind,
    lists.flatMap((list) => list ?? []),
  )
  return { kind: 'list', length: lists.length, validity: validityOf(lists), offsets, values }
}

const offsetsOf = (lists: readonly (Value[] | null)[]): Int32Array => {
  let end = 0
  return Int32Array.from([0, ...lists.map((list) => (end += list?.length ?? 0))])
}

/** The values of a vector. */
export const valuesOf = (vector: Vector): Value[] =>
  Array.from({ length: vector.length }, (_, i) => valueAt(vector, i))

const valueAt = (vector: Vector, i: number): Value => {
  if (!isValid(vector.validity, i)) return null
  switch (vector.kind) {
    case 'int32':
    case 'float64':
      return vector.values[i] as number
    case 'int64': {
      const [low, high] = vector.halves.subarray(2 * i) as unknown as [number, number]
      return (BigInt(high) << 32n) | BigInt(low >>> 0)
    }
    case 'bool':
      return isValid(vector.bits, i)
    case 'utf8':
      return decoder.decode(vector.data.subarray(vector.offsets[i], vector.offsets[i + 1]))
    case 'dictionary':
      return valueAt(vector.dictionary, vector.indices[i] as number)
    case 'list':
      return valuesOf(vector.values).slice(vector.offsets[i], vector.offsets[i + 1])
  }
}

/** A batch of these columns; types do not matter to whom moves rows. */
export const batchOf = (columns: Readonly<Record<string, Vector>>): RecordBatch => ({
  fields: Object.keys(columns).map((name, i) => ({ name, id: i + 1, type: 'string' })),
  columns: Object.values(columns),
  numRows: Object.values(columns)[0]?.length ?? 0,
})
