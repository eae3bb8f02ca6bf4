import type { Field, FieldType, RecordBatch } from '../../src/arrow/record-batch.ts'
import type { Vector } from '../../src/arrow/vector.ts'
import { bitmap, dictionaryOf, listOf, type Value, vectorOf } from './values.ts'

/** Columns of every kind with the values that go wrong first: none, empty, extreme, repeated. */

const least = -(2n ** 63n)
const greatest = 2n ** 63n - 1n
const longest = 'long text, '.repeat(400)

/** Shared by two columns, as the columns of one resource share theirs. */
const indices = Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3, 0, 1)
const entries = ['', 'ünï 🌍', null, 'ünï 🌍']
const missing = [true, true, true, true, true, false, true, true, true, false]

const of = (kind: Parameters<typeof vectorOf>[0], values: readonly Value[]): Vector =>
  vectorOf(kind, values)

/** Ten rows. Timestamps stay where every reader can show them. */
const columns: readonly [string, FieldType, Vector][] = [
  ['bool', 'boolean', of('bool', [true, false, null, true, true, null, false, true, false, true])],
  ['int', 'int', of('int32', [0, -1, 1, null, 2147483647, -2147483648, 7, 7, null, 7])],
  ['long', 'long', of('int64', [0n, -1n, 1n, null, greatest, least, 7n, 2n ** 53n + 1n, null, 7n])],
  ['noLong', 'long', of('int64', Array(10).fill(null))],
  [
    'time',
    'timestamptz',
    of('int64', [0n, -1n, null, 1760000000123456n, 253402300799999999n, 1n, 2n, 3n, 4n, 5n]),
  ],
  [
    'double',
    'double',
    of('float64', [0, -0, 1.5, null, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, null, 3]),
  ],
  ['nan', 'double', of('float64', [NaN, 1, NaN, 2, null, NaN, 3, 4, 5, 6])],
  ['text', 'string', of('utf8', ['', 'a', null, 'ünï 🌍', '\u0000', '"', longest, 'a', null, ''])],
  ['noText', 'string', of('utf8', Array(10).fill(null))],
  ['repeated', 'string', dictionaryOf(indices, entries)],
  ['repeatedOrNot', 'string', dictionaryOf(indices, entries, bitmap(missing))],
  ['constant', 'string', dictionaryOf(new Int32Array(10), ['only'])],
  ['neverThere', 'string', dictionaryOf(new Int32Array(10), [], bitmap(Array(10).fill(false)))],
  [
    'longs',
    { list: 'long', elementId: 101 },
    listOf('int64', [[], null, [null], [least, greatest], [], [1n], [1n], [2n, null], [], [3n]]),
  ],
  [
    'times',
    { list: 'timestamptz', elementId: 102 },
    listOf('int64', [[0n, 1760000000123456n], [], [], [], [], [], [], [], [], [null]]),
  ],
  [
    'doubles',
    { list: 'double', elementId: 103 },
    listOf('float64', [[0.5, null], [], [-Infinity], null, [], [1], [2], [3], [4], [5, 6]]),
  ],
  [
    'texts',
    { list: 'string', elementId: 104 },
    listOf('utf8', [[''], ['a', null, 'ünï'], [], null, [], [longest], [], [], [], ['a']]),
  ],
  ['noLists', { list: 'string', elementId: 105 }, listOf('utf8', Array(10).fill([]))],
]

export const everyKind: RecordBatch = {
  fields: columns.map(([name, type], i): Field => ({ name, id: i + 1, type })),
  columns: columns.map(([, , vector]) => vector),
  numRows: 10,
}
