// Protects: the order of rows in a file is the table's sort order, bytewise, stable, nulls first or wherever it wants them.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type SortColumn, sortDirection } from '../../src/arrow/sort-column.ts'
import type { Vector } from '../../src/arrow/vector.ts'
import { sortedRows } from '../../src/tables/sort.ts'
import { batchOf, dictionaryOf, type Value, valuesOf, vectorOf } from '../arrow/values.ts'

const compare = (a: Value, b: Value, by: SortColumn): number => {
  const { descending, nullsFirst } = sortDirection(by)
  if (a === null || b === null) {
    if (a === b) return 0
    return (a === null) === nullsFirst ? -1 : 1
  }
  return descending ? -ascending(a, b) : ascending(a, b)
}

const ascending = (a: Value, b: Value): number => {
  if (a === b) return 0
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  return (a as bigint) < (b as bigint) ? -1 : 1
}

/** The order by a plain comparator over plain values. */
const expected = (columns: Vector[], rows: number[], by: readonly SortColumn[]): number[] => {
  const values = columns.map(valuesOf)
  return rows.toSorted((a, b) => {
    for (const [i, column] of values.entries()) {
      const order = compare(column[a] as Value, column[b] as Value, by[i] as SortColumn)
      if (order !== 0) return order
    }
    return rows.indexOf(a) - rows.indexOf(b)
  })
}

const length = 40
const column = (arbitrary: fc.Arbitrary<Value>) =>
  fc.array(fc.option(arbitrary, { nil: null }), { minLength: length, maxLength: length })
const name = fc.oneof(
  fc.constantFrom('a', 'aa', 'A', 'b', 'é', 'z', '\u{1F600}', '\uffff', 'a\0', ''),
  fc.string({ unit: 'binary', maxLength: 5 }),
)
const utf8 = column(name).map((v) => vectorOf('utf8', v))
const dictionary = fc
  .tuple(
    fc.array(fc.option(name, { nil: null }), { minLength: 1 }),
    fc.array(fc.nat(), { minLength: length, maxLength: length }),
  )
  .map(([entries, at]) =>
    dictionaryOf(
      Int32Array.from(at, (i) => i % entries.length),
      entries,
    ),
  )
/** Equal times, an hour's, any 63-bit time, any at all: the last two need more than one double. */
const times = fc.oneof(
  ...(
    [
      [0n, 1n],
      [1_790_000_000_000_000n, 1_790_003_600_000_000n],
      [0n, 2n ** 63n / 1000n],
      [-(2n ** 63n), 2n ** 63n - 1n],
    ] as const
  ).map(([min, max]) => column(fc.bigInt(min, max)).map((v) => vectorOf('int64', v))),
)
const ints = column(fc.integer()).map((v) => vectorOf('int32', v))

/** As the columns of our tables are sorted, or in any direction. */
const directions = fc.array(
  fc.option(
    fc.tuple(fc.boolean(), fc.boolean()).map(([descending, nullsFirst]) => (name: string) => ({
      name,
      descending,
      nullsFirst,
    })),
  ),
  { minLength: 3, maxLength: 3 },
)

test.each([
  ['dictionary, time', [dictionary, times]],
  ['dictionary, utf8, time', [dictionary, utf8, times]],
  ['time, time, int', [times, times, ints]],
  ['utf8', [utf8]],
] as [string, fc.Arbitrary<Vector>[]][])('%s', (_, vectors) => {
  const rows = fc.shuffledSubarray([...Array(length).keys()])
  fc.assert(
    fc.property(fc.tuple(...vectors), rows, directions, (columns, rows, directions) => {
      const batch = batchOf(Object.fromEntries(columns.map((vector, i) => [`c${i}`, vector])))
      const by = columns.map((_, i) => directions[i]?.(`c${i}`) ?? `c${i}`)
      const all = [...Array(length).keys()]
      const sorted = sortedRows(batch, by)
      expect([...(sorted ?? all)]).toEqual(expected(columns, all, by))
      const some = sortedRows(batch, by, Int32Array.from(rows))
      expect([...(some as Int32Array)]).toEqual(expected(columns, rows, by))
    }),
    { numRuns: 300 },
  )
})

test('so many rows that memory is given back in between: nothing of the batch, nor of the rows', () => {
  const count = 6000
  const numbers = Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1))
  const columns = [
    dictionaryOf(
      Int32Array.from(numbers, (n) => (n >>> 5) % 3),
      ['b', null, 'a'],
    ),
    vectorOf(
      'int64',
      numbers.map((n) => BigInt(n) * 2n ** 31n),
    ),
    vectorOf('int32', numbers),
  ]
  const batch = batchOf(Object.fromEntries(columns.map((vector, i) => [`c${i}`, vector])))
  const by = ['c0', 'c1', 'c2']
  const all = [...numbers.keys()]
  const rows = Int32Array.from(all.toReversed())
  const order = expected(columns, all, by)
  for (let time = 0; time < 2; time++) {
    expect([...(sortedRows(batch, by) as Int32Array)]).toEqual(order)
    expect([...(sortedRows(batch, by, rows) as Int32Array)]).toEqual(order)
  }
})

test('rows in order stay: null for all, the same array for some', () => {
  const batch = batchOf({ t: vectorOf('int64', [1, 2, 2, 9]) })
  const rows = Int32Array.of(1, 2, 3)
  expect(sortedRows(batch, ['t'])).toBeNull()
  expect(sortedRows(batch, ['t'], rows)).toBe(rows)
  expect(sortedRows(batchOf({ t: vectorOf('int64', []) }), ['t'])).toBeNull()
})

test('more rows than a double has room for beside a 32-bit half', () => {
  const count = 2 ** 21 + 2
  const halves = new Int32Array(2 * count)
  for (let row = 0; row < count; row++) {
    halves[2 * row] = Math.imul(row, 0x9e3779b1)
    halves[2 * row + 1] = row & 1
  }
  const batch = batchOf({ t: { kind: 'int64', length: count, validity: null, halves } })
  const sorted = sortedRows(batch, ['t']) as Int32Array
  const time = (i: number) => {
    const row = sorted[i] as number
    return (halves[2 * row + 1] as number) * 2 ** 32 + ((halves[2 * row] as number) >>> 0)
  }
  let wrong = 0
  for (let i = 1; i < count; i++) if (time(i) < time(i - 1)) wrong++
  expect(wrong).toBe(0)
})

test('a column that cannot be sorted by, or is not there, is named', () => {
  const batch = batchOf({ b: vectorOf('bool', [true]) })
  expect(() => sortedRows(batch, ['b'])).toThrow('cannot sort by a column of kind bool')
  expect(() => sortedRows(batch, ['c'])).toThrow('cannot read column c')
})
