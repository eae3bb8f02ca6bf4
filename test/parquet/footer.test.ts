// Protects: a file says who wrote it, how it is sorted and where its parts are, and its statistics
// never make a reader skip a row that it looks for.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ColumnMetaData, type FileMetaData, parquetMetadata, type Statistics } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { FieldType, RecordBatch } from '../../src/arrow/record-batch.ts'
import type { SortColumn } from '../../src/arrow/sort-column.ts'
import type { Vector } from '../../src/arrow/vector.ts'
import { createEncoder, type EncoderOptions } from '../../src/parquet/encoder.ts'
import { readFooter, writeFooter } from '../../src/parquet/footer.ts'
import { everyKind } from '../arrow/every-kind.ts'
import { dictionaryOf, type Value, vectorOf } from '../arrow/values.ts'
import { ask } from '../tools/duckdb.ts'

let module: WebAssembly.Module
let folder: string
beforeAll(async () => {
  module = await compileParquetWasm()
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-footer-'))
})
afterAll(() => rm(folder, { recursive: true }))

const encode = (
  batch: RecordBatch,
  options: Partial<EncoderOptions> = {},
  sortOrder: SortColumn[] = [],
) => createEncoder({ module, version: '1.2.3', ...options }).encode(batch, { sortOrder }).bytes

const metadataOf = (bytes: Uint8Array): FileMetaData => parquetMetadata(bytes.slice().buffer)

const chunksOf = ({ row_groups }: FileMetaData): ColumnMetaData[] =>
  row_groups.flatMap(({ columns }) => columns.flatMap(({ meta_data }) => meta_data ?? []))

test('says program and version, and nothing about our memory', () => {
  const { created_by, key_value_metadata } = metadataOf(encode(everyKind))
  expect(created_by).toBe('otlp2parquet version 1.2.3')
  expect(key_value_metadata).toBeUndefined()
})

test('says the sort order', () => {
  const sorted = ['repeated', { name: 'time', descending: true, nullsFirst: false }]
  const groups = metadataOf(encode(everyKind, { rowGroupSize: 3 }, sorted)).row_groups
  const place = (name: string) => everyKind.fields.findIndex((field) => field.name === name)
  const columns = [
    { column_idx: place('repeated'), descending: false, nulls_first: true },
    { column_idx: place('time'), descending: true, nulls_first: false },
  ]
  expect(groups.map((group) => group.sorting_columns)).toEqual(Array(4).fill(columns))
  expect(metadataOf(encode(everyKind)).row_groups[0]?.sorting_columns).toBeUndefined()
})

test('row groups have the rows asked for, and chunks lie one behind the other', () => {
  const bytes = encode(everyKind, { rowGroupSize: 4 })
  const metadata = metadataOf(bytes)
  expect(metadata.row_groups.map((group) => group.num_rows)).toEqual([4n, 4n, 2n])
  let at = 4n
  for (const chunk of chunksOf(metadata)) {
    expect(chunk.dictionary_page_offset ?? chunk.data_page_offset).toBe(at)
    at += chunk.total_compressed_size
  }
  expect(at).toBe(BigInt(bytes.length - 8 - metadata.metadata_length))
  const sizes = metadata.row_groups.map((group) => group.total_compressed_size ?? 0n)
  expect(sizes.reduce((sum, size) => sum + size, 4n)).toBe(at)
})

test('small dictionaries are left uncompressed, large ones are not', () => {
  const entries = (length: number) => repeated([...'ab'].map((letter) => letter.repeat(length)))
  const codecOf = (column: Vector) => chunkOf('string', column)?.codec
  expect([codecOf(entries(100)), codecOf(entries(1000))]).toEqual(['UNCOMPRESSED', 'ZSTD'])
})

test('read and written again is the same', () => {
  const bytes = encode(everyKind, { rowGroupSize: 2 }, ['text'])
  const footer = writeFooter(readFooter(bytes))
  expect(footer).toEqual(bytes.subarray(bytes.length - footer.length))
})

const chunkOf = (type: FieldType, column: Vector): ColumnMetaData | undefined => {
  const other = vectorOf('int32', Array(column.length).fill(0))
  const fields = [
    { name: 'value', id: 1, type },
    { name: 'other', id: 2, type: 'int' as const },
  ]
  const batch = { fields, columns: [column, other], numRows: column.length }
  return chunksOf(metadataOf(encode(batch)))[0]
}

const statisticsOf = (type: FieldType, column: Vector): Statistics | undefined =>
  chunkOf(type, column)?.statistics

const repeated = (entries: (string | null)[]): Vector =>
  dictionaryOf(Int32Array.from(entries.keys()), entries)
const long = 'x'.repeat(65)

const bounds: [string, FieldType, Vector, unknown[]][] = [
  ['int', 'int', vectorOf('int32', [3, null, -2]), [-2, 3, 1n]],
  ['long', 'long', vectorOf('int64', [2n ** 63n - 1n, 0n]), [0n, 2n ** 63n - 1n, 0n]],
  ['double', 'double', vectorOf('float64', [1, -1]), [-1, 1, 0n]],
  ['zeros', 'double', vectorOf('float64', [0, 0]), [-0, 0, 0n]],
  ['bool', 'boolean', vectorOf('bool', [true, null]), [true, true, 1n]],
  ['text', 'string', vectorOf('utf8', ['b', 'a', null]), ['a', 'b', 1n]],
  ['dictionary', 'string', repeated(['b', 'a', null, 'c']), ['a', 'c', 1n]],
  ['only nulls', 'string', repeated([null, null]), [undefined, undefined, 2n]],
  ['a run of null', 'string', dictionaryOf(Int32Array.of(0, 0, 0, 1), [null, 'a']), ['a', 'a', 3n]],
  ['long dictionary entries', 'string', repeated(['a', long]), [undefined, undefined, 0n]],
]

test.each(bounds)('least, greatest and nulls: %s', (_, type, column, expected) => {
  const statistics = statisticsOf(type, column)
  const found = [statistics?.min_value, statistics?.max_value, statistics?.null_count]
  expect(found).toEqual(expected)
})

test.each([
  ['NaN', 'double', vectorOf('float64', [1, Number.NaN, 2])],
  ['long texts', 'string', vectorOf('utf8', [long, long])],
] as [string, FieldType, Vector][])('no statistics: %s', (_, type, column) => {
  expect(statisticsOf(type, column)?.max_value).toBeUndefined()
})

test('no statistics: lists, into which no filter reaches', () => {
  const lists = chunksOf(metadataOf(encode(everyKind))).filter(
    (chunk) => chunk.path_in_schema.length > 1,
  )
  expect(lists.length).toBeGreaterThan(0)
  expect(lists.filter(({ statistics }) => statistics !== undefined)).toEqual([])
})

describe('DuckDB finds what it looks for', () => {
  const doubles = [1, Number.NaN, -0, 0, null, 5, Infinity, Number.NaN, 7, 7, null, null]
  const texts = ['a', `${'é'.repeat(40)}1`, null, 'é'.repeat(32), '\u{10ffff}'.repeat(20), 'b']
  const values: readonly Value[] = [...texts, ...texts]
  const batch: RecordBatch = {
    fields: [
      { name: 'double', id: 1, type: 'double' },
      { name: 'text', id: 2, type: 'string' },
      { name: 'repeated', id: 3, type: 'string' },
    ],
    columns: [
      vectorOf('float64', doubles),
      vectorOf('utf8', values),
      repeated(texts.concat(texts)),
    ],
    numRows: 12,
  }

  test.each([1, 2, 3, 12])('%i rows in a row group', async (rowGroupSize) => {
    await writeFile(join(folder, 'filters.parquet'), encode(batch, { rowGroupSize }))
    for (const [i, { name }] of batch.fields.entries()) {
      const all = [doubles, values, values][i] as Value[]
      for (const value of new Set(all.filter((value) => value !== null))) {
        const literal = `'${value}'${i === 0 ? '::double' : ''}`
        const equal = all.filter((other) => other !== null && other === value).length
        const nans = all.filter((other) => Number.isNaN(other)).length
        const expected = Number.isNaN(value) ? nans : equal
        const sql = `SELECT count(*)::int AS n FROM 'data/filters.parquet' WHERE ${name} = ${literal}`
        expect([name, value, (await ask(sql, folder))[0]?.n]).toEqual([name, value, expected])
      }
    }
  })
})
