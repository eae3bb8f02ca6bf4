/** Columns compared byte by byte: what two encodings of one message must agree on. */
import {
  type DictionaryVector,
  isValid,
  type Utf8Vector,
  type Validity,
  type Vector,
} from '../../src/arrow/vector.ts'
import type { Decoded } from '../../src/otlp/decode.ts'

/**
 * How two results of decoding differ: the name of the first column that does, null when none does.
 * - `bytes`: every byte of every buffer counts
 * - `values`: dictionaries may differ (a label that was sent twice leaves an entry that no row uses) and NaNs, not the
 *   values they give
 */
export type Strictness = 'bytes' | 'values'

/** The first column in which two results differ, or how else they do; null when they are the same. */
export const difference = (a: Decoded, b: Decoded, strictness: Strictness): string | null => {
  const [names, otherNames] = [a, b].map(({ batches }) => batches.map(({ table }) => table.name))
  if (String(names) !== String(otherNames)) return `tables ${names} and ${otherNames}`
  for (const [i, { table, batch }] of a.batches.entries()) {
    const other = b.batches[i]?.batch.columns ?? []
    const at = batch.columns.findIndex((column, k) => differs(column, other[k], strictness))
    if (at >= 0) return `${table.name}.${batch.fields[at]?.name}`
  }
  return null
}

const differs = (a: Vector, b: Vector | undefined, strictness: Strictness): boolean => {
  if (b === undefined || a.kind !== b.kind || a.length !== b.length) return true
  if (!sameBits(a.validity, b.validity, a.length)) return true
  switch (a.kind) {
    case 'int32':
      return !sameItems(a.values, (b as typeof a).values, a.length)
    case 'int64':
      return !sameItems(a.halves, (b as typeof a).halves, 2 * a.length)
    case 'float64':
      return strictness === 'bytes'
        ? !sameItems(halvesOf(a.values), halvesOf((b as typeof a).values), 2 * a.length)
        : !sameItems(a.values, (b as typeof a).values, a.length)
    case 'bool':
      return !sameBits(a.bits, (b as typeof a).bits, a.length)
    case 'utf8':
      return !sameText(a, b as typeof a)
    case 'dictionary':
      return strictness === 'bytes'
        ? !sameItems(a.indices, (b as typeof a).indices, a.length) ||
            differs(a.dictionary, (b as typeof a).dictionary, strictness)
        : !sameEntries(a, b as typeof a)
    case 'list':
      return (
        !sameItems(a.offsets, (b as typeof a).offsets, a.length + 1) ||
        differs(a.values, (b as typeof a).values, strictness)
      )
  }
}

type Items = Int32Array | Float64Array

const sameItems = (a: Items, b: Items, count: number): boolean => {
  for (let i = 0; i < count; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

const halvesOf = ({ buffer, byteOffset, length }: Float64Array): Int32Array =>
  new Int32Array(buffer, byteOffset, 2 * length)

const sameBits = (a: Validity, b: Validity, count: number): boolean => {
  for (let i = 0; i < count; i++) if (isValid(a, i) !== isValid(b, i)) return false
  return true
}

const sameText = (a: Utf8Vector, b: Utf8Vector): boolean =>
  sameItems(a.offsets, b.offsets, a.length + 1) &&
  sameBytes(a.data, 0, b.data, 0, a.offsets[a.length] as number)

const sameEntries = (a: DictionaryVector, b: DictionaryVector): boolean => {
  for (let i = 0; i < a.length; i++) if (!sameEntry(a, b, i)) return false
  return true
}

/** Whether value `i` of two dictionary vectors is the same text, or missing in both. */
const sameEntry = (a: DictionaryVector, b: DictionaryVector, i: number): boolean => {
  const [k, l] = [a.indices[i] as number, b.indices[i] as number]
  const [x, y] = [a.dictionary, b.dictionary]
  if (isValid(x.validity, k) !== isValid(y.validity, l)) return false
  const [s, t] = [x.offsets[k] as number, y.offsets[l] as number]
  const length = (x.offsets[k + 1] as number) - s
  return length === (y.offsets[l + 1] as number) - t && sameBytes(x.data, s, y.data, t, length)
}

const sameBytes = (a: Uint8Array, s: number, b: Uint8Array, t: number, count: number): boolean => {
  for (let i = 0; i < count; i++) if (a[s + i] !== b[t + i]) return false
  return true
}
