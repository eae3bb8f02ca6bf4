// What the objects of OpenTelemetry's JavaScript SDK say, as OTLP/JSON requests with doubles as strings.
// Numbers come out of an exporter as its encoding can say them; the encoding is the program's second argument.
import { api } from './javascript-sdk.mjs'

const encoding = process.argv[3]

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

/** Requests by signal, from what an exporter is given. */
export const requests = {
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
