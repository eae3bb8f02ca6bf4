/** Requests of many random records, with the values that break statistics drawn often; the same for the same seed. */

/** A generator of numbers in [0, 1) (mulberry32). */
export const randomOf = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export type Random = ReturnType<typeof randomOf>

export const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

/** Texts around the ends of a byte-wise order, and long ones that differ late, where truncated bounds lie. */
const texts = [
  '',
  ' ',
  'a',
  'A',
  '~',
  '\u007f',
  'é',
  'ÿ',
  '\ud7ff',
  '\ufffd',
  '\uffff',
  '𐀀',
  '\u{10ffff}',
  '\u{10ffff}'.repeat(20),
  '\uffff'.repeat(40),
  'x'.repeat(63),
  'x'.repeat(64),
  `${'x'.repeat(64)}y`,
  `${'x'.repeat(300)}a`,
  `${'x'.repeat(300)}b`,
]
export const integers = [0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n - 1n] as const
export const doubles = [0, 1, -1, 0.1, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE]
/** Doubles that `JSON.stringify` has no word for. */
const special = ['NaN', 'Infinity', '-Infinity', '-0']

const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')

const text = (random: Random): string => {
  const kind = random()
  if (kind < 0.3) return pick(random, texts)
  if (kind < 0.7) return `name-${Math.floor(random() * 30)}`
  return hex(random, Math.floor(random() * 100))
}

const resource = {
  attributes: [{ key: 'service.name', value: { stringValue: 'many' } }],
  droppedAttributesCount: 1,
}
/** All of one hour, so that they stand in one file. */
const time = (random: Random): string =>
  String(1_790_000_000_000_000_000n + BigInt(Math.floor(random() * 2.7e9)) * 1000n)

const sometimes = <T>(random: Random, value: T): T | undefined =>
  random() < 0.7 ? value : undefined

const log = (random: Random) => ({
  timeUnixNano: time(random),
  observedTimeUnixNano: String(pick(random, integers)),
  severityNumber: Math.floor(random() * 25),
  severityText: text(random),
  body: sometimes(random, { stringValue: text(random) }),
  eventName: text(random),
  droppedAttributesCount: Math.floor(random() * 3) * 2_000_000_000,
  flags: Math.floor(random() * 2 ** 32),
  traceId: sometimes(random, hex(random, 32)),
  spanId: sometimes(random, hex(random, 16)),
})

const span = (random: Random) => {
  const start = time(random)
  return {
    traceId: hex(random, 32),
    spanId: hex(random, 16),
    parentSpanId: sometimes(random, hex(random, 16)),
    traceState: text(random),
    name: text(random),
    kind: Math.floor(random() * 7),
    startTimeUnixNano: start,
    endTimeUnixNano: String(BigInt(start) + BigInt(Math.floor((random() - 0.3) * 1e9))),
    status: sometimes(random, { code: Math.floor(random() * 3), message: text(random) }),
  }
}

const times = (random: Random) => ({
  timeUnixNano: time(random),
  startTimeUnixNano: sometimes(random, time(random)),
  flags: Math.floor(random() * 2),
})

const double = (random: Random) =>
  random() < 0.2 ? pick(random, special) : pick(random, [...doubles, random()])
const small = (random: Random) => Math.floor(random() * 40) - 20

const number = (random: Random) => {
  const kind = random()
  if (kind < 0.1) return times(random)
  if (kind > 0.4) return { ...times(random), asDouble: double(random) }
  return { ...times(random), asInt: String(pick(random, integers) * (random() < 0.5 ? -1n : 1n)) }
}

const summary = (random: Random) => ({
  ...times(random),
  count: String(pick(random, integers)),
  sum: double(random),
})

const histogram = (random: Random) => ({
  ...summary(random),
  sum: sometimes(random, double(random)),
  min: sometimes(random, double(random)),
  max: sometimes(random, double(random)),
})

const exponentialHistogram = (random: Random) => ({
  ...histogram(random),
  scale: small(random),
  zeroCount: String(pick(random, integers)),
  zeroThreshold: double(random),
  positive: sometimes(random, { offset: small(random) }),
  negative: sometimes(random, { offset: small(random), bucketCounts: ['1'] }),
})

/** How many scopes the records are spread over, and each scope's points of one kind over how many metrics. */
const [scopeCount, metricCount] = [10, 4]

const kinds = {
  gauge: number,
  sum: number,
  histogram,
  exponentialHistogram,
  summary,
}

const metric = (random: Random, kind: keyof typeof kinds, points: number) => ({
  name: text(random),
  description: text(random),
  unit: text(random),
  [kind]: {
    dataPoints: Array.from({ length: points }, () => kinds[kind](random)),
    ...(kind === 'sum' ? { isMonotonic: random() < 0.5 } : {}),
    ...(kind === 'gauge' || kind === 'summary'
      ? {}
      : { aggregationTemporality: Math.floor(random() * 3) }),
  },
})

/**
 * A request of each signal under one service; `count` records or points of each kind, a multiple of 40,
 * most with a scope.
 */
export const randomRequests = (seed: number, count: number) => {
  const random = randomOf(seed)
  const many = <T>(n: number, make: (random: Random) => T) =>
    Array.from({ length: n }, () => make(random))
  const scopes = many(scopeCount, (draw) =>
    sometimes(draw, { name: text(draw), version: text(draw) }),
  )
  const each = count / scopeCount
  const logs = scopes.map((scope) => ({ scope, logRecords: many(each, log) }))
  const spans = scopes.map((scope) => ({ scope, spans: many(each, span) }))
  const metrics = scopes.map((scope) => ({
    scope,
    metrics: Object.keys(kinds).flatMap((kind) =>
      many(metricCount, (draw) => metric(draw, kind as keyof typeof kinds, each / metricCount)),
    ),
  }))
  return {
    logs: { resourceLogs: [{ resource, scopeLogs: logs }] },
    traces: { resourceSpans: [{ resource, scopeSpans: spans }] },
    metrics: { resourceMetrics: [{ resource, scopeMetrics: metrics }] },
  }
}
