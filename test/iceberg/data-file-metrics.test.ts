// Protects: a reader that prunes files by their manifest entries, as Iceberg's scan planning allows, never skips a file
// that holds a row it looks for; and the entry's maps say what the file's metrics say.
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { FieldType, RecordBatch } from '../../src/arrow/record-batch.ts'
import type { Vector } from '../../src/arrow/vector.ts'
import { type DataFileMetrics, dataFileMetrics } from '../../src/iceberg/data-file-metrics.ts'
import type { IdValue } from '../../src/iceberg/manifest.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { everyKind } from '../arrow/every-kind.ts'
import { batches, compareValues, doubles, ints, longs, texts } from '../arrow/random-batches.ts'
import { type Value, valuesOf } from '../arrow/values.ts'
import { icebergType, schemaOf } from './schema-of.ts'

let encoder: Encoder
beforeAll(async () => {
  const module = await compileParquetWasm()
  encoder = createEncoder({ module, version: '1.2.3', rowGroupSize: 16 })
})

const metricsOf = (batch: RecordBatch) =>
  encoder.encodeMeasured(
    batch,
    {},
    batch.fields.map(({ name }) => name),
  ).metrics

/** A map of the entry as a reader has it. */
const mapOf = <T extends bigint | Uint8Array>(entries: readonly IdValue<T>[] | null) =>
  new Map(entries?.map(({ key, value }) => [key, value]))

/** A bound as a reader decodes it. */
const decoded = (type: FieldType, bytes: Uint8Array): Value => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (type === 'boolean') return view.getUint8(0) === 1
  if (type === 'int') return view.getInt32(0, true)
  if (type === 'double') return view.getFloat64(0, true)
  return type === 'string' ? Buffer.from(bytes).toString() : view.getBigInt64(0, true)
}

/** A reader for whom NaN is greater than all numbers, as for DuckDB, Spark and Trino. */
const compare = (a: Value, b: Value): number => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return compareValues(a, b)
}

interface Predicate {
  readonly matches: (value: Value, literal: Value) => boolean
  /** Whether a file may hold a match, by the specification's "Scan Planning": inclusive of its bounds. */
  readonly mayMatch: (file: File, literal: Value) => boolean
}

interface File {
  readonly lower: Value | undefined
  readonly upper: Value | undefined
  readonly values: bigint | undefined
  readonly nulls: bigint | undefined
  readonly nans: bigint | undefined
}

const least = ({ lower }: File, literal: Value) =>
  lower === undefined ? -1 : compare(lower, literal)
const greatest = ({ upper }: File, literal: Value) =>
  upper === undefined ? 1 : compare(upper, literal)
const onlyNulls = ({ values, nulls }: File) => values !== undefined && values === nulls
const there =
  (matches: Predicate['matches']): Predicate['matches'] =>
  (value, literal) =>
    value !== null && matches(value, literal)

const predicates: Readonly<Record<string, Predicate>> = {
  '=': {
    matches: there((value, literal) => compare(value, literal) === 0),
    mayMatch: (file, x) => !onlyNulls(file) && least(file, x) <= 0 && greatest(file, x) >= 0,
  },
  '<': {
    matches: there((value, literal) => compare(value, literal) < 0),
    mayMatch: (file, x) => !onlyNulls(file) && least(file, x) < 0,
  },
  '<=': {
    matches: there((value, literal) => compare(value, literal) <= 0),
    mayMatch: (file, x) => !onlyNulls(file) && least(file, x) <= 0,
  },
  '>': {
    matches: there((value, literal) => compare(value, literal) > 0),
    mayMatch: (file, x) => !onlyNulls(file) && greatest(file, x) > 0,
  },
  '>=': {
    matches: there((value, literal) => compare(value, literal) >= 0),
    mayMatch: (file, x) => !onlyNulls(file) && greatest(file, x) >= 0,
  },
  'is null': { matches: (value) => value === null, mayMatch: ({ nulls }) => nulls !== 0n },
  'is not null': { matches: (value) => value !== null, mayMatch: (file) => !onlyNulls(file) },
  'is nan': { matches: (value) => Number.isNaN(value), mayMatch: ({ nans }) => nans !== 0n },
  'is not nan': {
    matches: there((value) => !Number.isNaN(value)),
    mayMatch: ({ values, nans }) => values === undefined || values !== nans,
  },
}

const fileOf = (entry: DataFileMetrics, id: number, type: FieldType): File => {
  const bound = (entries: readonly IdValue<Uint8Array>[] | null) => {
    const bytes = mapOf(entries).get(id)
    return bytes && decoded(type, bytes)
  }
  return {
    lower: bound(entry.lower_bounds),
    upper: bound(entry.upper_bounds),
    values: mapOf(entry.value_counts).get(id),
    nulls: mapOf(entry.null_value_counts).get(id),
    nans: mapOf(entry.nan_value_counts).get(id),
  }
}

/** Every predicate that finds a row, and would not look into the file. */
const hidden = (batch: RecordBatch, literals: Readonly<Record<string, Value>>) => {
  const entry = dataFileMetrics(metricsOf(batch), schemaOf(batch))
  return batch.fields.flatMap(({ id, type }, i) => {
    if (typeof type === 'object') return []
    const file = fileOf(entry, id, type)
    const values = valuesOf(batch.columns[i] as Vector)
    const wanted = [literals[type] as Value, ...values.filter((value) => value !== null)]
    return Object.entries(predicates).flatMap(([name, { matches, mayMatch }]) =>
      wanted
        .filter((x) => values.some((value) => matches(value, x)) && !mayMatch(file, x))
        .map((x) => ({ type, name, x, file })),
    )
  })
}

const literals = fc.record({
  boolean: fc.boolean(),
  int: ints,
  long: longs,
  timestamptz: longs,
  double: doubles,
  string: texts,
})

test('no predicate skips a file with a row that it finds', () =>
  fc.assert(
    fc.property(batches, literals, (batch, literals) => {
      expect(hidden(batch, literals)).toEqual([])
    }),
    { numRuns: 200 },
  ))

test('bounds help: a file is skipped when it holds nothing near', () => {
  const entry = dataFileMetrics(metricsOf(everyKind), schemaOf(everyKind))
  const id = everyKind.fields.find(({ name }) => name === 'repeated')?.id as number
  const file = fileOf(entry, id, 'string')
  expect(predicates['=']?.mayMatch(file, 'z')).toBe(true)
  expect(predicates['=']?.mayMatch(file, 'ý')).toBe(false)
})

test('the maps hold sizes of all leaves, counts of all columns but lists, NaNs of doubles', () => {
  const metrics = metricsOf(everyKind)
  const entry = dataFileMetrics(metrics, schemaOf(everyKind))
  const { fields } = everyKind
  const ids = fields.map(({ id, type }) => (typeof type === 'object' ? type.elementId : id))
  const flat = fields.filter(({ type }) => typeof type === 'string').map(({ id }) => id)
  const ofDoubles = fields.filter(({ type }) => type === 'double').map(({ id }) => id)
  expect([...mapOf(entry.column_sizes).keys()]).toEqual(ids)
  expect([...mapOf(entry.value_counts).keys()]).toEqual(flat)
  expect([...mapOf(entry.null_value_counts).keys()]).toEqual(flat)
  expect([...mapOf(entry.nan_value_counts).keys()]).toEqual(ofDoubles)
  expect(mapOf(entry.value_counts).get(1)).toBe(10n)
  expect(mapOf(entry.null_value_counts).get(1)).toBe(2n)
  expect([...mapOf(entry.nan_value_counts).values()]).toEqual([0n, 3n])
  expect([entry.record_count, entry.split_offsets]).toEqual([10n, [4n]])
})

test('a bound is as long as the type that the table has by now', () => {
  const widened = (type: FieldType) => (type === 'int' ? 'long' : icebergType(type))
  const entry = dataFileMetrics(metricsOf(everyKind), schemaOf(everyKind, widened))
  expect(mapOf(entry.lower_bounds).get(2)).toEqual(Uint8Array.of(0, 0, 0, 0x80, 255, 255, 255, 255))
  expect(mapOf(entry.upper_bounds).get(2)).toEqual(Uint8Array.of(255, 255, 255, 0x7f, 0, 0, 0, 0))
})

test.each(['date', 'timestamp', 'float', 'decimal(20,0)', 'unknown'])(
  'no bounds where the table has another type: %s',
  (type) => {
    const entry = dataFileMetrics(
      metricsOf(everyKind),
      schemaOf(everyKind, () => type),
    )
    expect([entry.lower_bounds, entry.upper_bounds]).toEqual([[], []])
    expect(entry.value_counts?.length).toBeGreaterThan(0)
  },
)

test('no bounds of a column that the table does not have', () => {
  const schema = { ...schemaOf(everyKind), fields: [] }
  const entry = dataFileMetrics(metricsOf(everyKind), schema)
  expect([entry.lower_bounds, entry.upper_bounds]).toEqual([[], []])
})
