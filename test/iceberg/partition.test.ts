// Protects: what manifests and manifest lists say of partitions: types, names and bounds by which readers leave files out.
import { expect, test } from 'vitest'
import type { AvroSchema } from '../../src/iceberg/avro/schema.ts'
import { singleValueBytes } from '../../src/iceberg/bounds.ts'
import { readManifest, writeManifest } from '../../src/iceberg/manifest.ts'
import {
  avroName,
  type PartitionValue,
  partitionFieldTypes,
  partitionOf,
  partitionSummaries,
  partitionText,
} from '../../src/iceberg/partition.ts'
import type { NestedField, PartitionSpec } from '../../src/iceberg/table-metadata.ts'
import { dataFileNamed, metadataOf } from './tables.ts'

const specOf = (
  ...fields: [transform: string, sourceId: number, name?: string][]
): PartitionSpec => ({
  'spec-id': 0,
  fields: fields.map(([transform, id, name], i) => ({
    transform,
    'source-id': id,
    'field-id': 1000 + i,
    name: name ?? `f${i}`,
  })),
})

const tableOf = (...types: NestedField['type'][]) =>
  metadataOf({
    columns: types.map((type, i) => ({ id: i + 1, name: `c${i + 1}`, required: false, type })),
  })

const cases: [type: string, AvroSchema][] = [
  ['boolean', 'boolean'],
  ['int', 'int'],
  ['long', 'long'],
  ['float', 'float'],
  ['double', 'double'],
  ['date', { type: 'int', logicalType: 'date' }],
  ['time', { type: 'long', logicalType: 'time-micros' }],
  ['timestamp', { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': false }],
  ['timestamptz', { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true }],
  ['string', 'string'],
  ['binary', 'bytes'],
  ['uuid', { type: 'fixed', name: 'fixed_1000', size: 16, logicalType: 'uuid' }],
  ['fixed[7]', { type: 'fixed', name: 'fixed_1000', size: 7 }],
  [
    'decimal(9, 2)',
    {
      ...{ type: 'fixed', name: 'fixed_1000', size: 4 },
      ...{ logicalType: 'decimal', precision: 9, scale: 2 },
    } as AvroSchema,
  ],
  [
    'decimal(38,0)',
    {
      ...{ type: 'fixed', name: 'fixed_1000', size: 16 },
      ...{ logicalType: 'decimal', precision: 38, scale: 0 },
    } as AvroSchema,
  ],
]
test.each(cases)('a partition by %s has its Avro type', (type, avro) => {
  const [field] = partitionFieldTypes(specOf(['identity', 1]), tableOf(type))
  expect(field).toEqual({ id: 1000, name: 'f0', type: avro, resultType: type })
})

test('a column is found in structs, and when it is gone in older schemas', () => {
  const inner = { id: 7, name: 'inner', required: false, type: 'int' }
  const now = {
    id: 1,
    name: 'a',
    required: false,
    type: { type: 'struct', fields: [inner] },
  } as const
  const before = { id: 3, name: 'gone', required: false, type: 'string' } as const
  const metadata = metadataOf({ columns: [now], olderColumns: [before] })
  const types = partitionFieldTypes(
    specOf(['identity', 7], ['bucket[2]', 3], ['void', 99]),
    metadata,
  )
  expect(types.map(({ resultType }) => resultType)).toEqual(['int', 'int', 'int'])
})

test.each([
  ['zorder', 'string'],
  ['day', 'string'],
  ['bucket[3]', 'double'],
  ['identity', 'timestamptz_ns'],
  ['identity', 'variant'],
])('%s of %s is not supported, and that is said', (transform, type) => {
  expect(() => partitionFieldTypes(specOf([transform, 1]), tableOf(type))).toThrow(
    expect.objectContaining({
      kind: 'unavailable',
      message: `cannot write to a table partitioned by ${transform} of c1`,
    }),
  )
})

test.each([
  ['timestamp_day', 'timestamp_day'],
  ['9a', '_9a'],
  ['a.b-c', 'a_x2Eb_x2Dc'],
  ['day of é', 'day_x20of_x20_xE9'],
  ['.', '_x2E'],
])('%j is %j in Avro', (name, avro) => {
  expect(avroName(name)).toBe(avro)
})

test('a manifest keeps a partition whose name is none in Avro', async () => {
  const spec = specOf(['identity', 1, 'a b'], ['bucket[8]', 2, '1st'])
  const metadata = tableOf('string', 'long')
  const partitionFields = partitionFieldTypes(spec, metadata)
  const file = dataFileNamed('x.parquet', partitionOf(spec, ['v', 3]))
  const entry = {
    status: 1,
    snapshot_id: 1n,
    sequence_number: null,
    file_sequence_number: null,
    data_file: file,
  }
  const schema = metadata.schemas[0] as (typeof metadata.schemas)[number]
  const [read] = await readManifest(await writeManifest([entry], { schema, spec, partitionFields }))
  expect(read?.data_file.partition).toEqual({ a_x20b: 'v', _1st: 3 })
})

const bounds: [type: string, PartitionValue[], least: PartitionValue, greatest: PartitionValue][] =
  [
    ['int', [3, -5, null, 4], -5, 4],
    ['long', [3n, -5n, 4n], -5n, 4n],
    ['boolean', [true, false], false, true],
    ['double', [1.5, Number.NaN, -2], -2, 1.5],
    ['string', ['b', '\u{1f600}', '\uffff', 'ba'], 'b', '\u{1f600}'],
    ['string', ['', 'a'], '', 'a'],
  ]
test.each(bounds)('bounds of %s, some of %s', (type, values, least, greatest) => {
  const fields = partitionFieldTypes(specOf(['identity', 1]), tableOf(type))
  const partitions = values.map((value) => ({ f0: value }))
  expect(partitionSummaries(fields, partitions)).toEqual([
    {
      contains_null: values.includes(null),
      contains_nan: type === 'double' ? values.some(Number.isNaN) : null,
      lower_bound: singleValueBytes(type, least as number),
      upper_bound: singleValueBytes(type, greatest as number),
    },
  ])
})

test('without a value there are no bounds, and zero has both its signs', () => {
  const [field] = partitionFieldTypes(specOf(['identity', 1]), tableOf('double'))
  const summary = (...values: PartitionValue[]) =>
    partitionSummaries(
      field ? [field] : [],
      values.map((value) => ({ f0: value })),
    )[0]
  expect(summary(null)).toMatchObject({ lower_bound: null, upper_bound: null, contains_nan: false })
  expect(summary(Number.NaN)).toMatchObject({ lower_bound: null, contains_nan: true })
  expect(summary(0)?.lower_bound).toEqual(singleValueBytes('double', -0))
  expect(summary(-0)?.upper_bound).toEqual(singleValueBytes('double', 0))
})

test('values that differ have different texts', () => {
  const tuples: PartitionValue[][] = [
    [null],
    [''],
    ['null'],
    ['', ''],
    [null, ''],
    ['a,b'],
    ['a', 'b'],
    ['a","b'],
    [0],
    [-0],
    [Number.NaN],
    [1n, 2n],
    [12n],
    [true],
    [],
  ]
  expect(new Set(tuples.map(partitionText)).size).toBe(tuples.length)
})
