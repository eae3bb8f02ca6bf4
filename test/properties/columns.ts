/** Columns as bytes: what two encodings of one message must agree on. */
import type { RecordBatch } from '../../src/arrow/record-batch.ts'
import type { Utf8Vector, Validity, Vector } from '../../src/arrow/vector.ts'
import type { Decoded } from '../../src/otlp/decode.ts'

/** The bytes of every buffer of every table's columns, by `table.column.buffer`; what lies behind the values is cut off. */
export const buffersOf = ({ batches }: Decoded): Record<string, string> =>
  eachColumn(batches, (vector) => buffers(vector))

/**
 * The same without dictionaries: each value in its place. A label that was sent twice leaves an
 * entry that no row uses, and may so change a dictionary, but never a value.
 */
export const valuesOf = ({ batches }: Decoded): Record<string, string> =>
  eachColumn(batches, (vector) => buffers(spelledOut(vector)))

const eachColumn = (
  batches: Decoded['batches'],
  of: (vector: Vector) => Record<string, string>,
): Record<string, string> =>
  Object.fromEntries(
    batches.flatMap(({ table, batch }) =>
      batch.columns.flatMap((vector, i) =>
        Object.entries(of(vector)).map(([buffer, text]) => [
          `${table.name}.${nameOf(batch, i)}.${buffer}`,
          text,
        ]),
      ),
    ),
  )

const nameOf = ({ fields }: RecordBatch, i: number): string => fields[i]?.name ?? `column ${i}`

const text = ({ buffer, byteOffset }: ArrayBufferView, bytes: number): string =>
  Buffer.from(buffer, byteOffset, bytes).toString('latin1')

const buffers = (vector: Vector): Record<string, string> => {
  const { length, validity } = vector
  const base = { length: `${vector.kind} ${length}`, validity: bitmap(validity, length) }
  switch (vector.kind) {
    case 'int32':
      return { ...base, values: text(vector.values, 4 * length) }
    case 'int64':
      return { ...base, halves: text(vector.halves, 8 * length) }
    case 'float64':
      return { ...base, values: text(vector.values, 8 * length) }
    case 'bool':
      return { ...base, bits: bitmap(vector.bits, length) }
    case 'utf8':
      return {
        ...base,
        offsets: text(vector.offsets, 4 * (length + 1)),
        data: text(vector.data, vector.offsets[length] as number),
      }
    case 'dictionary':
      return {
        ...base,
        indices: text(vector.indices, 4 * length),
        ...within('dictionary', buffers(vector.dictionary)),
      }
    case 'list':
      return {
        ...base,
        offsets: text(vector.offsets, 4 * (length + 1)),
        ...within('values', buffers(vector.values)),
      }
  }
}

const within = (name: string, inner: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(inner).map(([key, value]) => [`${name}.${key}`, value]))

/** The bits of `length` values as digits; those behind them in the last byte mean nothing. */
const bitmap = (bits: Validity, length: number): string =>
  bits === null
    ? 'all'
    : Array.from({ length }, (_, i) => ((bits[i >> 3] as number) >> (i & 7)) & 1).join('')

/** Dictionaries, those of list elements too, as plain strings. */
const spelledOut = (vector: Vector): Vector => {
  if (vector.kind === 'list') return { ...vector, values: spelledOut(vector.values) }
  if (vector.kind !== 'dictionary') return vector
  const { length, validity, indices, dictionary } = vector
  const parts = Array.from({ length }, (_, i) => entry(dictionary, indices[i] as number))
  const offsets = new Int32Array(length + 1)
  parts.forEach((part, i) => {
    offsets[i + 1] = (offsets[i] as number) + part.length
  })
  return { kind: 'utf8', length, validity, offsets, data: Buffer.concat(parts) }
}

const entry = ({ offsets, data, validity }: Utf8Vector, i: number): Uint8Array => {
  const missing = validity !== null && (((validity[i >> 3] as number) >> (i & 7)) & 1) === 0
  return missing ? Buffer.from('\0null') : data.subarray(offsets[i], offsets[i + 1])
}
