/** A row of a metrics table back into a metric that holds one data point. */
import { create } from '@bufbuild/protobuf'
import {
  type AggregationTemporality,
  ExemplarSchema,
  ExponentialHistogramDataPointSchema,
  HistogramDataPointSchema,
  type Metric,
  MetricSchema,
  NumberDataPointSchema,
  SummaryDataPoint_ValueAtQuantileSchema,
  SummaryDataPointSchema,
} from './gen/metrics_pb.ts'
import { attributesOf } from './json-text.ts'
import { list, optional, parallel, type Row, required, unhex } from './row.ts'

/** The metric of one row; `table` is `metrics_gauge`, …. */
export const metricOf = (table: string, row: Row): Metric => {
  const of = data[table]
  if (of === undefined) throw new Error(`no metrics table: ${table}`)
  return create(MetricSchema, {
    name: required(row, 'MetricName', 'string'),
    description: required(row, 'MetricDescription', 'string'),
    unit: required(row, 'MetricUnit', 'string'),
    metadata: attributesOf(required(row, 'MetricMetadata', 'string')),
    data: of(row),
  })
}

type Data = Metric['data']

const data: Readonly<Record<string, (row: Row) => Data>> = {
  metrics_gauge: (row) => built({ case: 'gauge', value: { dataPoints: [numberPoint(row)] } }),
  metrics_sum: (row) =>
    built({
      case: 'sum',
      value: {
        dataPoints: [numberPoint(row)],
        aggregationTemporality: temporality(row),
        isMonotonic: required(row, 'IsMonotonic', 'boolean'),
      },
    }),
  metrics_histogram: (row) =>
    built({
      case: 'histogram',
      value: {
        dataPoints: [histogramPoint(row)],
        aggregationTemporality: temporality(row),
      },
    }),
  metrics_exponential_histogram: (row) =>
    built({
      case: 'exponentialHistogram',
      value: {
        dataPoints: [exponentialPoint(row)],
        aggregationTemporality: temporality(row),
      },
    }),
  metrics_summary: (row) => built({ case: 'summary', value: { dataPoints: [summaryPoint(row)] } }),
}

const temporality = (row: Row) =>
  required(row, 'AggregationTemporality', 'int') as AggregationTemporality

type Init = NonNullable<Parameters<typeof create<typeof MetricSchema>>[1]>['data']

const built = (init: NonNullable<Init>): Data => create(MetricSchema, { data: init }).data

const commonPoint = (row: Row) => ({
  attributes: attributesOf(required(row, 'Attributes', 'string')),
  startTimeUnixNano: required(row, 'StartTimeUnixNano', 'long'),
  timeUnixNano: required(row, 'TimeUnixNano', 'long'),
  flags: Number(required(row, 'Flags', 'long')),
})

const numberPoint = (row: Row) =>
  create(NumberDataPointSchema, {
    ...commonPoint(row),
    value: numberOf(row),
    exemplars: exemplarsOf(row),
  })

type NumberValue =
  | { readonly case: 'asDouble'; readonly value: number }
  | { readonly case: 'asInt'; readonly value: bigint }
  | { readonly case: undefined }

/** An integer stands in both columns, its double in `Value`; a double in `Value` alone. */
const numberOf = (row: Row): NumberValue => {
  const double = optional(row, 'Value', 'double')
  const int = optional(row, 'IntValue', 'long')
  if (int !== null) {
    if (double !== Number(int)) throw new Error(`Value ${double} with IntValue ${int}`)
    return { case: 'asInt', value: int }
  }
  return double === null ? { case: undefined } : { case: 'asDouble', value: double }
}

const exemplarColumns = [
  'TimeUnixNano',
  'Value',
  'IntValue',
  'SpanId',
  'TraceId',
  'FilteredAttributes',
]

const exemplarsOf = (row: Row) =>
  parallel(row, 'Exemplars', exemplarColumns).map((exemplar) =>
    create(ExemplarSchema, {
      timeUnixNano: required(exemplar, 'TimeUnixNano', 'long'),
      value: numberOf(exemplar),
      spanId: unhex(required(exemplar, 'SpanId', 'string')),
      traceId: unhex(required(exemplar, 'TraceId', 'string')),
      filteredAttributes: attributesOf(required(exemplar, 'FilteredAttributes', 'string')),
    }),
  )

/** Optional doubles: a null column leaves the field out. */
const statistics = (row: Row, columns: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(columns).flatMap(([field, column]) => {
      const value = optional(row, column, 'double')
      return value === null ? [] : [[field, value]]
    }),
  )

const sumMinMax = { sum: 'Sum', min: 'Min', max: 'Max' }

const histogramPoint = (row: Row) =>
  create(HistogramDataPointSchema, {
    ...commonPoint(row),
    ...statistics(row, sumMinMax),
    count: required(row, 'Count', 'long'),
    bucketCounts: list(row, 'BucketCounts', 'long'),
    explicitBounds: list(row, 'ExplicitBounds', 'double'),
    exemplars: exemplarsOf(row),
  })

const exponentialPoint = (row: Row) =>
  create(ExponentialHistogramDataPointSchema, {
    ...commonPoint(row),
    ...statistics(row, sumMinMax),
    count: required(row, 'Count', 'long'),
    scale: required(row, 'Scale', 'int'),
    zeroCount: required(row, 'ZeroCount', 'long'),
    zeroThreshold: required(row, 'ZeroThreshold', 'double'),
    ...bucketsOf(row, 'positive', 'Positive'),
    ...bucketsOf(row, 'negative', 'Negative'),
    exemplars: exemplarsOf(row),
  })

const bucketsOf = (row: Row, field: 'positive' | 'negative', prefix: string) => {
  const offset = optional(row, `${prefix}Offset`, 'int')
  if ((offset === null) !== (row[`${prefix}BucketCounts`] === null))
    throw new Error(`only one column of ${prefix} is null`)
  if (offset === null) return {}
  return { [field]: { offset, bucketCounts: list(row, `${prefix}BucketCounts`, 'long') } }
}

const summaryPoint = (row: Row) =>
  create(SummaryDataPointSchema, {
    ...commonPoint(row),
    count: required(row, 'Count', 'long'),
    sum: required(row, 'Sum', 'double'),
    quantileValues: parallel(row, 'Quantile', ['Values', 'Quantiles']).map((at) =>
      create(SummaryDataPoint_ValueAtQuantileSchema, {
        value: required(at, 'Values', 'double'),
        quantile: required(at, 'Quantiles', 'double'),
      }),
    ),
  })
