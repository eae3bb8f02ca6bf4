/** Data points of each metric kind, fifty to a metric, with three attributes and now and then an exemplar. */
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { MetricSchema } from '../judge/gen/metrics_pb.ts'
import { schemas } from '../judge/request.ts'
import { type Draws, draws, named, resource, scopesOf, words } from './values.ts'

type MetricInit = MessageInitShape<typeof MetricSchema>
type Data = NonNullable<Exclude<MetricInit, { $typeName: string }>['data']>

const cumulative = 2
const pointsPerMetric = 50

/** A metric's data of each kind, from so many points. */
const kinds = {
  gauge: (count: number, first: number, dice: Draws): Data => ({
    case: 'gauge',
    value: { dataPoints: points(count, first, dice, numberPoint) },
  }),
  sum: (count: number, first: number, dice: Draws): Data => ({
    case: 'sum',
    value: {
      dataPoints: points(count, first, dice, numberPoint),
      aggregationTemporality: cumulative,
      isMonotonic: true,
    },
  }),
  histogram: (count: number, first: number, dice: Draws): Data => ({
    case: 'histogram',
    value: {
      dataPoints: points(count, first, dice, histogramPoint),
      aggregationTemporality: cumulative,
    },
  }),
  exponentialHistogram: (count: number, first: number, dice: Draws): Data => ({
    case: 'exponentialHistogram',
    value: {
      dataPoints: points(count, first, dice, exponentialPoint),
      aggregationTemporality: cumulative,
    },
  }),
  summary: (count: number, first: number, dice: Draws): Data => ({
    case: 'summary',
    value: { dataPoints: points(count, first, dice, summaryPoint) },
  }),
}

export type MetricKind = keyof typeof kinds

export const metricKinds = Object.keys(kinds) as MetricKind[]

/** A request of so many data points of one kind. */
export const metricsRequest = (kind: MetricKind, count: number) => {
  const dice = draws(count)
  const metrics = Array.from({ length: Math.ceil(count / pointsPerMetric) }, (_, i) => {
    const first = i * pointsPerMetric
    return {
      name: `shop.${kind}.measured_${i}`,
      description: 'what the shop measures of itself',
      unit: 'ms',
      data: kinds[kind](Math.min(pointsPerMetric, count - first), first, dice),
    }
  })
  return create(schemas.metrics, {
    resourceMetrics: [
      {
        resource: resource(),
        scopeMetrics: scopesOf(metrics).map(({ scope, records }) => ({ scope, metrics: records })),
      },
    ],
  })
}

const points = <T extends object>(
  count: number,
  first: number,
  dice: Draws,
  point: (dice: Draws) => T,
) => Array.from({ length: count }, (_, i) => ({ ...common(first + i, dice), ...point(dice) }))

const common = (i: number, dice: Draws) => {
  const time = dice.time(i)
  return {
    timeUnixNano: time,
    startTimeUnixNano: time - 60_000_000_000n,
    attributes: named({
      'http.request.method': dice.pick(words.methods),
      'http.route': dice.pick(words.routes),
      'http.response.status_code': dice.pick(words.statuses),
    }),
  }
}

const exemplars = (dice: Draws) =>
  dice.oneIn(10)
    ? [
        {
          timeUnixNano: dice.time(0),
          value: { case: 'asDouble' as const, value: dice.below(1e6) / 64 },
          traceId: dice.bytes(16),
          spanId: dice.bytes(8),
        },
      ]
    : []

const numberPoint = (dice: Draws) => ({
  value: dice.oneIn(2)
    ? { case: 'asDouble' as const, value: dice.below(1e6) / 64 }
    : { case: 'asInt' as const, value: BigInt(dice.below(1e6)) },
  exemplars: exemplars(dice),
})

const bounds = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000]

const counts = (length: number, dice: Draws) =>
  Array.from({ length }, () => BigInt(dice.below(1000)))

const total = (bucketCounts: readonly bigint[]) => bucketCounts.reduce((a, b) => a + b, 0n)

const histogramPoint = (dice: Draws) => {
  const bucketCounts = counts(bounds.length + 1, dice)
  return {
    bucketCounts,
    explicitBounds: bounds,
    count: total(bucketCounts),
    sum: dice.below(1e6) / 64,
    min: 0.5,
    max: 2000.25,
    exemplars: exemplars(dice),
  }
}

const exponentialPoint = (dice: Draws) => {
  const bucketCounts = counts(20, dice)
  return {
    positive: { offset: dice.below(20), bucketCounts },
    count: total(bucketCounts),
    scale: 3,
    zeroCount: 0n,
    sum: dice.below(1e6) / 64,
    min: 0.5,
    max: 2000.25,
    exemplars: exemplars(dice),
  }
}

const summaryPoint = (dice: Draws) => ({
  count: BigInt(dice.below(1e6)),
  sum: dice.below(1e6) / 64,
  quantileValues: [0, 0.5, 0.9, 0.99, 1].map((quantile) => ({
    quantile,
    value: dice.below(1e6) / 64,
  })),
})
