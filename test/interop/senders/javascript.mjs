// Sends telemetry with OpenTelemetry's JavaScript SDK and says, one JSON line per export, what it handed to the exporter.
// Usage: node javascript.mjs <endpoint> json|protobuf gzip|none
// Lines: {"signal": "logs" | "traces" | "metrics", "request": …}, in OTLP/JSON's shape with doubles as strings.
import { requests } from './javascript-requests.mjs'
import { api, otel } from './javascript-sdk.mjs'

const [endpoint, encoding, compression] = process.argv.slice(2)
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
