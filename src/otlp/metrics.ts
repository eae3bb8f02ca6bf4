/** Data points as rows of the five metrics tables. */
import type { Vector } from '../arrow/vector.ts'
import { exponentialHistogram, gauge, histogram, sum, summary } from '../tables/metrics.ts'
import { type TableBatch, tableBatch } from './batch.ts'
import { type Context, common } from './common.ts'
import type {
  Exemplar,
  ExponentialHistogramDataPoint,
  ExportMetricsServiceRequest,
  HistogramDataPoint,
  Metric,
  NumberDataPoint,
  ResourceMetrics,
  ScopeMetrics,
  SummaryDataPoint,
} from './messages.ts'
import type { MessagesColumn, Rows } from './rows.ts'
import * as vectors from './vectors.ts'

/** The rows of a decoded request as a batch for each kind of metric that has points. */
export const metricBatches = (
  request: Rows<typeof ExportMetricsServiceRequest.fields>,
  context: Context,
): TableBatch[] => {
  const resources = request.columns.resource_metrics.rows
  const scopes = resources.columns.scope_metrics.rows
  const metrics = scopes.columns.metrics.rows
  const scopeOf = vectors.parents(scopes.columns.metrics.offsets, scopes.n)
  const resourceOf = vectors.gather(
    vectors.parents(resources.columns.scope_metrics.offsets, resources.n),
    scopeOf,
  )
  const tree: Tree = { resources, scopes, metrics, scopeOf, resourceOf, context }
  const { columns } = metrics
  const kinds = [
    { kind: columns.gauge, batch: gaugeBatch },
    { kind: columns.sum, batch: sumBatch },
    { kind: columns.histogram, batch: histogramBatch },
    { kind: columns.exponential_histogram, batch: exponentialHistogramBatch },
    { kind: columns.summary, batch: summaryBatch },
  ]
  const batches = kinds
    .filter(({ kind }) => kind.rows.columns.data_points.length > 0)
    .map(({ batch }) => batch(tree))
  return batches.map((one) => ({
    ...one,
    others: batches.filter((other) => other !== one).map(({ batch }) => batch),
  }))
}

/** The metrics of a request and, for each, its scope and its resource. */
interface Tree {
  readonly resources: Rows<typeof ResourceMetrics.fields>
  readonly scopes: Rows<typeof ScopeMetrics.fields>
  readonly metrics: Rows<typeof Metric.fields>
  readonly scopeOf: Int32Array
  readonly resourceOf: Int32Array
  readonly context: Context
}

type NumberPoint = typeof NumberDataPoint.fields
type HistogramPoint = typeof HistogramDataPoint.fields
type ExponentialPoint = typeof ExponentialHistogramDataPoint.fields
type Point = NumberPoint | HistogramPoint | ExponentialPoint | typeof SummaryDataPoint.fields

const gaugeBatch = (tree: Tree): TableBatch => {
  const points = tree.metrics.columns.gauge.rows.columns.data_points
  return tableBatch(gauge, points.rows.n, {
    ...pointColumns(tree, points),
    ...exemplars(points.rows),
    ...numbers(points.rows),
  })
}

const sumBatch = (tree: Tree): TableBatch => {
  const {
    data_points: points,
    aggregation_temporality,
    is_monotonic,
  } = tree.metrics.columns.sum.rows.columns
  const metricOf = vectors.parents(points.offsets, tree.metrics.n)
  return tableBatch(sum, points.rows.n, {
    ...pointColumns(tree, points),
    ...exemplars(points.rows),
    AggregationTemporality: temporality(aggregation_temporality.values, metricOf),
    ...numbers(points.rows),
    IsMonotonic: vectors.bool(vectors.gather(is_monotonic.values, metricOf), metricOf.length),
  })
}

const histogramBatch = (tree: Tree): TableBatch => {
  const { data_points: points, aggregation_temporality } =
    tree.metrics.columns.histogram.rows.columns
  const { n, columns: point } = points.rows
  return tableBatch(histogram, n, {
    ...pointColumns(tree, points),
    ...exemplars(points.rows),
    AggregationTemporality: temporality(
      aggregation_temporality.values,
      vectors.parents(points.offsets, tree.metrics.n),
    ),
    ...aggregates(points.rows),
    BucketCounts: vectors.int64s(point.bucket_counts, n),
    ExplicitBounds: vectors.float64s(point.explicit_bounds, n),
  })
}

const exponentialHistogramBatch = (tree: Tree): TableBatch => {
  const { data_points: points, aggregation_temporality } =
    tree.metrics.columns.exponential_histogram.rows.columns
  const { n, columns: point } = points.rows
  const positive = buckets(point.positive, n)
  const negative = buckets(point.negative, n)
  return tableBatch(exponentialHistogram, n, {
    ...pointColumns(tree, points),
    ...exemplars(points.rows),
    AggregationTemporality: temporality(
      aggregation_temporality.values,
      vectors.parents(points.offsets, tree.metrics.n),
    ),
    ...aggregates(points.rows),
    Scale: vectors.int32(point.scale.values, n),
    ZeroCount: vectors.int64(point.zero_count, n),
    ZeroThreshold: vectors.float64(point.zero_threshold, n),
    PositiveOffset: positive.offset,
    PositiveBucketCounts: positive.counts,
    NegativeOffset: negative.offset,
    NegativeBucketCounts: negative.counts,
  })
}

const summaryBatch = (tree: Tree): TableBatch => {
  const points = tree.metrics.columns.summary.rows.columns.data_points
  const { n, columns: point } = points.rows
  const { offsets, rows: quantiles } = point.quantile_values
  return tableBatch(summary, n, {
    ...pointColumns(tree, points),
    Count: vectors.int64(point.count, n),
    Sum: vectors.float64(point.sum, n),
    QuantileValues: vectors.list(offsets, n, vectors.float64(quantiles.columns.value, quantiles.n)),
    QuantileQuantiles: vectors.list(
      offsets,
      n,
      vectors.float64(quantiles.columns.quantile, quantiles.n),
    ),
  })
}

/** What the points of every kind have: the common columns, those of their metric, their own. */
const pointColumns = (tree: Tree, { offsets, rows }: MessagesColumn<Point>) => {
  const { resources, scopes, metrics } = tree
  const metricOf = vectors.parents(offsets, metrics.n)
  const scopeOf = vectors.gather(tree.scopeOf, metricOf)
  const resourceOf = vectors.gather(tree.resourceOf, metricOf)
  const { n: length, requestRows, columns: point } = rows
  const { name, description, unit, metadata } = metrics.columns
  const entries = (column: typeof name | typeof metadata) =>
    vectors.dictionary(metricOf, vectors.text(column, metrics.n))
  return {
    ...common(
      { length, requestRows, time: point.time_unix_nano, resources, resourceOf, scopes, scopeOf },
      tree.context,
    ),
    MetricName: entries(name),
    MetricDescription: entries(description),
    MetricUnit: entries(unit),
    MetricMetadata: entries(metadata),
    Attributes: vectors.text(point.attributes, length),
    StartTimestamp: vectors.micros(point.start_time_unix_nano, length, true),
    StartTimeUnixNano: vectors.int64(point.start_time_unix_nano, length),
    Flags: vectors.uint32(point.flags, length),
  }
}

const exemplars = ({ n, columns }: Rows<NumberPoint | HistogramPoint | ExponentialPoint>) => {
  const { offsets, rows } = columns.exemplars as MessagesColumn<typeof Exemplar.fields>
  const exemplar = rows.columns
  const lists = (values: Vector) => vectors.list(offsets, n, values)
  return {
    ExemplarsTimestamp: lists(vectors.micros(exemplar.time_unix_nano, rows.n)),
    ExemplarsTimeUnixNano: lists(vectors.int64(exemplar.time_unix_nano, rows.n)),
    ExemplarsValue: lists(vectors.doubleOf(exemplar.as_double, exemplar.as_int, rows.n)),
    ExemplarsIntValue: lists(vectors.int64(exemplar.as_int, rows.n)),
    ExemplarsSpanId: lists(vectors.text(exemplar.span_id, rows.n)),
    ExemplarsTraceId: lists(vectors.text(exemplar.trace_id, rows.n)),
    ExemplarsFilteredAttributes: lists(vectors.text(exemplar.filtered_attributes, rows.n)),
  }
}

const numbers = ({ n, columns }: Rows<NumberPoint>) => ({
  Value: vectors.doubleOf(columns.as_double, columns.as_int, n),
  IntValue: vectors.int64(columns.as_int, n),
})

const aggregates = ({ n, columns }: Rows<HistogramPoint | ExponentialPoint>) => ({
  Count: vectors.int64(columns.count, n),
  Sum: vectors.float64(columns.sum, n),
  Min: vectors.float64(columns.min, n),
  Max: vectors.float64(columns.max, n),
})

const buckets = (
  { presence, rows }: ExponentialPoint['positive'] extends { column: () => infer C } ? C : never,
  n: number,
) => {
  const validity = vectors.bitmap(presence.flags, n)
  return {
    offset: vectors.int32(rows.columns.offset.values, n, validity),
    counts: vectors.int64s(rows.columns.bucket_counts, n, validity),
  }
}

const temporality = (values: Int32Array, metricOf: Int32Array) =>
  vectors.int32(vectors.gather(values, metricOf), metricOf.length)
