/** The rows of one metric: a row per data point. */
import {
  attributesOf,
  double,
  integer,
  jsonText,
  list,
  type Message,
  micros,
  text,
} from './expected-values.ts'
import type { Cell, Row } from './rows.ts'

/** A double, or an integer and its double. */
const numberColumns = (point: Message): { Value: Cell; IntValue: Cell } =>
  point.asInt == null
    ? { Value: double(point.asDouble), IntValue: null }
    : { Value: double(point.asInt), IntValue: integer(point.asInt) }

const exemplarColumns = (point: Message): Row => {
  const exemplars = list(point.exemplars)
  return {
    ExemplarsTimestamp: exemplars.map((e) => micros(e.timeUnixNano)),
    ExemplarsTimeUnixNano: exemplars.map((e) => integer(e.timeUnixNano)),
    ExemplarsValue: exemplars.map((e) => numberColumns(e).Value),
    ExemplarsIntValue: exemplars.map((e) => numberColumns(e).IntValue),
    ExemplarsSpanId: exemplars.map((e) => text(e.spanId)),
    ExemplarsTraceId: exemplars.map((e) => text(e.traceId)),
    ExemplarsFilteredAttributes: exemplars.map((e) => jsonText(attributesOf(e.filteredAttributes))),
  }
}

const countColumns = (point: Message): Row => ({
  Count: integer(point.count),
  Sum: double(point.sum),
})
const extremeColumns = (point: Message): Row => ({ Min: double(point.min), Max: double(point.max) })
const integers = (values: unknown): Cell[] => ((values ?? []) as unknown[]).map(integer)
const doubles = (values: unknown): Cell[] => ((values ?? []) as unknown[]).map(double)

const bucketColumns = (side: string, buckets: Message | null | undefined): Row => ({
  [`${side}Offset`]: buckets ? integer(buckets.offset) : null,
  [`${side}BucketCounts`]: buckets ? integers(buckets.bucketCounts) : null,
})

const temporality = (data: Message): Row => ({
  AggregationTemporality: integer(data.aggregationTemporality),
})

const kinds: Readonly<
  Record<string, { table: string; columns: (p: Message, data: Message) => Row }>
> = {
  gauge: {
    table: 'metrics_gauge',
    columns: (p) => ({ ...exemplarColumns(p), ...numberColumns(p) }),
  },
  sum: {
    table: 'metrics_sum',
    columns: (p, data) => ({
      ...exemplarColumns(p),
      ...temporality(data),
      ...numberColumns(p),
      IsMonotonic: data.isMonotonic === true,
    }),
  },
  histogram: {
    table: 'metrics_histogram',
    columns: (p, data) => ({
      ...exemplarColumns(p),
      ...temporality(data),
      ...countColumns(p),
      ...extremeColumns(p),
      BucketCounts: integers(p.bucketCounts),
      ExplicitBounds: doubles(p.explicitBounds),
    }),
  },
  exponentialHistogram: {
    table: 'metrics_exponential_histogram',
    columns: (p, data) => ({
      ...exemplarColumns(p),
      ...temporality(data),
      ...countColumns(p),
      ...extremeColumns(p),
      Scale: integer(p.scale),
      ZeroCount: integer(p.zeroCount),
      ZeroThreshold: double(p.zeroThreshold ?? 0),
      ...bucketColumns('Positive', p.positive as Message),
      ...bucketColumns('Negative', p.negative as Message),
    }),
  },
  summary: {
    table: 'metrics_summary',
    columns: (p) => ({
      Count: integer(p.count),
      Sum: double(p.sum ?? 0),
      QuantileValues: list(p.quantileValues).map((q) => double(q.value ?? 0)),
      QuantileQuantiles: list(p.quantileValues).map((q) => double(q.quantile ?? 0)),
    }),
  },
}

/** One entry for each data point; `time` is its `time_unix_nano`. */
export const points = (metric: Message): { table: string; row: Row; time: unknown }[] =>
  Object.entries(kinds).flatMap(([kind, { table, columns }]) => {
    const data = metric[kind] as Message | null | undefined
    return list(data?.dataPoints).map((point) => ({
      table,
      time: point.timeUnixNano,
      row: {
        MetricName: text(metric.name),
        MetricDescription: text(metric.description),
        MetricUnit: text(metric.unit),
        MetricMetadata: jsonText(attributesOf(metric.metadata)),
        Attributes: jsonText(attributesOf(point.attributes)),
        TimeUnixNano: integer(point.timeUnixNano),
        StartTimestamp:
          integer(point.startTimeUnixNano) === '0' ? null : micros(point.startTimeUnixNano),
        StartTimeUnixNano: integer(point.startTimeUnixNano),
        Flags: integer(point.flags),
        ...columns(point, data as Message),
      },
    }))
  })
