// Protects: what two independent readers find in a file is what the vectors hold, for every kind of
// column, wherever values are missing and row groups end.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { Field, FieldType, RecordBatch } from '../../src/arrow/record-batch.ts'
import { take } from '../../src/arrow/take.ts'
import type { ListVector, Utf8Vector, Vector } from '../../src/arrow/vector.ts'
import { createEncoder, type EncoderOptions } from '../../src/parquet/encoder.ts'
import { compressions } from '../../src/parquet/properties.ts'
import { everyKind } from '../arrow/every-kind.ts'
import { bitmap, dictionaryOf, listOf, type Value, valuesOf, vectorOf } from '../arrow/values.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import { ask } from '../tools/duckdb.ts'

let module: WebAssembly.Module
let folder: string
beforeAll(async () => {
  module = await compileParquetWasm()
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-encoder-'))
})
afterAll(() => rm(folder, { recursive: true }))

const encode = (batch: RecordBatch, options: Partial<EncoderOptions> = {}): Uint8Array =>
  createEncoder({ module, version: '1.2.3', ...options }).encode(batch).bytes

/** Both readers find the batch's values in its file. */
const expectRead = async (batch: RecordBatch, options: Partial<EncoderOptions> = {}) => {
  const bytes = encode(batch, options)
  const rows = await rowsOfParquet(bytes)
  const duck = await rowsOfDuckDB(bytes, batch)
  for (const [i, { name }] of batch.fields.entries()) {
    const values = valuesOf(batch.columns[i] as Vector)
    expect(rows.map((row) => row[name])).toEqual(values)
    expect(duck.map((row) => row[name])).toEqual(values.map(duckValue))
  }
  expect([rows.length, duck.length]).toEqual([batch.numRows, batch.numRows])
}

const rowsOfDuckDB = async (bytes: Uint8Array, { fields }: RecordBatch) => {
  const name = `${crypto.randomUUID()}.parquet`
  await writeFile(join(folder, name), bytes)
  return ask(`SELECT ${fields.map(selected)} FROM 'data/${name}'`, folder)
}

/** Times as the microseconds that they are. */
const selected = ({ name, type }: Field): string => {
  if (type === 'timestamptz') return `epoch_us("${name}") AS "${name}"`
  if (typeof type === 'object' && type.list === 'timestamptz')
    return `list_transform("${name}", x -> epoch_us(x)) AS "${name}"`
  return `"${name}"`
}

/** A value as DuckDB's JSON has it. */
const duckValue = (value: Value): unknown => {
  if (Array.isArray(value)) return value.map(duckValue)
  const special = typeof value === 'number' && !Number.isFinite(value)
  return typeof value === 'bigint' || special ? String(value) : value
}

const batchOf = (type: FieldType, column: Vector): RecordBatch => ({
  fields: [
    { name: 'value', id: 1, type },
    { name: 'row', id: 2, type: 'int' },
  ],
  columns: [column, vectorOf('int32', [...Array(column.length).keys()])],
  numRows: column.length,
})

test.each([1, 3, 8, 32768])('every kind at once, %i rows in a row group', (rowGroupSize) =>
  expectRead(everyKind, { rowGroupSize }),
)

test('rows in an order of their own, and only some of them, as if they had been gathered before', () => {
  const count = 30_000
  const texts = [...Array(count).keys()].map((i) => `text ${Math.imul(i, i) % 9973}`)
  const long = batchOf('string', vectorOf('utf8', texts))
  // Entries of which some row groups use all, and others a few.
  const entries = [...Array(9000).keys()].map((i) => `entry ${i}`)
  const at = Int32Array.from({ length: count }, (_, i) => (i < 15_000 ? i % 9000 : i % 7))
  const repeated = batchOf('string', dictionaryOf(at, entries))
  const rows = Int32Array.from({ length: 25_000 }, (_, i) => count - 1 - i)
  for (const batch of [long, repeated]) {
    const { encode } = createEncoder({ module, version: '1.2.3', rowGroupSize: 10_000 })
    const expected = encode(take(batch, rows)).bytes
    // Twice: what was gathered is given back, what was given to the encoder is not.
    for (let i = 0; i < 2; i++) expect(encode(batch, { rows }).bytes).toEqual(expected)
  }
})

test.each(Object.keys(compressions) as (keyof typeof compressions)[])('%s', (compression) =>
  expectRead(everyKind, { compression }),
)

/** More than a dictionary may have to be written by ourselves. */
const long = 'long text, '.repeat(400)

const kinds: [string, FieldType, (values: readonly Value[]) => Vector, Value, Value][] = [
  ['bool', 'boolean', (values) => vectorOf('bool', values), true, false],
  ['int32', 'int', (values) => vectorOf('int32', values), 7, -7],
  ['int64', 'long', (values) => vectorOf('int64', values), 2n ** 62n, -1n],
  ['timestamptz', 'timestamptz', (values) => vectorOf('int64', values), 1n, -1n],
  ['float64', 'double', (values) => vectorOf('float64', values), 1.5, -0],
  ['utf8', 'string', (values) => vectorOf('utf8', values), 'ünï', ''],
  ['dictionary', 'string', (values) => repeated(values, 'short'), 'short', ''],
  ['long dictionary', 'string', (values) => repeated(values, long), long, ''],
  ['list', { list: 'long', elementId: 101 }, (values) => lists('int64', values), [1n, null], []],
  ['texts', { list: 'string', elementId: 101 }, (values) => lists('utf8', values), ['a', ''], []],
]

/** Missing values by turns as a null entry and by the column's own bitmap. */
const repeated = (values: readonly Value[], entry: string): Vector =>
  dictionaryOf(
    Int32Array.from(values, (value) => (value === null ? 0 : value === entry ? 1 : 2)),
    [null, entry, ''],
    bitmap(values.map((value, i) => value !== null || i % 2 === 0)),
  )

const lists = (kind: 'int64' | 'utf8', values: readonly Value[]): Vector =>
  listOf(kind, values as (Value[] | null)[])

describe.each(kinds)('%s', (_, type, vector, a, b) => {
  const of = (letter: string): Value => ({ a, b, c: null })[letter] as Value
  const patterns: [string, readonly Value[]][] = [
    ['none', []],
    ['one', [a]],
    ['one null', [null]],
    ['all the same', Array(20).fill(a)],
    ['all null', Array(20).fill(null)],
    ['null first', [null, null, ...Array(20).fill(a)]],
    ['null last', [...Array(20).fill(b), null]],
    ['turns', Array.from({ length: 61 }, (_, i) => [a, null, b, a, a][i % 5] as Value)],
    ['turns, a run, turns', [...'abcabcabc', ...'a'.repeat(17), ...'cbabc'].map(of)],
    ['runs', Array.from({ length: 100 }, (_, i) => [a, null, b][Math.floor(i / 11) % 3] as Value)],
  ]
  test.each(patterns)('%s', (_, values) =>
    expectRead(batchOf(type, vector(values)), { rowGroupSize: 32 }),
  )
})

test('values that begin behind the start of their buffers, and end before the end', async () => {
  const text = vectorOf('utf8', ['before', 'a', 'b', 'after']) as Utf8Vector
  const list = listOf('int64', [[9n], [1n], [2n, 3n], [9n]]) as ListVector
  const shifted = <V extends Utf8Vector | ListVector>(vector: V): V => ({
    ...vector,
    length: 2,
    offsets: vector.offsets.subarray(1),
  })
  await expectRead(batchOf('string', shifted(text)))
  await expectRead(batchOf({ list: 'long', elementId: 9 }, shifted(list)))
  await expectRead(batchOf('long', { ...vectorOf('int64', [1n, 2n, 3n]), length: 2 }))
})

test('a dictionary whose entries are many, equal to each other, or unused', async () => {
  const entries = Array.from({ length: 3000 }, (_, i) => `entry ${i % 700}`)
  const rows = Int32Array.from({ length: 5000 }, (_, i) => (i * 7919) % 2900)
  await expectRead(batchOf('string', dictionaryOf(rows, entries)), { rowGroupSize: 1024 })
})

test('rows of one entry, some missing by the bitmap alone', async () => {
  const missing = bitmap(Array.from({ length: 30 }, (_, i) => i % 3 > 0 || i > 12))
  await expectRead(batchOf('string', dictionaryOf(new Int32Array(30), ['only'], missing)))
})

test('a column of many pages', async () => {
  const texts = Array.from({ length: 5000 }, (_, i) => (i % 9 === 0 ? null : `${i} `.repeat(50)))
  await expectRead(batchOf('string', vectorOf('utf8', texts)), { rowGroupSize: 4000 })
})
