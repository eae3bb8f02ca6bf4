// Protects: memory that is given back is a batch's own, and all that is large of it.
import { expect, test } from 'vitest'
import { freeBatch } from '../../src/arrow/free.ts'
import type { RecordBatch } from '../../src/arrow/record-batch.ts'
import type { Vector } from '../../src/arrow/vector.ts'
import { free } from '../../src/bytes.ts'

const rows = 20_000
const base = { length: rows, validity: null }
const batchOf = (...columns: Vector[]): RecordBatch => ({ fields: [], columns, numRows: rows })
const int32 = (validity: Uint8Array | null = null): Vector => ({
  ...{ kind: 'int32', length: rows, validity, values: new Int32Array(rows) },
})
const text = (): Extract<Vector, { kind: 'utf8' }> => ({
  ...{ ...base, kind: 'utf8', offsets: new Int32Array(rows + 1), data: new Uint8Array(10 * rows) },
})

/** Bytes of every buffer, depth first. */
const sizes = (value: object): number[] =>
  Object.values(value).flatMap((inner) =>
    ArrayBuffer.isView(inner)
      ? [inner.buffer.byteLength]
      : typeof inner === 'object' && inner !== null
        ? sizes(inner)
        : [],
  )

const kinds: [string, Vector][] = [
  ['int32', int32(new Uint8Array(70_000))],
  ['int64', { ...base, kind: 'int64', halves: new Int32Array(2 * rows) }],
  ['float64', { ...base, kind: 'float64', values: new Float64Array(rows) }],
  ['bool', { ...base, kind: 'bool', bits: new Uint8Array(70_000) }],
  ['utf8', text()],
  [
    'dictionary',
    { ...base, kind: 'dictionary', indices: new Int32Array(rows), dictionary: text() },
  ],
  ['list', { ...base, kind: 'list', offsets: new Int32Array(rows + 1), values: int32() }],
]

test.each(kinds)('%s: every buffer', (_, vector) => {
  expect(Math.min(...sizes(vector))).toBeGreaterThan(0)
  freeBatch(batchOf(vector))
  expect(Math.max(...sizes(vector))).toBe(0)
})

test('what another batch has too stays', () => {
  const [shared, own] = [text(), text()]
  const indices = new Int32Array(rows)
  const column = { ...base, kind: 'dictionary', indices, dictionary: shared } as const
  freeBatch(batchOf(column, own), [batchOf(shared)])
  expect(indices.length).toBe(0)
  expect(own.data.length).toBe(0)
  expect(shared.data.length).toBe(10 * rows)
  expect(shared.offsets.length).toBe(rows + 1)
})

test('a column of 8192 numbers is large', () => {
  const values = new Int32Array(8192)
  freeBatch(batchOf({ kind: 'int32', length: 8192, validity: null, values }))
  expect(values.length).toBe(0)
})

test('a buffer in two columns, and small ones: constants that all batches share', () => {
  const column = text()
  const small = { ...base, kind: 'int32', length: 2, values: Int32Array.of(1, 2) } as const
  freeBatch(batchOf(column, column, small))
  expect(column.data.length).toBe(0)
  expect([...small.values]).toEqual([1, 2])
})

test('twice is once', () => {
  const bytes = new Uint8Array(9)
  free(bytes.buffer)
  free(bytes.buffer)
  expect(bytes.length).toBe(0)
})
