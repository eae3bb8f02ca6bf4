/** Golden requests of metrics: the five kinds, each with what is special to it, and all of them mixed. */
import { create } from '@bufbuild/protobuf'
import type { MetricSchema } from '../judge/gen/metrics_pb.ts'
import { schemas } from '../judge/request.ts'
import { at, attributes, service, spanId, traceId } from './literals.ts'

type MetricInit = NonNullable<Parameters<typeof create<typeof MetricSchema>>[1]>
type Data = NonNullable<MetricInit['data']>

const metrics = (...list: MetricInit[]) =>
  create(schemas.metrics, {
    resourceMetrics: [
      {
        resource: service('checkout'),
        scopeMetrics: [{ scope: { name: 'meter', version: '1' }, metrics: list }],
      },
    ],
  })

const described = (name: string) => ({
  name,
  description: `what ${name} means`,
  unit: 'By',
  metadata: attributes([['prometheus.type', 'unknown']]),
})

const point = {
  attributes: attributes([['route', '/cart']]),
  startTimeUnixNano: at(0n),
  timeUnixNano: at(60_000_000_001n),
  flags: 1,
}

const exemplars = [
  {
    timeUnixNano: at(7_777n),
    value: { case: 'asDouble', value: 0.25 },
    traceId,
    spanId,
    filteredAttributes: attributes([['user', 'u1']]),
  },
  { timeUnixNano: at(8_888n), value: { case: 'asInt', value: 9_007_199_254_740_993n } },
  {},
] as const

const gauge: Data = {
  case: 'gauge',
  value: {
    dataPoints: [
      { ...point, value: { case: 'asDouble', value: 0.1 }, exemplars: [...exemplars] },
      { timeUnixNano: at(1n), value: { case: 'asInt', value: -9_223_372_036_854_775_808n } },
      { timeUnixNano: at(2n), value: { case: 'asDouble', value: Number.NaN } },
      { timeUnixNano: at(3n), flags: 1 },
    ],
  },
}

const sum: Data = {
  case: 'sum',
  value: {
    aggregationTemporality: 2,
    isMonotonic: true,
    dataPoints: [
      { ...point, value: { case: 'asInt', value: 42n }, exemplars: [...exemplars] },
      { timeUnixNano: at(1n), value: { case: 'asDouble', value: 0 } },
    ],
  },
}

const histogram: Data = {
  case: 'histogram',
  value: {
    aggregationTemporality: 1,
    dataPoints: [
      {
        ...point,
        count: 6n,
        sum: 21.5,
        min: 0,
        max: 12,
        bucketCounts: [1n, 2n, 3n],
        explicitBounds: [1, 2.5],
        exemplars: [...exemplars],
      },
      { timeUnixNano: at(1n), count: 0n },
    ],
  },
}

const exponentialHistogram: Data = {
  case: 'exponentialHistogram',
  value: {
    aggregationTemporality: 2,
    dataPoints: [
      {
        ...point,
        count: 9n,
        sum: -1,
        min: -8,
        max: 7,
        scale: -3,
        zeroCount: 2n,
        zeroThreshold: 1e-9,
        positive: { offset: -1, bucketCounts: [1n, 0n, 300n] },
        negative: { offset: 5, bucketCounts: [] },
        exemplars: [...exemplars],
      },
      { timeUnixNano: at(1n), positive: {} },
    ],
  },
}

const summary: Data = {
  case: 'summary',
  value: {
    dataPoints: [
      {
        ...point,
        count: 10n,
        sum: 55,
        quantileValues: [
          { quantile: 0, value: 1 },
          { quantile: 0.5, value: 5.5 },
          { quantile: 1, value: Number.POSITIVE_INFINITY },
        ],
      },
      { timeUnixNano: at(1n) },
    ],
  },
}

export const metricsCases = {
  'metrics-gauge': metrics({ ...described('gauge'), data: gauge }),
  'metrics-sum': metrics({ ...described('sum'), data: sum }),
  'metrics-histogram': metrics({ ...described('histogram'), data: histogram }),
  'metrics-exponential-histogram': metrics({
    ...described('exponential'),
    data: exponentialHistogram,
  }),
  'metrics-summary': metrics({ ...described('summary'), data: summary }),
  'metrics-mixed': metrics(
    { name: 'b', data: sum },
    { name: 'a', data: summary },
    { name: 'none' },
    { name: 'a', data: gauge },
    { name: 'empty', data: { case: 'histogram', value: {} } },
    { name: 'a', data: sum },
    { name: 'c', data: histogram },
    { name: 'c', data: exponentialHistogram },
  ),
}
