/** The golden rows of metrics. */
import type { Row } from '../judge/row.ts'
import { type Expected, of } from './expected.ts'

/** What all points of a metric say. */
const metric = (name: string): Row => ({
  ...of('checkout'),
  ScopeName: 'meter',
  ScopeVersion: '1',
  ScopeAttributes: '{}',
  ScopeDroppedAttributesCount: 0n,
  MetricName: name,
  MetricDescription: `what ${name} means`,
  MetricUnit: 'By',
  MetricMetadata: '{"prometheus.type":"unknown"}',
})

/** The first point of each case: all that points have in common. */
const first: Row = {
  RequestRow: 0,
  Timestamp: 1_772_366_460_000_000n,
  TimeUnixNano: 1_772_366_460_000_000_001n,
  Attributes: '{"route":"/cart"}',
  StartTimestamp: 1_772_366_400_000_000n,
  StartTimeUnixNano: 1_772_366_400_000_000_000n,
  Flags: 1n,
}

/** A later point, at `RequestRow` nanoseconds after noon and without anything else. */
const later = (RequestRow: number): Row => ({
  RequestRow,
  Timestamp: 1_772_366_400_000_000n,
  TimeUnixNano: 1_772_366_400_000_000_000n + BigInt(RequestRow),
  Attributes: '{}',
  StartTimestamp: null,
  StartTimeUnixNano: 0n,
  Flags: 0n,
})

const exemplars: Row = {
  ExemplarsTimestamp: [1_772_366_400_000_007n, 1_772_366_400_000_008n, 0n],
  ExemplarsTimeUnixNano: [1_772_366_400_000_007_777n, 1_772_366_400_000_008_888n, 0n],
  ExemplarsValue: [0.25, 9_007_199_254_740_992, null],
  ExemplarsIntValue: [null, 9_007_199_254_740_993n, null],
  ExemplarsSpanId: ['eee19b7ec3c1b174', '', ''],
  ExemplarsTraceId: ['5b8efff798038103d269b633813fc60c', '', ''],
  ExemplarsFilteredAttributes: ['{"user":"u1"}', '{}', '{}'],
}

const noExemplars: Row = Object.fromEntries(Object.keys(exemplars).map((name) => [name, []]))

const gauge = metric('gauge')
const sum: Row = { ...metric('sum'), AggregationTemporality: 2, IsMonotonic: true }
const histogram: Row = { ...metric('histogram'), AggregationTemporality: 1 }
const exponential: Row = { ...metric('exponential'), AggregationTemporality: 2 }

export const metricsRows = {
  'metrics-gauge': {
    tables: {
      metrics_gauge: [
        { ...gauge, ...first, ...exemplars, Value: 0.1, IntValue: null },
        {
          ...gauge,
          ...later(1),
          ...noExemplars,
          Value: -(2 ** 63),
          IntValue: -9_223_372_036_854_775_808n,
        },
        { ...gauge, ...later(2), ...noExemplars, Value: Number.NaN, IntValue: null },
        { ...gauge, ...later(3), ...noExemplars, Flags: 1n, Value: null, IntValue: null },
      ],
    },
  },
  'metrics-sum': {
    tables: {
      metrics_sum: [
        { ...sum, ...first, ...exemplars, Value: 42, IntValue: 42n },
        { ...sum, ...later(1), ...noExemplars, Value: 0, IntValue: null },
      ],
    },
  },
  'metrics-histogram': {
    tables: {
      metrics_histogram: [
        {
          ...histogram,
          ...first,
          ...exemplars,
          Count: 6n,
          Sum: 21.5,
          Min: 0,
          Max: 12,
          BucketCounts: [1n, 2n, 3n],
          ExplicitBounds: [1, 2.5],
        },
        {
          ...histogram,
          ...later(1),
          ...noExemplars,
          Count: 0n,
          Sum: null,
          Min: null,
          Max: null,
          BucketCounts: [],
          ExplicitBounds: [],
        },
      ],
    },
  },
  'metrics-exponential-histogram': {
    tables: {
      metrics_exponential_histogram: [
        {
          ...exponential,
          ...first,
          ...exemplars,
          Count: 9n,
          Sum: -1,
          Min: -8,
          Max: 7,
          Scale: -3,
          ZeroCount: 2n,
          ZeroThreshold: 1e-9,
          PositiveOffset: -1,
          PositiveBucketCounts: [1n, 0n, 300n],
          NegativeOffset: 5,
          NegativeBucketCounts: [],
        },
        {
          ...exponential,
          ...later(1),
          ...noExemplars,
          Count: 0n,
          Sum: null,
          Min: null,
          Max: null,
          Scale: 0,
          ZeroCount: 0n,
          ZeroThreshold: 0,
          PositiveOffset: 0,
          PositiveBucketCounts: [],
          NegativeOffset: null,
          NegativeBucketCounts: null,
        },
      ],
    },
  },
  'metrics-summary': {
    tables: {
      metrics_summary: [
        {
          ...metric('summary'),
          ...first,
          Count: 10n,
          Sum: 55,
          QuantileValues: [1, 5.5, Number.POSITIVE_INFINITY],
          QuantileQuantiles: [0, 0.5, 1],
        },
        {
          ...metric('summary'),
          ...later(1),
          Count: 0n,
          Sum: 0,
          QuantileValues: [],
          QuantileQuantiles: [],
        },
      ],
    },
  },
} satisfies Record<string, Expected>

/** In which rows of which table the mixed metrics' points stand, by metric name. */
export const mixedPlaces = {
  metrics_gauge: { a: [4, 5, 6, 7] },
  metrics_sum: { b: [0, 1], a: [8, 9] },
  metrics_histogram: { c: [10, 11] },
  metrics_exponential_histogram: { c: [12, 13] },
  metrics_summary: { a: [2, 3] },
}
