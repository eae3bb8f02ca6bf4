// Protects: moving rows changes no value, of no kind, and costs no more than the rows moved.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { take, takeVector } from '../../src/arrow/take.ts'
import type { DictionaryVector, ListVector, Vector } from '../../src/arrow/vector.ts'
import { batchOf, bitmap, dictionaryOf, listOf, type Value, valuesOf, vectorOf } from './values.ts'

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const int = fc.integer()
const long = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const text = fc.string({ unit: 'grapheme', maxLength: 80 })
const values = (arbitrary: fc.Arbitrary<Value>) =>
  fc.array(maybe(arbitrary), { minLength: 1, maxLength: 70 })
const lists = (arbitrary: fc.Arbitrary<Value>) =>
  values(fc.array(maybe(arbitrary), { maxLength: 4 }))

const kinds: [string, fc.Arbitrary<Vector>][] = [
  ['int32', values(int).map((v) => vectorOf('int32', v))],
  ['int64', values(long).map((v) => vectorOf('int64', v))],
  ['float64', values(fc.double()).map((v) => vectorOf('float64', v))],
  ['bool', values(fc.boolean()).map((v) => vectorOf('bool', v))],
  ['utf8', values(text).map((v) => vectorOf('utf8', v))],
  ['list of int64', lists(long).map((v) => listOf('int64', v as Value[][]))],
  ['list of utf8', lists(text).map((v) => listOf('utf8', v as Value[][]))],
  [
    'dictionary',
    fc.tuple(fc.array(maybe(text), { minLength: 1 }), values(fc.nat())).map(([entries, at]) =>
      dictionaryOf(
        Int32Array.from(at, (i) => Number(i ?? 0) % entries.length),
        entries,
        bitmap(at.map((i) => i !== null)),
      ),
    ),
  ],
]

test.each(kinds)('%s: value i is value rows[i]', (_, vectors) => {
  const cases = vectors.chain((vector) =>
    fc.tuple(fc.constant(vector), fc.array(fc.nat(vector.length - 1))),
  )
  fc.assert(
    fc.property(cases, ([vector, rows]) => {
      const before = valuesOf(vector)
      expect(valuesOf(takeVector(vector, Int32Array.from(rows)))).toEqual(
        rows.map((row) => before[row]),
      )
    }),
  )
})

test('a NaN keeps its bits', () => {
  const values = new Float64Array(new BigInt64Array([0x7ff0000000000abcn]).buffer)
  const taken = takeVector(
    { kind: 'float64', length: 1, validity: null, values },
    Int32Array.of(0),
  ) as { values: Float64Array }
  expect(new BigInt64Array(taken.values.buffer)[0]).toBe(0x7ff0000000000abcn)
})

test('validity goes when no value is missing any more', () => {
  const vector = vectorOf('int32', [1, null, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(takeVector(vector, Int32Array.of(0, 2, 3, 4, 5, 6, 7, 8, 9)).validity).toBeNull()
  expect(takeVector(vector, Int32Array.of(0, 1)).validity).not.toBeNull()
})

test('columns that shared indices, offsets or validity share them afterwards', () => {
  const indices = Int32Array.of(3, 1, 1, 0)
  const [a, b] = [dictionaryOf(indices, ['a', 'b', 'c', 'd']), dictionaryOf(indices, [...'wxyz'])]
  const c = listOf('utf8', [['p'], [], ['q', 'r'], null]) as ListVector
  const d = {
    ...listOf('int32', [[1], [], [2, 3], null]),
    offsets: c.offsets,
    validity: c.validity,
  }
  const batch = batchOf({ a, b, c, d: d as Vector })
  const [ta, tb, tc, td] = take(batch, Int32Array.of(3, 1)).columns as [
    DictionaryVector,
    DictionaryVector,
    ListVector,
    ListVector,
  ]
  expect([ta, tb, tc, td].map(valuesOf)).toEqual([
    ['a', 'b'],
    ['w', 'x'],
    [null, []],
    [null, []],
  ])
  expect(ta.indices).toBe(tb.indices)
  expect(tc.offsets).toBe(td.offsets)
  expect(tc.validity).toBe(td.validity)
})

test('a dictionary keeps the entries in use; one wholly in use stays as it is', () => {
  const vector = dictionaryOf(Int32Array.of(2, 0, 2, 1), ['a', 'b', 'c']) as DictionaryVector
  const some = takeVector(vector, Int32Array.of(0, 2)) as DictionaryVector
  expect(valuesOf(some.dictionary)).toEqual(['c'])
  const all = takeVector(vector, Int32Array.of(3, 2, 1, 0)) as DictionaryVector
  expect(all.dictionary).toBe(vector.dictionary)
})

test('many small takes out of many entries copy each entry once', () => {
  const entries = Array.from({ length: 1000 }, (_, i) => `resource ${i} ${'x'.repeat(100)}`)
  const batch = batchOf({ a: dictionaryOf(Int32Array.from(entries.keys()), entries) })
  let bytes = 0
  for (let row = 0; row < 1000; row++) {
    const [column] = take(batch, Int32Array.of(row)).columns as [DictionaryVector]
    bytes += column.dictionary.data.length + column.dictionary.offsets.byteLength
  }
  expect(bytes).toBe(entries.join('').length + 8 * entries.length)
})

test('values that are all null need no dictionary entry', () => {
  const vector = dictionaryOf(new Int32Array(3), [], bitmap([false, false, false]))
  expect(valuesOf(takeVector(vector, Int32Array.of(2, 0)))).toEqual([null, null])
})

test('no rows', () => {
  const batch = batchOf({ a: vectorOf('utf8', ['a']), b: listOf('int32', [[1]]) })
  const taken = take(batch, new Int32Array(0))
  expect(taken.numRows).toBe(0)
  expect(taken.columns.map(valuesOf)).toEqual([[], []])
})

test('so many rows that memory is given back in between: what was taken stays, and what it was taken from', () => {
  const count = 6000
  const at = Int32Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 20)
  const words = Array.from({ length: 4096 }, (_, i) => `${i}`)
  const numbers = Array.from(at, (n) => Array.from({ length: n % 5 }, (_, i) => n + i))
  const batch = batchOf({
    word: dictionaryOf(at, words),
    letter: dictionaryOf(
      at.map((n) => n % 3),
      ['a', 'b', 'c'],
    ),
    numbers: listOf('int32', numbers),
  })
  const rows = Int32Array.from({ length: count }, (_, i) => count - 1 - i)
  for (let time = 0; time < 2; time++) {
    const taken = take(batch, rows)
    for (const [i, column] of taken.columns.entries()) {
      expect(valuesOf(column)).toEqual(valuesOf(batch.columns[i] as Vector).toReversed())
    }
  }
})
