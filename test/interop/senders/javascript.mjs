// Sends telemetry with OpenTelemetry's JavaScript SDK and says, one JSON line per export, what it handed to the exporter.
// Usage: node javascript.mjs <endpoint> json|protobuf gzip|none
// Lines: {"signal": "logs" | "traces" | "metrics", "request": …}, in OTLP/JSON's shape with doubles as strings.
import { createRequire } from 'node:module'

const [endpoint, encoding, compression] = process.argv.slice(2)
const require = createRequire(new URL('../peers/js/package.json', import.meta.url))
const otel = (name) => require(`@opentelemetry/${name}`)
const api = otel('api')
const { LoggerProvider, BatchLogRecordProcessor } = otel('sdk-logs')
const { TracerProvider, BatchSpanProcessor } = otel('sdk-trace')
const metricsSdk = otel('sdk-metrics')
const { resourceFromAttributes } = otel('resources')
const { TraceState } = otel('core')

api.diag.setLogger(new api.DiagConsoleLogger(), api.DiagLogLevel.WARN)
const suffix = encoding === 'json' ? 'http' : 'proto'
const exporterOf = (signal, name, options = {}) =>
  new (otel(`exporter-${signal}-otlp-${suffix}`)[name])({
    url: `${endpoint}/v1/${signal === 'trace' ? 'traces' : signal}`,
    compression,
    ...options,
  })

// --- What the SDK's own objects say, in OTLP/JSON's shape.

// JSON has no word for these three: the exporter writes null, which means absent.
const double = (value) =>
  encoding === 'json'
    ? Number.isFinite(value)
      ? String(value)
      : undefined
    : Object.is(value, -0)
      ? '-0'
      : String(value)
const nanos = ([seconds, rest]) => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest))
// JSON.stringify writes the shortest digits that name the double, protobuf the double's own.
const integer = (value) => (encoding === 'json' ? String(value) : String(BigInt(value)))

const anyValue = (value) => {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (Number.isInteger(value)) return { intValue: integer(value) }
  if (typeof value === 'number') return { doubleValue: double(value) }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  if (value === null || value === undefined) return {}
  return { kvlistValue: { values: attributes(value) } }
}
const attributes = (object = {}) =>
  Object.entries(object).map(([key, value]) => ({ key, value: anyValue(value) }))
const resource = ({ attributes: a, schemaUrl }) => ({
  resource: { attributes: attributes(a) },
  schemaUrl,
})
const scope = ({ name, version, attributes: a, droppedAttributesCount }) => ({
  name,
  version,
  attributes: attributes(a),
  droppedAttributesCount,
})

/** Puts items under their resource and scope, in the order of first sight. */
const grouped = (items, scopes, records, convert) => {
  const groups = new Map()
  for (const item of items) {
    const group = groups.get(item.resource) ?? new Map()
    groups.set(item.resource, group)
    const list = group.get(item.instrumentationScope) ?? []
    group.set(item.instrumentationScope, list)
    list.push(convert(item))
  }
  return [...groups].map(([r, group]) => ({
    ...resource(r),
    [scopes]: [...group].map(([s, list]) => ({
      scope: scope(s),
      schemaUrl: s.schemaUrl,
      [records]: list,
    })),
  }))
}

const logRecord = (log) => ({
  timeUnixNano: nanos(log.hrTime),
  observedTimeUnixNano: nanos(log.hrTimeObserved),
  severityNumber: log.severityNumber,
  severityText: log.severityText,
  body: anyValue(log.body),
  eventName: log.eventName,
  attributes: attributes(log.attributes),
  droppedAttributesCount: log.droppedAttributesCount,
  flags: log.spanContext?.traceFlags,
  traceId: log.spanContext?.traceId,
  spanId: log.spanContext?.spanId,
})

// Bit 8 of the flags says that bit 9 is meant: whether the parent (or linked) span is of another process.
const flags = (traceFlags, remote) => traceFlags | 0x100 | (remote ? 0x200 : 0)

const span = (s) => ({
  traceId: s.spanContext().traceId,
  spanId: s.spanContext().spanId,
  traceState: s.spanContext().traceState?.serialize(),
  parentSpanId: s.parentSpanContext?.spanId,
  flags: flags(s.spanContext().traceFlags, s.parentSpanContext?.isRemote),
  name: s.name,
  kind: s.kind + 1,
  startTimeUnixNano: nanos(s.startTime),
  endTimeUnixNano: nanos(s.endTime),
  attributes: attributes(s.attributes),
  droppedAttributesCount: s.droppedAttributesCount,
  droppedEventsCount: s.droppedEventsCount,
  droppedLinksCount: s.droppedLinksCount,
  status: s.status,
  events: s.events.map((event) => ({
    timeUnixNano: nanos(event.time),
    name: event.name,
    attributes: attributes(event.attributes),
    droppedAttributesCount: event.droppedAttributesCount,
  })),
  links: s.links.map((link) => ({
    traceId: link.context.traceId,
    spanId: link.context.spanId,
    traceState: link.context.traceState?.serialize(),
    attributes: attributes(link.attributes),
    droppedAttributesCount: link.droppedAttributesCount,
    flags: flags(link.context.traceFlags, link.context.isRemote),
  })),
})

const kinds = ['histogram', 'exponentialHistogram', 'gauge', 'sum']
const value = {
  gauge: (v, type) => (type === api.ValueType.INT ? { asInt: integer(v) } : { asDouble: double(v) }),
  sum: (v, type) => value.gauge(v, type),
  histogram: (v) => ({
    ...summarized(v),
    bucketCounts: v.buckets.counts.map(integer),
    explicitBounds: v.buckets.boundaries.map(double),
  }),
  exponentialHistogram: (v) => ({
    ...summarized(v),
    scale: v.scale,
    zeroCount: integer(v.zeroCount),
    positive: buckets(v.positive),
    negative: buckets(v.negative),
  }),
}
const optional = (v) => (v === undefined ? undefined : double(v))
const summarized = (v) => ({
  count: integer(v.count),
  sum: optional(v.sum),
  min: optional(v.min),
  max: optional(v.max),
})
const buckets = ({ offset, bucketCounts }) => ({ offset, bucketCounts: bucketCounts.map(integer) })

const metric = (m) => {
  const kind = kinds[m.dataPointType]
  return {
    name: m.descriptor.name,
    description: m.descriptor.description,
    unit: m.descriptor.unit,
    [kind]: {
      // The SDK counts DELTA 0, CUMULATIVE 1; OTLP 1 and 2.
      aggregationTemporality: m.aggregationTemporality + 1,
      isMonotonic: m.isMonotonic,
      dataPoints: m.dataPoints.map((point) => ({
        attributes: attributes(point.attributes),
        startTimeUnixNano: nanos(point.startTime),
        timeUnixNano: nanos(point.endTime),
        ...value[kind](point.value, m.descriptor.valueType),
      })),
    },
  }
}

const requests = {
  logs: (records) => ({ resourceLogs: grouped(records, 'scopeLogs', 'logRecords', logRecord) }),
  traces: (spans) => ({ resourceSpans: grouped(spans, 'scopeSpans', 'spans', span) }),
  metrics: (data) => ({
    resourceMetrics: [
      {
        ...resource(data.resource),
        scopeMetrics: data.scopeMetrics.map((s) => ({
          scope: scope(s.scope),
          schemaUrl: s.scope.schemaUrl,
          metrics: s.metrics.map(metric),
        })),
      },
    ],
  }),
}

/** An exporter that says what it was given, then hands it on; a refused export ends the program. */
const telling = (signal, exporter) => ({
  export(data, done) {
    console.log(JSON.stringify({ signal, request: requests[signal](data) }))
    exporter.export(data, (result) => {
      if (result.code !== 0) {
        console.error(`${signal}: ${result.error}`)
        process.exitCode = 1
      }
      done(result)
    })
  },
  selectAggregation: (type) => exporter.selectAggregation(type),
  selectAggregationTemporality: (type) => exporter.selectAggregationTemporality(type),
  forceFlush: () => exporter.forceFlush(),
  shutdown: () => exporter.shutdown(),
})

// --- What is sent: every field the SDK can fill.

const every = {
  string: 'grüße 日本語 🚀 "quoted" \\ \u0000 \u2028 </script>',
  empty: '',
  bool: true,
  int: -42,
  large: 2 ** 60,
  double: 0.1,
  tiny: 5e-324,
  nan: Number.NaN,
  infinity: Number.NEGATIVE_INFINITY,
  strings: ['a', '', 'ß'],
  ints: [1, 2, 3],
  doubles: [1.5, -2.5],
  bools: [true, false],
  none: [],
}
const nested = {
  bytes: new Uint8Array([0, 1, 254, 255]),
  map: { inner: { deep: [1, 'two', { three: 3.5 }] }, bytesValue: 'no bytes' },
  null: null,
  ...every,
}

const about = resourceFromAttributes(
  {
    'service.name': 'js/sdk é',
    'service.namespace': 'shop',
    'service.instance.id': 'js-1',
    ...every,
  },
  { schemaUrl: 'https://opentelemetry.io/schemas/1.37.0' },
)
const base = [1_790_000_000, 123_456_789]
const at = (seconds, rest = base[1]) => [base[0] + seconds, rest]
const remoteState = new TraceState('vendor=opaque,other=1')
const remote = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: api.TraceFlags.SAMPLED,
  traceState: remoteState,
  isRemote: true,
}

const sendLogs = async () => {
  const exporter = telling('logs', exporterOf('logs', 'OTLPLogExporter'))
  const provider = new LoggerProvider({
    resource: about,
    logRecordLimits: { attributeCountLimit: 40 },
    processors: [new BatchLogRecordProcessor({ exporter })],
  })
  const logger = provider.getLogger('js.logger', '1.2.3', {
    schemaUrl: 'https://example.com/logs/1',
    attributes: { lane: 'fast', width: 3 },
  })
  const bodies = ['plain', '', 17, 2.5, false, new Uint8Array([1, 2, 3]), ['x', 1], nested, undefined]
  bodies.forEach((body, i) => {
    logger.emit({
      timestamp: at(i * 1800),
      observedTimestamp: at(i * 1800 + 1),
      severityNumber: 1 + i * 2,
      severityText: `LEVEL${i}`,
      eventName: i % 2 ? `event.${i}` : undefined,
      body,
      attributes: i === 0 ? nested : { i },
      context: i === 1 ? api.trace.setSpanContext(api.ROOT_CONTEXT, remote) : api.ROOT_CONTEXT,
    })
  })
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${i}`, i]))
  logger.emit({ timestamp: at(5), body: 'too many attributes', attributes: many })
  provider.getLogger('js.second').emit({ timestamp: at(6), body: 'another scope' })
  await provider.forceFlush()
  await provider.shutdown()
}

const sendTraces = async () => {
  const exporter = telling('traces', exporterOf('trace', 'OTLPTraceExporter'))
  const provider = new TracerProvider({
    resource: about,
    spanLimits: { eventCountLimit: 3, linkCountLimit: 2, attributeCountLimit: 30 },
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  })
  const tracer = provider.getTracer('js.tracer', '4.5.6', { schemaUrl: 'https://example.com/traces/1' })
  const parent = api.trace.setSpanContext(api.ROOT_CONTEXT, remote)
  for (let kind = 0; kind < 5; kind++) {
    const one = tracer.startSpan(
      `span ${kind}`,
      {
        kind,
        startTime: at(kind * 3000),
        attributes: kind === 0 ? every : { kind },
        links: [
          { context: remote, attributes: { ...every } },
          { context: { ...remote, isRemote: false, traceState: undefined, traceFlags: 0 } },
        ],
      },
      kind === 3 ? api.ROOT_CONTEXT : parent,
    )
    for (let i = 0; i < kind + 1; i++) one.addEvent(`event ${i}`, { ...every, i }, at(kind * 3000 + i, i))
    if (kind === 1) one.setStatus({ code: api.SpanStatusCode.OK })
    if (kind === 2) one.setStatus({ code: api.SpanStatusCode.ERROR, message: 'boom: ünicode' })
    if (kind === 3) one.addLink({ context: remote })
    one.end(kind === 4 ? at(kind * 3000) : at(kind * 3000 + 7, 999_999_999))
  }
  await provider.forceFlush()
  await provider.shutdown()
}

const sendMetrics = async (temporality) => {
  const { AggregationType, MeterProvider, PeriodicExportingMetricReader } = metricsSdk
  const exporter = exporterOf('metrics', 'OTLPMetricExporter', {
    temporalityPreference: temporality,
  })
  const reader = new PeriodicExportingMetricReader({
    exporter: telling('metrics', exporter),
    exportIntervalMillis: 3_600_000,
  })
  const provider = new MeterProvider({
    resource: about,
    readers: [reader],
    views: [
      {
        instrumentName: 'js.exponential',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } },
      },
      {
        instrumentName: 'js.bare',
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [], recordMinMax: false },
        },
      },
    ],
  })
  const meter = provider.getMeter('js.meter', '7.8.9', { schemaUrl: 'https://example.com/metrics/1' })
  const whole = { valueType: api.ValueType.INT, unit: '{thing}', description: 'whole numbers' }
  const counter = meter.createCounter('js.counter', whole)
  counter.add(3, { ...every })
  counter.add(Number.MAX_SAFE_INTEGER, { other: true })
  meter.createUpDownCounter('js.updown', { unit: 'By' }).add(-1.5)
  meter.createGauge('js.gauge', whole).record(-7, { 'k e y': 'v' })
  const real = meter.createGauge('js.real', { description: 'Größe', unit: 'm' })
  for (const v of [0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) real.record(v, { v: `${v}` })
  meter
    .createObservableCounter('js.observed')
    .addCallback((result) => result.observe(12.5, { observed: true }))
  const explicit = meter.createHistogram('js.histogram', {
    unit: 'ms',
    advice: { explicitBucketBoundaries: [0, 1.5, 10, 1e9] },
  })
  const exponential = meter.createHistogram('js.exponential', { unit: 's' })
  const bare = meter.createHistogram('js.bare')
  for (const v of [0, 0.5, 1.5, 3, 250, 1e10]) {
    explicit.record(v, { route: '/a' })
    exponential.record(v, { route: '/b' })
    bare.record(v)
  }
  await provider.forceFlush()
  counter.add(4, { ...every })
  await provider.forceFlush()
  await provider.shutdown()
}

await sendLogs()
await sendTraces()
await sendMetrics(metricsSdk.AggregationTemporality.CUMULATIVE)
await sendMetrics(metricsSdk.AggregationTemporality.DELTA)
