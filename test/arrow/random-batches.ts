/** Random batches with what goes wrong first: nulls, NaN, both zeros, the ends of the alphabets, entries nobody uses. */
import fc from 'fast-check'
import type { FieldType, RecordBatch } from '../../src/arrow/record-batch.ts'
import type { Vector } from '../../src/arrow/vector.ts'
import { bitmap, dictionaryOf, listOf, type Value, vectorOf } from './values.ts'

const points = [
  '\0',
  'a',
  'b',
  '\x7f',
  '\x80',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\ufeff',
  '\uffff',
]
const astral = ['\u{10000}', '\u{1f30d}', '\u{10ffff}']
const character = fc.constantFrom(...points, ...astral)

/** Texts around the length at which bounds are cut. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: character, maxLength: 4 }),
  fc.string({ unit: character, minLength: 14, maxLength: 20 }),
  fc.integer({ min: 14, max: 20 }).map((length) => '\u{10ffff}'.repeat(length)),
)

export const doubles: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 5e-324),
  fc.double(),
)
/** Without NaN, which takes all bounds away. */
const numbers = doubles.filter((value) => !Number.isNaN(value))
export const longs: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(0n, -1n, 2n ** 32n, 2n ** 31n, -(2n ** 31n), 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)
export const ints: fc.Arbitrary<number> = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }))

const nullable = <T extends Value>(values: fc.Arbitrary<T>, rows: number): fc.Arbitrary<Value[]> =>
  fc.oneof(
    fc.array(values, { minLength: rows, maxLength: rows }),
    fc.array(fc.option(values), { minLength: rows, maxLength: rows }),
  )

const dictionaries = (rows: number): fc.Arbitrary<Vector> =>
  fc
    .array(fc.option(texts), { minLength: 1, maxLength: 9 })
    .chain((entries) =>
      fc
        .tuple(
          fc.array(fc.nat(entries.length - 1), { minLength: rows, maxLength: rows }),
          fc.option(fc.array(fc.boolean(), { minLength: rows, maxLength: rows })),
        )
        .map(([indices, there]) =>
          dictionaryOf(Int32Array.from(indices), entries, there && bitmap(there)),
        ),
    )

/** A column of each kind. */
const columnsOf = (rows: number): readonly [FieldType, fc.Arbitrary<Vector>][] => [
  ['boolean', nullable(fc.boolean(), rows).map((values) => vectorOf('bool', values))],
  ['int', nullable(ints, rows).map((values) => vectorOf('int32', values))],
  ['long', nullable(longs, rows).map((values) => vectorOf('int64', values))],
  ['timestamptz', nullable(longs, rows).map((values) => vectorOf('int64', values))],
  ['double', nullable(doubles, rows).map((values) => vectorOf('float64', values))],
  ['double', nullable(numbers, rows).map((values) => vectorOf('float64', values))],
  ['string', nullable(texts, rows).map((values) => vectorOf('utf8', values))],
  ['string', dictionaries(rows)],
  [
    { list: 'double', elementId: 109 },
    nullable(nullable(doubles, 2), rows).map((lists) => listOf('float64', lists as Value[][])),
  ],
]

export const batches: fc.Arbitrary<RecordBatch> = fc.integer({ min: 1, max: 40 }).chain((rows) => {
  const columns = columnsOf(rows)
  const fields = columns.map(([type], i) => ({ name: `c${i + 1}`, id: i + 1, type }))
  return fc
    .tuple(...columns.map(([, column]) => column))
    .map((columns) => ({ fields, columns, numRows: rows }))
})

/** Which of two values comes first: below 0 the left one. Texts go by their bytes in UTF-8. */
export const compareValues = (a: Value, b: Value): number => {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
  return Object.is(a, b) || a === b ? 0 : (a as number) < (b as number) ? -1 : 1
}

/** The least and the greatest of values, found by sorting them. */
export const naiveBounds = (type: FieldType, values: readonly Value[]) => {
  const there = values.filter((value) => value !== null)
  if (there.length === 0 || there.some(Number.isNaN) || there.some(Array.isArray)) return null
  const sorted = there.toSorted(compareValues)
  const [least, greatest] = [sorted.at(0), sorted.at(-1)]
  if (type !== 'double') return { least, greatest }
  return { least: least === 0 ? -0 : least, greatest: greatest === 0 ? 0 : greatest }
}
