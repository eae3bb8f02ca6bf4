/** Random metrics of all five kinds, and of none. */
import fc from 'fast-check'
import { few, message } from './arbitrary-message.ts'
import type { KeyValue } from './gen/common_pb.ts'
import {
  type AggregationTemporality,
  ExemplarSchema,
  ExponentialHistogramDataPoint_BucketsSchema,
  ExponentialHistogramDataPointSchema,
  ExponentialHistogramSchema,
  GaugeSchema,
  HistogramDataPointSchema,
  HistogramSchema,
  type Metric,
  MetricSchema,
  NumberDataPointSchema,
  SummaryDataPoint_ValueAtQuantileSchema,
  SummaryDataPointSchema,
  SummarySchema,
  SumSchema,
} from './gen/metrics_pb.ts'
import * as values from './values.ts'

const number = fc.oneof(
  fc.record({ case: fc.constant('asDouble' as const), value: values.double }),
  fc.record({ case: fc.constant('asInt' as const), value: values.int64 }),
  fc.constant({ case: undefined }),
)

const temporality = values.enumNumber<AggregationTemporality>(3)

const extremes = { sum: values.double, min: values.double, max: values.double }

const buckets = message(ExponentialHistogramDataPoint_BucketsSchema, {
  offset: values.int32,
  bucketCounts: few(values.count64, 5),
})

const quantile = message(SummaryDataPoint_ValueAtQuantileSchema, {
  quantile: values.double,
  value: values.double,
})

/** A metric; `attributes` are those of points, exemplars and metadata. */
export const arbitraryMetric = (attributes: fc.Arbitrary<KeyValue[]>): fc.Arbitrary<Metric> => {
  const point = {
    attributes,
    startTimeUnixNano: values.time,
    timeUnixNano: values.time,
    flags: values.uint32,
  }
  const exemplar = message(ExemplarSchema, {
    filteredAttributes: attributes,
    timeUnixNano: values.time,
    value: number,
    spanId: values.id(8),
    traceId: values.id(16),
  })
  const exemplars = few(exemplar, 2)
  const numberPoints = few(message(NumberDataPointSchema, { ...point, exemplars, value: number }))
  const histogramPoint = message(
    HistogramDataPointSchema,
    {
      ...point,
      exemplars,
      count: values.count64,
      bucketCounts: few(values.count64, 5),
      explicitBounds: few(values.double, 5),
    },
    extremes,
  )
  const exponentialPoint = message(
    ExponentialHistogramDataPointSchema,
    {
      ...point,
      exemplars,
      count: values.count64,
      scale: values.int32,
      zeroCount: values.count64,
      zeroThreshold: values.double,
    },
    { ...extremes, positive: buckets, negative: buckets },
  )
  const summaryPoint = message(SummaryDataPointSchema, {
    ...point,
    count: values.count64,
    sum: values.double,
    quantileValues: few(quantile),
  })
  const gauge = message(GaugeSchema, { dataPoints: numberPoints })
  const sum = message(SumSchema, {
    dataPoints: numberPoints,
    aggregationTemporality: temporality,
    isMonotonic: fc.boolean(),
  })
  const histogram = message(HistogramSchema, {
    dataPoints: few(histogramPoint),
    aggregationTemporality: temporality,
  })
  const exponentialHistogram = message(ExponentialHistogramSchema, {
    dataPoints: few(exponentialPoint),
    aggregationTemporality: temporality,
  })
  const summary = message(SummarySchema, { dataPoints: few(summaryPoint) })
  return message(MetricSchema, {
    name: values.text,
    description: values.text,
    unit: values.text,
    metadata: attributes,
    data: fc.oneof(
      fc.record({ case: fc.constant('gauge' as const), value: gauge }),
      fc.record({ case: fc.constant('sum' as const), value: sum }),
      fc.record({ case: fc.constant('histogram' as const), value: histogram }),
      fc.record({
        case: fc.constant('exponentialHistogram' as const),
        value: exponentialHistogram,
      }),
      fc.record({ case: fc.constant('summary' as const), value: summary }),
      fc.constant({ case: undefined }),
    ),
  })
}
