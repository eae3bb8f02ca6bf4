// Protects: every record goes to the file of its service and hour, exactly once, and the limit on
// files rejects the same records each time.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { groupRows, limitGroups } from '../../src/tables/groups.ts'
import { batchOf, dictionaryOf, vectorOf } from '../arrow/values.ts'

type Row = [service: string | null, micros: bigint, sent?: 'unsent']

const hour = 3_600_000_000n

const batch = (rows: Row[], form: 'utf8' | 'dictionary' = 'dictionary') => {
  const services = rows.map(([service]) => service)
  const times = rows.map(([, micros, sent]) => (sent === 'unsent' ? 0n : micros * 1000n + 1n))
  return batchOf({
    Timestamp: vectorOf(
      'int64',
      rows.map(([, micros]) => micros),
    ),
    TimeUnixNano: vectorOf(
      'int64',
      times.map((nanos, i) => (i % 2 === 0 ? nanos : 0n)),
    ),
    ObservedTimeUnixNano: vectorOf('int64', times),
    ServiceName:
      form === 'utf8'
        ? vectorOf('utf8', services)
        : dictionaryOf(Int32Array.from(services.keys()), services),
  })
}

const plain = (rows: Row[], form?: 'utf8' | 'dictionary') =>
  groupRows(batch(rows, form)).map(({ service, hour, timeless, timestamp, count, rows }) => [
    service === null ? null : new TextDecoder().decode(service),
    hour,
    timestamp,
    rows === null ? 'all' : [...rows],
    count,
    ...(timeless ? ['timeless'] : []),
  ])

test.each([
  ['no rows', [], []],
  [
    'one group needs no rows',
    [
      ['a', 5n],
      ['a', 3n],
    ],
    [['a', 0, 3n, 'all', 2]],
  ],
  ['no service', [[null, 5n]], [[null, 0, 5n, 'all', 1]]],
  [
    'no service and an empty one differ',
    [
      [null, 5n],
      ['', 5n],
    ],
    [
      [null, 0, 5n, [0], 1],
      ['', 0, 5n, [1], 1],
    ],
  ],
  [
    'hours',
    [
      ['a', hour],
      ['a', hour - 1n],
    ],
    [
      ['a', 1, hour, [0], 1],
      ['a', 0, hour - 1n, [1], 1],
    ],
  ],
  [
    'services',
    [
      ['b', 1n],
      ['a', 2n],
      ['b', 0n],
    ],
    [
      ['b', 0, 0n, [0, 2], 2],
      ['a', 0, 2n, [1], 1],
    ],
  ],
  ['before 1970', [['a', -1n]], [['a', -1, -1n, 'all', 1]]],
  [
    'the last time there is',
    [['a', 2n ** 63n / 1000n]],
    [['a', 2562047, 2n ** 63n / 1000n, 'all', 1]],
  ],
  [
    'a time above 2^53, just before the hour',
    [['a', 2502001n * hour - 1n]],
    [['a', 2502000, 2502001n * hour - 1n, 'all', 1]],
  ],
  [
    'no time',
    [
      ['a', 7n, 'unsent'],
      ['a', 9n],
    ],
    [
      ['a', 0, 0n, [0], 1, 'timeless'],
      ['a', 0, 9n, [1], 1],
    ],
  ],
] as [string, Row[], unknown][])('%s', (_, rows, expected) => {
  expect(plain(rows)).toEqual(expected)
  expect(plain(rows, 'utf8')).toEqual(expected)
})

test('a point without a time, in a table that has no observed time', () => {
  const { fields, columns, numRows } = batch([['a', 5n, 'unsent']])
  const without = fields.map(({ name }) => name !== 'ObservedTimeUnixNano')
  const points = {
    fields: fields.filter((_, i) => without[i]),
    columns: columns.filter((_, i) => without[i]),
    numRows,
  }
  expect(groupRows(points).map(({ timeless }) => timeless)).toEqual([true])
})

test('as grouping by a map of strings', () => {
  const row = fc.tuple(
    fc.constantFrom('a', 'b', 'a\0', '', null),
    fc.bigInt(0n, 3n * hour),
    fc.constantFrom(undefined, 'unsent' as const),
  )
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), (rows) => {
      const expected = Map.groupBy(rows.keys(), (i) => {
        const [service, micros, sent] = rows[i] as Row
        return JSON.stringify([service, Number(micros / hour), sent])
      })
      const groups = groupRows(batch(rows as Row[]))
      const all = [...rows.keys()]
      expect(groups.map(({ rows }) => [...(rows ?? all)])).toEqual([...expected.values()])
    }),
  )
})

test.each([
  ['room for all', [1, 2], 2, [1, 2], 0],
  ['the smallest go', [5, 1, 9, 2], 2, [5, 9], 3],
  ['of equal ones the last go', [3, 3, 3], 1, [3], 6],
  ['no room at all', [4, 4], 0, [], 8],
] as [string, number[], number, number[], number][])(
  'limit: %s',
  (_, sizes, max, kept, rejected) => {
    const groups = sizes.map((count, place) => ({ count, place }))
    const limited = limitGroups(groups, max)
    expect(limited.kept.map(({ count }) => count)).toEqual(kept)
    expect(limited.rejected).toBe(rejected)
    expect(limited.kept[0]?.place ?? 0).toBe(0)
  },
)
