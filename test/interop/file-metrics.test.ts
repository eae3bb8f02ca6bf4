// Protects: what our manifests say of a data file is what Iceberg's own Java library and PyIceberg find in its footer, and
// single values and cut texts have the bytes that Java gives them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { RecordBatch } from '../../src/arrow/record-batch.ts'
import {
  lowerBound,
  type SingleValue,
  singleValueBytes,
  upperBound,
} from '../../src/iceberg/bounds.ts'
import { dataFileMetrics } from '../../src/iceberg/data-file-metrics.ts'
import type { IdValue } from '../../src/iceberg/manifest.ts'
import type { Schema } from '../../src/iceberg/table-metadata.ts'
import { decode } from '../../src/otlp/decode.ts'
import { createEncoder } from '../../src/parquet/encoder.ts'
import { everyKind } from '../arrow/every-kind.ts'
import { batches, doubles, ints, longs, texts } from '../arrow/random-batches.ts'
import { kinds, payloadOf } from '../bench/payloads.ts'
import { schemaOf } from '../iceberg/schema-of.ts'
import { askJava, askPyIceberg, type FileMetrics, type JavaAnswer } from './readers/file-metrics.ts'

const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number): T[] =>
  fc.sample(arbitrary, { numRuns, seed: 4 })

/** Requests of every kind as batches. */
const telemetry = kinds.flatMap((kind) => {
  const { signal, encoding, next } = payloadOf(kind, 300, 'protobuf')
  const request = { signal, encoding, body: next(), requestId: '0'.repeat(32), receivedAt: 0 }
  return decode(request).batches.map(({ batch }) => batch)
})

interface File {
  readonly path: string
  readonly schema: Schema
  /** As our manifest says them. */
  readonly metrics: FileMetrics
}

const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex')

const countsById = (entries: readonly IdValue<bigint>[] | null) =>
  Object.fromEntries(entries?.map(({ key, value }) => [key, Number(value)]) ?? [])

const boundsById = (entries: readonly IdValue<Uint8Array>[] | null) =>
  Object.fromEntries(entries?.map(({ key, value }) => [key, hex(value) ?? '']) ?? [])

/** A number as Java reads it. */
const numeral = (value: number): string => (Object.is(value, -0) ? '-0.0' : String(value))

/** Values of one type, each with the text by which Java is asked. */
const of = <T extends SingleValue>(
  type: string,
  arbitrary: fc.Arbitrary<T>,
  text: (value: T) => string = String,
) => sample(arbitrary, 60).map((value): Asked => [type, value, text(value)])

type Asked = readonly [type: string, value: SingleValue, text: string]

const digits = 10n ** 38n - 1n
const values: readonly Asked[] = [
  ...of('boolean', fc.boolean()),
  ...of('int', ints),
  ...of('date', ints),
  ...of('long', longs),
  ...of('time', longs),
  ...of('timestamp', longs),
  ...of('timestamptz', longs),
  ...of('float', fc.float({ noNaN: true }), numeral),
  ...of('double', doubles, numeral).filter(([, value]) => !Number.isNaN(value)),
  ...of('string', texts),
  ...of('uuid', fc.uuid()),
  ...of('fixed[5]', fc.uint8Array({ minLength: 5, maxLength: 5 }), (value) => hex(value) ?? ''),
  ...of('binary', fc.uint8Array({ maxLength: 20 }), (value) => hex(value) ?? ''),
  ...of('decimal(38, 9)', fc.bigInt({ min: -digits, max: digits })),
  ...of('decimal(9, 2)', fc.bigInt({ min: -300n, max: 300n })),
]

const cutTexts = sample(texts, 500)

let folder: string
let files: File[]
let java: JavaAnswer
let python: readonly FileMetrics[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-metrics-'))
  const module = await compileParquetWasm()
  const encoder = createEncoder({ module, version: '1.2.3', rowGroupSize: 64 })
  const write = async (batch: RecordBatch, i: number): Promise<File> => {
    const bounded = batch.fields.map(({ name }) => name)
    const { bytes, metrics } = encoder.encodeMeasured(batch, {}, bounded)
    const path = join(folder, `${i}.parquet`)
    await writeFile(path, bytes)
    const schema = schemaOf(batch)
    const entry = dataFileMetrics(metrics, schema)
    return {
      path,
      schema,
      metrics: {
        recordCount: Number(entry.record_count),
        columnSizes: countsById(entry.column_sizes),
        valueCounts: countsById(entry.value_counts),
        nullValueCounts: countsById(entry.null_value_counts),
        lowerBounds: boundsById(entry.lower_bounds),
        upperBounds: boundsById(entry.upper_bounds),
        splitOffsets: entry.split_offsets?.map(Number) ?? [],
      },
    }
  }
  files = await Promise.all([everyKind, ...telemetry, ...sample(batches, 60)].map(write))
  const question = {
    files: files.map(({ path }) => path),
    values: values.map(([type, , text]) => [type, text] as const),
    texts: cutTexts,
  }
  ;[java, python] = await Promise.all([
    askJava(question),
    askPyIceberg(files.slice(0, 1 + telemetry.length)),
  ])
})
afterAll(() => rm(folder, { recursive: true }))

/** Of ours what the other one says too: it knows nothing of columns without statistics in the footer. */
const shared = (ours: FileMetrics, theirs: FileMetrics): FileMetrics => {
  const known = <T>(our: Readonly<Record<string, T>>, their: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(our).filter(([id]) => id in their))
  return {
    ...ours,
    nullValueCounts: known(ours.nullValueCounts, theirs.nullValueCounts),
    valueCounts: known(ours.valueCounts, theirs.valueCounts),
    lowerBounds: known(ours.lowerBounds, theirs.lowerBounds),
    upperBounds: known(ours.upperBounds, theirs.upperBounds),
  }
}

const sum = (files: readonly FileMetrics[], of: (file: FileMetrics) => object): number =>
  files.reduce((sum, file) => sum + Object.keys(of(file)).length, 0)

test('Java finds the metrics of our files', () => {
  const ours = files.map(({ metrics }, i) => shared(metrics, java.files[i] as FileMetrics))
  expect(ours).toEqual(java.files)
  // Most columns have statistics: what is compared is not nothing.
  const [all, both] = [files.map(({ metrics }) => metrics), ours]
  expect(sum(both, (file) => file.valueCounts)).toBeGreaterThan(
    0.7 * sum(all, (file) => file.valueCounts),
  )
  expect(sum(both, (file) => file.upperBounds)).toBeGreaterThan(
    0.7 * sum(all, (file) => file.upperBounds),
  )
})

/** PyIceberg counts the elements of lists too, an empty list as one of them. */
const withoutLists = (theirs: FileMetrics, { valueCounts }: FileMetrics): FileMetrics => ({
  ...theirs,
  valueCounts: Object.fromEntries(
    Object.entries(theirs.valueCounts).filter(([id]) => id in valueCounts),
  ),
})

test('PyIceberg finds the metrics of our files', () => {
  const theirs = python.map((file, i) => withoutLists(file, (files[i] as File).metrics))
  const ours = theirs.map((file, i) => shared((files[i] as File).metrics, file))
  expect(theirs).toEqual(ours)
  expect(sum(ours, (file) => file.upperBounds)).toBeGreaterThan(50)
})

test('Java writes single values as we do', () => {
  const ours = values.map(([type, value]) => [type, value, hex(singleValueBytes(type, value))])
  expect(ours).toEqual(values.map(([type, value], i) => [type, value, java.values[i]]))
})

test('Java cuts texts as we do', () => {
  const ours = cutTexts.map((text) => [
    hex(lowerBound('string', text)),
    hex(upperBound('string', text)),
  ])
  expect(ours).toEqual(java.texts)
  expect(ours.filter(([, upper]) => upper === null).length).toBeGreaterThan(10)
})
