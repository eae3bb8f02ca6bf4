// Protects: what a file's metrics say of sizes, counts, least and greatest values is what two looks at the file itself
// find: hyparquet's at its footer, a naive one at its rows.
import fc from 'fast-check'
import { type FileMetaData, parquetMetadata } from 'hyparquet'
import { beforeAll, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { FieldType, RecordBatch } from '../../src/arrow/record-batch.ts'
import type { ListVector, Utf8Vector, Vector } from '../../src/arrow/vector.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import type { LeafMetrics } from '../../src/parquet/leaf-metrics.ts'
import { everyKind } from '../arrow/every-kind.ts'
import { batches, naiveBounds } from '../arrow/random-batches.ts'
import { bitmap, dictionaryOf, listOf, type Value, vectorOf } from '../arrow/values.ts'
import { rowsOfParquet } from '../judge/parquet.ts'

let module: WebAssembly.Module
beforeAll(async () => {
  module = await compileParquetWasm()
})

const encoderOf = (rowGroupSize = 4): Encoder =>
  createEncoder({ module, version: '1.2.3', rowGroupSize })

const namesOf = ({ fields }: RecordBatch): string[] => fields.map(({ name }) => name)

const measure = (batch: RecordBatch, rowGroupSize?: number, bounded = namesOf(batch)) =>
  encoderOf(rowGroupSize).encodeMeasured(batch, {}, bounded)

/** What hyparquet finds in a file's footer. */
const footerOf = (bytes: Uint8Array) => {
  const metadata = parquetMetadata(bytes.slice().buffer)
  const groups = chunksByGroup(metadata)
  const sums = (of: (chunk: Chunk) => bigint) =>
    (groups[0] ?? []).map((_, leaf) =>
      Number(groups.reduce((sum, chunks) => sum + of(chunks[leaf] as Chunk), 0n)),
    )
  return {
    ids: metadata.schema
      .filter(({ num_children }) => !num_children)
      .map(({ field_id }) => field_id),
    rows: Number(metadata.num_rows),
    sizes: sums((chunk) => chunk.total_compressed_size),
    values: sums((chunk) => chunk.num_values),
    starts: groups.map(([first]) =>
      Number(first?.dictionary_page_offset ?? first?.data_page_offset),
    ),
  }
}

const chunksByGroup = ({ row_groups }: FileMetaData) =>
  row_groups.map(({ columns }) => columns.flatMap(({ meta_data }) => meta_data ?? []))

type Chunk = ReturnType<typeof chunksByGroup>[number][number]

const expectFooter = (batch: RecordBatch, rowGroupSize: number): void => {
  const { bytes, metrics } = measure(batch, rowGroupSize)
  const footer = footerOf(bytes)
  expect(metrics.recordCount).toBe(footer.rows)
  expect(metrics.splitOffsets).toEqual(footer.starts)
  expect(metrics.leaves.map(({ fieldId }) => fieldId)).toEqual(footer.ids)
  expect(metrics.leaves.map(({ columnSize }) => columnSize)).toEqual(footer.sizes)
  for (const [i, { counts }] of metrics.leaves.entries()) {
    expect(counts?.values ?? footer.values[i]).toBe(footer.values[i])
  }
}

const expectRows = async (batch: RecordBatch, rowGroupSize: number): Promise<void> => {
  const { bytes, metrics } = measure(batch, rowGroupSize)
  const rows = await rowsOfParquet(bytes)
  for (const [i, { name, type }] of batch.fields.entries()) {
    const values = rows.map((row) => row[name] as Value)
    const { counts, bounds } = metrics.leaves[i] as LeafMetrics
    expect([name, counts]).toEqual([name, naiveCounts(type, values)])
    expect([name, bounds]).toEqual([name, naiveBounds(type, values)])
  }
}

const naiveCounts = (type: FieldType, values: readonly Value[]) => {
  if (typeof type === 'object') return null
  return {
    values: values.length,
    nulls: values.filter((value) => value === null).length,
    nans: type === 'double' ? values.filter(Number.isNaN).length : null,
  }
}

test.each([1, 3, 10])('every kind of column, %i rows in a row group', async (rowGroupSize) => {
  expectFooter(everyKind, rowGroupSize)
  await expectRows(everyKind, rowGroupSize)
})

test('random batches', () =>
  fc.assert(
    fc.asyncProperty(batches, fc.integer({ min: 1, max: 40 }), async (batch, rowGroupSize) => {
      expectFooter(batch, rowGroupSize)
      await expectRows(batch, rowGroupSize)
    }),
    { numRuns: 150 },
  ))

test('a file without rows', () => {
  const { metrics } = measure({ ...everyKind, numRows: 0, columns: everyKind.columns.map(emptied) })
  expect(metrics.recordCount).toBe(0)
  expect(metrics.leaves.filter(({ bounds }) => bounds !== null)).toEqual([])
  expect(metrics.leaves.filter(({ counts }) => (counts?.values ?? 0) > 0)).toEqual([])
})

const emptied = (vector: Vector): Vector => ({ ...vector, length: 0 })

test('the file is the one that is written without metrics', () => {
  const sorted = { sortOrder: ['repeated', 'time'] }
  const { bytes } = encoderOf().encodeMeasured(everyKind, sorted, namesOf(everyKind))
  expect(bytes).toEqual(encoderOf().encode(everyKind, sorted).bytes)
})

test('bounds only of the columns named, in upper or lower case', () => {
  const { leaves } = measure(everyKind, 10, [
    'NOLONG',
    'notext',
    'TIME',
    'rePeated',
    'nobody',
  ]).metrics
  const bounded = leaves.filter(({ bounds }) => bounds !== null).map(({ fieldId }) => fieldId)
  const named = everyKind.fields.filter(({ name }) => ['time', 'repeated'].includes(name))
  expect(bounded).toEqual(named.map(({ id }) => id))
})

/** The metrics of one column. */
const leafOf = (type: FieldType, column: Vector) => {
  const rows = column.length
  const fields = [
    { name: 'value', id: 1, type },
    { name: 'row', id: 2, type: 'int' as const },
  ]
  const row = vectorOf('int32', [...Array(rows).keys()])
  return measure({ fields, columns: [column, row], numRows: rows }).metrics.leaves[0]
}

const boundsOf = (type: FieldType, column: Vector) => leafOf(type, column)?.bounds

const text = (...values: (string | null)[]) => vectorOf('utf8', values) as Utf8Vector
/** A dictionary whose entries are these bytes; of other columns parquet-wasm takes none that are not UTF-8. */
const raw = (...entries: number[][]): Vector => {
  let end = 0
  const offsets = Int32Array.from([0, ...entries.map(({ length }) => (end += length))])
  const base = { length: entries.length, validity: null }
  const dictionary: Utf8Vector = {
    ...base,
    kind: 'utf8',
    offsets,
    data: Uint8Array.from(entries.flat()),
  }
  return { ...base, kind: 'dictionary', indices: Int32Array.from(entries.keys()), dictionary }
}
const repeated = (indices: number[], entries: (string | null)[], there?: boolean[]) =>
  dictionaryOf(Int32Array.from(indices), entries, there ? bitmap(there) : null)

const cases: [string, FieldType, Vector, unknown, unknown][] = [
  ['zeros of both signs', 'double', vectorOf('float64', [0, -0, 0]), -0, 0],
  ['only +0', 'double', vectorOf('float64', [0]), -0, 0],
  ['only -0', 'double', vectorOf('float64', [-0]), -0, 0],
  ['infinities', 'double', vectorOf('float64', [Infinity, null]), Infinity, Infinity],
  [
    'halves',
    'long',
    vectorOf('int64', [2n ** 32n, 2n ** 32n - 1n, 2n ** 31n]),
    2n ** 31n,
    2n ** 32n,
  ],
  ['signs', 'long', vectorOf('int64', [-1n, -(2n ** 32n), null, 0n]), -(2n ** 32n), 0n],
  ['0 for null', 'int', vectorOf('int32', [5, null, 7]), 5, 7],
  ['only true', 'boolean', vectorOf('bool', [true, null]), true, true],
  ['only false', 'boolean', vectorOf('bool', [null, false]), false, false],
  ['bytes, not UTF-16', 'string', text('\uffff', '\u{10000}'), '\uffff', '\u{10000}'],
  ['a byte order mark', 'string', text('\ufeffa'), '\ufeffa', '\ufeffa'],
  ['a prefix first', 'string', text('ab', 'a', 'abc', null), 'a', 'abc'],
  ['entries in use', 'string', repeated([1, 2, 1], ['a', 'b', 'c', 'd']), 'b', 'c'],
  ['an entry that is null', 'string', repeated([0, 1, 2], [null, 'b', 'a']), 'a', 'b'],
  [
    'rows that are null',
    'string',
    repeated([0, 1, 2], ['a', 'b', 'c'], [false, true, false]),
    'b',
    'b',
  ],
  ['null, then not', 'string', repeated([0, 0], ['a'], [false, true]), 'a', 'a'],
]

test.each(cases)('least and greatest: %s', (_, type, column, least, greatest) => {
  expect(boundsOf(type, column)).toEqual({ least, greatest })
})

test.each([
  ['NaN', 'double', vectorOf('float64', [1, Number.NaN, 2])],
  ['bytes that are not UTF-8, least', 'string', raw([0x80], [0xc3, 0xa9])],
  ['bytes that are not UTF-8, greatest', 'string', raw([0x61], [0xed, 0xa0, 0x80])],
  ['lists', { list: 'long', elementId: 101 }, listOf('int64', [[1n]])],
] as [string, FieldType, Vector][])('no least and greatest: %s', (_, type, column) => {
  expect(boundsOf(type, column)).toBeNull()
})

test('what lies behind the last row, or before the first, is not looked at', () => {
  const behind = { ...text('b', 'c', 'a', 'z'), length: 2 }
  expect(boundsOf('string', behind)).toEqual({ least: 'b', greatest: 'c' })
  const before = text('a', 'b', 'c')
  const shifted = { ...before, length: 2, offsets: before.offsets.subarray(1) }
  expect(boundsOf('string', shifted)).toEqual({ least: 'b', greatest: 'c' })
  const list = listOf('int64', [[1n], [2n]]) as ListVector
  expect(boundsOf({ list: 'long', elementId: 3 }, { ...list, length: 1 })).toBeNull()
})

test('counts look at the bits of rows, and at values that are there', () => {
  const nulls = vectorOf('int32', [1, null, null, 4, 5, 6, 7, 8, 9, 10])
  expect(leafOf('int', { ...nulls, length: 3 })?.counts).toEqual({
    values: 3,
    nulls: 2,
    nans: null,
  })
  const values = Float64Array.of(Number.NaN, Number.NaN, 1)
  const doubles: Vector = { kind: 'float64', length: 3, validity: Uint8Array.of(0b101), values }
  expect(leafOf('double', doubles)?.counts).toEqual({ values: 3, nulls: 1, nans: 1 })
})
