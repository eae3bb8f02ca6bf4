import { commonColumns } from './common.ts'
import { type Column, column, type Table } from './table.ts'

/** The columns of every metrics table: ids 20 to 29. */
const metric = [
  ...commonColumns,
  column(20, 'MetricName', 'string', '`Metric.name`'),
  column(21, 'MetricDescription', 'string', '`Metric.description`'),
  column(22, 'MetricUnit', 'string', '`Metric.unit`'),
  column(23, 'MetricMetadata', 'json', '`Metric.metadata`'),
  column(24, 'Attributes', 'json', "the point's `attributes`"),
  column(
    25,
    'StartTimestamp',
    'timestamptz',
    '`start_time_unix_nano` in microseconds, null when 0',
  ),
  column(26, 'StartTimeUnixNano', 'long', '`start_time_unix_nano`'),
  column(27, 'Flags', 'long', "the point's `flags`"),
] as const

/** Exemplars, as parallel lists: ids 30 to 36. */
const exemplars = [
  column(
    30,
    'ExemplarsTimestamp',
    'list<timestamptz>',
    '`Exemplar.time_unix_nano` in microseconds',
  ),
  column(31, 'ExemplarsTimeUnixNano', 'list<long>', '`Exemplar.time_unix_nano`'),
  column(32, 'ExemplarsValue', 'list<double>', '`Exemplar.as_double`, or `as_int` as a double'),
  column(33, 'ExemplarsIntValue', 'list<long>', '`Exemplar.as_int`'),
  column(34, 'ExemplarsSpanId', 'list<string>', '`Exemplar.span_id`, lower-case hex'),
  column(35, 'ExemplarsTraceId', 'list<string>', '`Exemplar.trace_id`, lower-case hex'),
  column(36, 'ExemplarsFilteredAttributes', 'list<json>', '`Exemplar.filtered_attributes`'),
] as const

const temporality = column(40, 'AggregationTemporality', 'int', '`aggregation_temporality`')

const number = [
  column(
    41,
    'Value',
    'double',
    '`NumberDataPoint.as_double`, or `as_int` as a double; null without either',
  ),
  column(42, 'IntValue', 'long', '`NumberDataPoint.as_int`'),
] as const

const summarized = [
  column(41, 'Count', 'long', '`count`'),
  column(42, 'Sum', 'double', '`sum`'),
] as const

const extremes = [
  column(43, 'Min', 'double', '`min`'),
  column(44, 'Max', 'double', '`max`'),
] as const

const table = <const Columns extends readonly Column[]>(kind: string, columns: Columns) =>
  ({
    name: `metrics_${kind}`,
    folder: `metrics/${kind}`,
    columns,
    sortOrder: ['MetricName', 'ServiceName', 'Timestamp'],
  }) as Table<Columns[number]['name']>

export const gauge = table('gauge', [...metric, ...exemplars, ...number])

export const sum = table('sum', [
  ...metric,
  ...exemplars,
  temporality,
  ...number,
  column(43, 'IsMonotonic', 'boolean', '`Sum.is_monotonic`'),
])

export const histogram = table('histogram', [
  ...metric,
  ...exemplars,
  temporality,
  ...summarized,
  ...extremes,
  column(45, 'BucketCounts', 'list<long>', '`HistogramDataPoint.bucket_counts`'),
  column(46, 'ExplicitBounds', 'list<double>', '`HistogramDataPoint.explicit_bounds`'),
])

export const exponentialHistogram = table('exponential_histogram', [
  ...metric,
  ...exemplars,
  temporality,
  ...summarized,
  ...extremes,
  column(45, 'Scale', 'int', '`scale`'),
  column(46, 'ZeroCount', 'long', '`zero_count`'),
  column(47, 'ZeroThreshold', 'double', '`zero_threshold`'),
  column(48, 'PositiveOffset', 'int', '`positive.offset`'),
  column(49, 'PositiveBucketCounts', 'list<long>', '`positive.bucket_counts`'),
  column(50, 'NegativeOffset', 'int', '`negative.offset`'),
  column(51, 'NegativeBucketCounts', 'list<long>', '`negative.bucket_counts`'),
])

export const summary = table('summary', [
  ...metric,
  ...summarized,
  column(45, 'QuantileValues', 'list<double>', '`ValueAtQuantile.value`'),
  column(46, 'QuantileQuantiles', 'list<double>', '`ValueAtQuantile.quantile`'),
])
