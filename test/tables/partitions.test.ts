// Protects: every row goes into the file of its partition's values, once, whatever the column's kind and however many
// fields there are.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Utf8Vector, Vector } from '../../src/arrow/vector.ts'
import {
  type PartitionSource,
  type PartitionValue,
  partitionRows,
} from '../../src/tables/partitions.ts'
import { batchOf, bitmap, dictionaryOf, type Value, valuesOf, vectorOf } from '../arrow/values.ts'

const hour = 3_600_000_000n

const batch = (columns: Readonly<Record<string, Vector>>, times?: readonly bigint[]) => {
  const count = Object.values(columns)[0]?.length ?? 0
  const filled = times ?? Array.from({ length: count }, (_, i) => BigInt(i))
  return batchOf({
    Timestamp: vectorOf('int64', filled),
    TimeUnixNano: vectorOf('int64', Array(count).fill(1n)),
    ...columns,
  })
}

/** Values as they are; strings are handed over as bytes. */
const identity = (column: string): PartitionSource => ({
  column,
  ofValue: (value) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value),
})

const found = (columns: Readonly<Record<string, Vector>>, sources: readonly PartitionSource[]) =>
  partitionRows(batch(columns), sources).map(({ values, rows, count }) => [
    values,
    rows === null ? 'all' : [...rows],
    count,
  ])

describe('rows are divided by the values of', () => {
  const cases: [string, Vector, readonly PartitionValue[]][] = [
    ['strings', vectorOf('utf8', ['b', 'a', null, 'b', '']), ['b', 'a', null, 'b', '']],
    ['ints', vectorOf('int32', [3, null, 3, -1]), [3, null, 3, -1]],
    ['longs', vectorOf('int64', [-1n, 2n ** 62n, null]), [-1n, 2n ** 62n, null]],
    ['doubles', vectorOf('float64', [0, -0, Number.NaN, null]), [0, -0, Number.NaN, null]],
    ['booleans', vectorOf('bool', [true, null, false]), [true, null, false]],
    [
      'a dictionary with equal and null entries',
      dictionaryOf(
        Int32Array.of(0, 1, 2, 3, 0),
        ['a', 'b', 'a', null],
        bitmap([true, true, true, true, false]),
      ),
      ['a', 'b', 'a', null, null],
    ],
  ]
  test.each(cases)('%s', (_, vector, values) => {
    const groups = partitionRows(batch({ c: vector }), [identity('c')])
    const ofRows: PartitionValue[] = []
    for (const {
      values: [value = null],
      rows,
    } of groups) {
      for (const row of rows ?? []) ofRows[row] = value
    }
    expect(ofRows).toStrictEqual(values)
    const distinct = values.filter((value, i) => values.findIndex((v) => Object.is(v, value)) === i)
    expect(groups.map(({ values }) => values[0])).toStrictEqual(distinct)
  })

  test('an entry of a dictionary asks once', () => {
    let asked = 0
    const counting: PartitionSource = { column: 'c', ofValue: () => ++asked % 2 }
    const vector = dictionaryOf(Int32Array.of(0, 0, 1, 1, 0), ['a', 'b', 'unused'])
    expect(found({ c: vector }, [counting])).toEqual([
      [[1], [0, 1, 4], 3],
      [[0], [2, 3], 2],
    ])
    expect(asked).toBe(2)
  })

  test('hours, before 1970 too, null for no time', () => {
    const times = vectorOf('int64', [-1n, 0n, hour - 1n, hour, null, -hour, -hour - 1n])
    const source: PartitionSource = { column: 't', ofHour: (hour) => hour }
    expect(found({ t: times }, [source]).map(([values, rows]) => [values, rows])).toEqual([
      [[-1], [0, 5]],
      [[0], [1, 2]],
      [[1], [3]],
      [[null], [4]],
      [[-2], [6]],
    ])
  })
})

test('without a field, or with null for all, there is one file', () => {
  const c = vectorOf('utf8', ['a', 'b'])
  expect(found({ c }, [])).toEqual([[[], 'all', 2]])
  expect(found({ c }, [null])).toEqual([[[null], 'all', 2]])
  expect(partitionRows(batch({ c: vectorOf('utf8', []) }), [identity('c')])).toEqual([])
})

test('rows without a time are kept apart, and are named after none', () => {
  const times = vectorOf('int64', [5n, 7n, 3n, 9n])
  const set = vectorOf('int64', [0n, 1n, 1n, 0n])
  const c = vectorOf('utf8', ['a', 'a', 'a', 'b'])
  const groups = partitionRows(batchOf({ Timestamp: times, TimeUnixNano: set, c }), [identity('c')])
  expect(
    groups.map(({ values, timeless, timestamp, rows }) => [
      ...values,
      timeless,
      timestamp,
      rows?.length,
    ]),
  ).toEqual([
    ['a', true, 0n, 1],
    ['a', false, 3n, 2],
    ['b', true, 0n, 1],
  ])
})

test('a column that cannot be a partition is a bug', () => {
  const list = { kind: 'list', length: 1, validity: null, offsets: Int32Array.of(0, 0) } as const
  const values = vectorOf('utf8', []) as Utf8Vector
  expect(() => found({ c: { ...list, values } }, [identity('c')])).toThrow(
    'cannot partition by a column of kind list',
  )
})

const length = 30
const column = (values: fc.Arbitrary<Value>) =>
  fc.array(fc.option(values, { nil: null }), { minLength: length, maxLength: length })
const any = fc.oneof(
  column(fc.constantFrom('a', 'b', 'ab', '')).map((v) => vectorOf('utf8', v)),
  column(fc.integer({ min: -2, max: 2 })).map((v) => vectorOf('int32', v)),
  column(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)).map((v) => vectorOf('int64', v)),
  column(fc.boolean()).map((v) => vectorOf('bool', v)),
)

test('of any fields, each row is in the one file that has its values', () => {
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 12 }), (vectors) => {
      const columns = Object.fromEntries(vectors.map((vector, i) => [`c${i}`, vector]))
      const groups = partitionRows(batch(columns), Object.keys(columns).map(identity))
      const seen: number[] = []
      for (const { values, rows, count } of groups) {
        const members = rows === null ? Array.from({ length }, (_, i) => i) : [...rows]
        expect(members.length).toBe(count)
        for (const row of members) expect(vectors.map((v) => valuesOf(v)[row])).toEqual(values)
        seen.push(...members)
      }
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
      const tuples = groups.map(
        ({ values }) => values.map(String).join('|') + values.map((v) => typeof v),
      )
      expect(new Set(tuples).size).toBe(groups.length)
    }),
    { numRuns: 60 },
  )
})

test('more fields than one number has room for', () => {
  const half = 599
  // 2 × 599^6 combinations could be; every row has a twin that differs from it in the last field alone.
  const value = (row: number, i: number) =>
    (((row % half) + (i === 5 && row >= half ? 1 : 0)) * (i + 1)) % half
  const columns = Object.fromEntries(
    Array.from({ length: 6 }, (_, i) => [
      `c${i}`,
      vectorOf(
        'int32',
        Array.from({ length: 2 * half }, (_, row) => value(row, i)),
      ),
    ]),
  )
  const groups = partitionRows(batch(columns), Object.keys(columns).map(identity))
  expect(groups.map(({ count }) => count)).toEqual(Array(2 * half).fill(1))
})
