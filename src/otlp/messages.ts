/** The messages of opentelemetry-proto 1.11 that OTLP/HTTP carries, each field once: name, number, type. */
import {
  anyValue,
  attributes,
  bool,
  double,
  doubles,
  enumeration,
  fixed32,
  fixed64,
  fixed64s,
  id,
  label,
  many,
  one,
  oneof,
  optionalDouble,
  sfixed64,
  sint32,
  string,
  strings,
  uint32,
  uint64s,
} from './fields.ts'
import { message } from './message.ts'

const traceId = 16
const spanId = 8

// common/v1, resource/v1

export const EntityRef = message('EntityRef', 'part', {
  schema_url: string(1),
  type: string(2),
  id_keys: strings(3),
  description_keys: strings(4),
})

export const Resource = message('Resource', 'part', {
  attributes: attributes(1, ['service.name', 'service.namespace', 'service.instance.id']),
  dropped_attributes_count: uint32(2),
  entity_refs: many(3, EntityRef),
})

export const InstrumentationScope = message('InstrumentationScope', 'part', {
  name: string(1),
  version: string(2),
  attributes: attributes(3),
  dropped_attributes_count: uint32(4),
})

// logs/v1

const severityNumbers = Object.fromEntries([
  ['SEVERITY_NUMBER_UNSPECIFIED', 0],
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level, i) =>
    ['', '2', '3', '4'].map((step, j) => [`SEVERITY_NUMBER_${level}${step}`, 4 * i + j + 1]),
  ),
]) as Record<string, number>

export const LogRecord = message('LogRecord', 'record', {
  time_unix_nano: fixed64(1),
  observed_time_unix_nano: fixed64(11),
  severity_number: enumeration(2, severityNumbers),
  severity_text: label(3),
  body: anyValue(5),
  attributes: attributes(6),
  dropped_attributes_count: uint32(7),
  flags: fixed32(8),
  trace_id: id(9, traceId),
  span_id: id(10, spanId),
  event_name: label(12),
})

export const ScopeLogs = message('ScopeLogs', 'container', {
  scope: one(1, InstrumentationScope),
  log_records: many(2, LogRecord),
  schema_url: string(3),
})

export const ResourceLogs = message('ResourceLogs', 'container', {
  resource: one(1, Resource),
  scope_logs: many(2, ScopeLogs),
  schema_url: string(3),
})

export const ExportLogsServiceRequest = message('ExportLogsServiceRequest', 'part', {
  resource_logs: many(1, ResourceLogs),
})

// trace/v1

export const spanKinds = {
  SPAN_KIND_UNSPECIFIED: 0,
  SPAN_KIND_INTERNAL: 1,
  SPAN_KIND_SERVER: 2,
  SPAN_KIND_CLIENT: 3,
  SPAN_KIND_PRODUCER: 4,
  SPAN_KIND_CONSUMER: 5,
}

export const statusCodes = { STATUS_CODE_UNSET: 0, STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 }

const Status = message('Status', 'part', {
  message: string(2),
  code: enumeration(3, statusCodes),
})

const Event = message('Span.Event', 'part', {
  time_unix_nano: fixed64(1),
  name: label(2),
  attributes: attributes(3),
  dropped_attributes_count: uint32(4),
})

const Link = message('Span.Link', 'part', {
  trace_id: id(1, traceId),
  span_id: id(2, spanId),
  trace_state: label(3),
  attributes: attributes(4),
  dropped_attributes_count: uint32(5),
  flags: fixed32(6),
})

export const Span = message('Span', 'record', {
  trace_id: id(1, traceId),
  span_id: id(2, spanId),
  trace_state: label(3),
  parent_span_id: id(4, spanId),
  name: label(5),
  kind: enumeration(6, spanKinds),
  start_time_unix_nano: fixed64(7),
  end_time_unix_nano: fixed64(8),
  attributes: attributes(9),
  dropped_attributes_count: uint32(10),
  events: many(11, Event),
  dropped_events_count: uint32(12),
  links: many(13, Link),
  dropped_links_count: uint32(14),
  status: one(15, Status),
  flags: fixed32(16),
})

export const ScopeSpans = message('ScopeSpans', 'container', {
  scope: one(1, InstrumentationScope),
  spans: many(2, Span),
  schema_url: string(3),
})

export const ResourceSpans = message('ResourceSpans', 'container', {
  resource: one(1, Resource),
  scope_spans: many(2, ScopeSpans),
  schema_url: string(3),
})

export const ExportTraceServiceRequest = message('ExportTraceServiceRequest', 'part', {
  resource_spans: many(1, ResourceSpans),
})

// metrics/v1

const temporalities = {
  AGGREGATION_TEMPORALITY_UNSPECIFIED: 0,
  AGGREGATION_TEMPORALITY_DELTA: 1,
  AGGREGATION_TEMPORALITY_CUMULATIVE: 2,
}

export const Exemplar = message('Exemplar', 'part', {
  filtered_attributes: attributes(7),
  time_unix_nano: fixed64(2),
  ...oneof('value', { as_double: optionalDouble(3), as_int: sfixed64(6) }),
  span_id: id(4, spanId),
  trace_id: id(5, traceId),
})

export const NumberDataPoint = message('NumberDataPoint', 'record', {
  attributes: attributes(7),
  start_time_unix_nano: fixed64(2),
  time_unix_nano: fixed64(3),
  ...oneof('value', { as_double: optionalDouble(4), as_int: sfixed64(6) }),
  exemplars: many(5, Exemplar),
  flags: uint32(8),
})

export const HistogramDataPoint = message('HistogramDataPoint', 'record', {
  attributes: attributes(9),
  start_time_unix_nano: fixed64(2),
  time_unix_nano: fixed64(3),
  count: fixed64(4),
  sum: optionalDouble(5),
  bucket_counts: fixed64s(6),
  explicit_bounds: doubles(7),
  exemplars: many(8, Exemplar),
  flags: uint32(10),
  min: optionalDouble(11),
  max: optionalDouble(12),
})

const Buckets = message('ExponentialHistogramDataPoint.Buckets', 'part', {
  offset: sint32(1),
  bucket_counts: uint64s(2),
})

export const ExponentialHistogramDataPoint = message('ExponentialHistogramDataPoint', 'record', {
  attributes: attributes(1),
  start_time_unix_nano: fixed64(2),
  time_unix_nano: fixed64(3),
  count: fixed64(4),
  sum: optionalDouble(5),
  scale: sint32(6),
  zero_count: fixed64(7),
  positive: one(8, Buckets),
  negative: one(9, Buckets),
  flags: uint32(10),
  exemplars: many(11, Exemplar),
  min: optionalDouble(12),
  max: optionalDouble(13),
  zero_threshold: double(14),
})

const ValueAtQuantile = message('SummaryDataPoint.ValueAtQuantile', 'part', {
  quantile: double(1),
  value: double(2),
})

export const SummaryDataPoint = message('SummaryDataPoint', 'record', {
  attributes: attributes(7),
  start_time_unix_nano: fixed64(2),
  time_unix_nano: fixed64(3),
  count: fixed64(4),
  sum: double(5),
  quantile_values: many(6, ValueAtQuantile),
  flags: uint32(8),
})

const Gauge = message('Gauge', 'part', { data_points: many(1, NumberDataPoint) })

const Sum = message('Sum', 'part', {
  data_points: many(1, NumberDataPoint),
  aggregation_temporality: enumeration(2, temporalities),
  is_monotonic: bool(3),
})

const Histogram = message('Histogram', 'part', {
  data_points: many(1, HistogramDataPoint),
  aggregation_temporality: enumeration(2, temporalities),
})

const ExponentialHistogram = message('ExponentialHistogram', 'part', {
  data_points: many(1, ExponentialHistogramDataPoint),
  aggregation_temporality: enumeration(2, temporalities),
})

const Summary = message('Summary', 'part', { data_points: many(1, SummaryDataPoint) })

export const Metric = message('Metric', 'container', {
  name: string(1),
  description: string(2),
  unit: string(3),
  ...oneof('data', {
    gauge: one(5, Gauge),
    sum: one(7, Sum),
    histogram: one(9, Histogram),
    exponential_histogram: one(10, ExponentialHistogram),
    summary: one(11, Summary),
  }),
  metadata: attributes(12),
})

export const ScopeMetrics = message('ScopeMetrics', 'container', {
  scope: one(1, InstrumentationScope),
  metrics: many(2, Metric),
  schema_url: string(3),
})

export const ResourceMetrics = message('ResourceMetrics', 'container', {
  resource: one(1, Resource),
  scope_metrics: many(2, ScopeMetrics),
  schema_url: string(3),
})

export const ExportMetricsServiceRequest = message('ExportMetricsServiceRequest', 'part', {
  resource_metrics: many(1, ResourceMetrics),
})
