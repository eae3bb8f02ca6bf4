/** Random valid requests over every field of opentelemetry-proto's logs, traces and metrics. */
import { create } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { few, message, withRepeats } from './arbitrary-message.ts'
import { arbitraryMetric } from './arbitrary-metrics.ts'
import {
  type AnyValue,
  AnyValueSchema,
  EntityRefSchema,
  InstrumentationScopeSchema,
  type KeyValue,
  KeyValueSchema,
} from './gen/common_pb.ts'
import {
  LogRecordSchema,
  ResourceLogsSchema,
  ScopeLogsSchema,
  type SeverityNumber,
} from './gen/logs_pb.ts'
import { ResourceMetricsSchema, ScopeMetricsSchema } from './gen/metrics_pb.ts'
import { ResourceSchema } from './gen/resource_pb.ts'
import {
  ResourceSpansSchema,
  ScopeSpansSchema,
  Span_EventSchema,
  Span_LinkSchema,
  type Span_SpanKind,
  SpanSchema,
  type Status_StatusCode,
  StatusSchema,
} from './gen/trace_pb.ts'
import {
  type LogsRequest,
  type MetricsRequest,
  type Request,
  schemas,
  type TraceRequest,
} from './request.ts'
import * as values from './values.ts'

const keys = [
  'service.name',
  'service.namespace',
  'service.instance.id',
  'a',
  '',
  'bytesValue',
  'doubleValue',
  'kvlistValue',
  '__proto__',
]

const key = fc.oneof(fc.constantFrom(...keys), values.text)

const scalarValue: fc.Arbitrary<AnyValue['value']> = fc.oneof(
  fc.record({ case: fc.constant('stringValue' as const), value: values.text }),
  fc.record({ case: fc.constant('boolValue' as const), value: fc.boolean() }),
  fc.record({ case: fc.constant('intValue' as const), value: values.int64 }),
  fc.record({ case: fc.constant('doubleValue' as const), value: values.double }),
  fc.record({ case: fc.constant('bytesValue' as const), value: values.bytes }),
)

/** Any value; at most `depth` lists within each other. */
const anyValueOf = (depth: number): fc.Arbitrary<AnyValue> => {
  const scalar = scalarValue.map((value) => create(AnyValueSchema, { value }))
  const nothing = fc.constant(create(AnyValueSchema))
  if (depth === 0)
    return fc.oneof({ weight: 8, arbitrary: scalar }, { weight: 1, arbitrary: nothing })
  const inner = anyValueOf(depth - 1)
  const array = few(inner).map((items) =>
    create(AnyValueSchema, { value: { case: 'arrayValue', value: { values: items } } }),
  )
  const kvlist = few(keyValueOf(inner)).map((items) =>
    create(AnyValueSchema, { value: { case: 'kvlistValue', value: { values: items } } }),
  )
  return fc.oneof(
    { weight: 8, arbitrary: scalar },
    { weight: 1, arbitrary: nothing },
    { weight: 1, arbitrary: array },
    { weight: 2, arbitrary: kvlist },
  )
}

const keyValueOf = (value: fc.Arbitrary<AnyValue>): fc.Arbitrary<KeyValue> =>
  fc.oneof(
    { weight: 9, arbitrary: message(KeyValueSchema, { key, value }) },
    { weight: 1, arbitrary: message(KeyValueSchema, { key }) },
  )

/** Arrays and lists of one value within each other, `depth` of them. */
const chain: fc.Arbitrary<AnyValue> = fc
  .tuple(anyValueOf(0), fc.array(fc.boolean(), { minLength: 5, maxLength: 60 }))
  .map(([core, levels]) =>
    levels.reduce(
      (value, array) =>
        create(AnyValueSchema, {
          value: array
            ? { case: 'arrayValue', value: { values: [value] } }
            : { case: 'kvlistValue', value: { values: [{ key: 'k', value }] } },
        }),
      core,
    ),
  )

export const anyValue: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 30, arbitrary: anyValueOf(3) },
  { weight: 1, arbitrary: chain },
)

export const attributes: fc.Arbitrary<KeyValue[]> = few(keyValueOf(anyValue), 4)

const entityRef = message(EntityRefSchema, {
  schemaUrl: values.text,
  type: values.text,
  idKeys: few(values.text),
  descriptionKeys: few(values.text),
})

const resource = message(ResourceSchema, {
  attributes,
  droppedAttributesCount: values.uint32,
  entityRefs: few(entityRef, 2),
})

const scope = message(InstrumentationScopeSchema, {
  name: values.text,
  version: values.text,
  attributes,
  droppedAttributesCount: values.uint32,
})

const logRecord = message(
  LogRecordSchema,
  {
    timeUnixNano: values.time,
    observedTimeUnixNano: values.time,
    severityNumber: values.enumNumber<SeverityNumber>(25),
    severityText: values.text,
    attributes,
    droppedAttributesCount: values.uint32,
    flags: values.uint32,
    traceId: values.id(16),
    spanId: values.id(8),
    eventName: values.text,
  },
  { body: anyValue },
)

const status = message(StatusSchema, {
  message: values.text,
  code: values.enumNumber<Status_StatusCode>(3),
})

const event = message(Span_EventSchema, {
  timeUnixNano: values.time,
  name: values.text,
  attributes,
  droppedAttributesCount: values.uint32,
})

const link = message(Span_LinkSchema, {
  traceId: values.id(16),
  spanId: values.id(8),
  traceState: values.text,
  attributes,
  droppedAttributesCount: values.uint32,
  flags: values.uint32,
})

const span = message(
  SpanSchema,
  {
    traceId: values.id(16),
    spanId: values.id(8),
    parentSpanId: values.id(8),
    traceState: values.text,
    name: values.text,
    kind: values.enumNumber<Span_SpanKind>(6),
    flags: values.uint32,
    startTimeUnixNano: values.time,
    endTimeUnixNano: values.time,
    attributes,
    droppedAttributesCount: values.uint32,
    events: few(event),
    droppedEventsCount: values.uint32,
    links: few(link),
    droppedLinksCount: values.uint32,
  },
  { status },
)

const schemaUrl = fc.oneof(fc.constant(''), values.text)

const scopeLogs = message(ScopeLogsSchema, { logRecords: few(logRecord), schemaUrl }, { scope })
const resourceLogs = message(
  ResourceLogsSchema,
  { scopeLogs: withRepeats(scopeLogs), schemaUrl },
  { resource },
)
const scopeSpans = message(ScopeSpansSchema, { spans: few(span), schemaUrl }, { scope })
const resourceSpans = message(
  ResourceSpansSchema,
  { scopeSpans: withRepeats(scopeSpans), schemaUrl },
  { resource },
)
const metric = arbitraryMetric(attributes)
const scopeMetrics = message(
  ScopeMetricsSchema,
  { metrics: withRepeats(metric), schemaUrl },
  { scope },
)
const resourceMetrics = message(
  ResourceMetricsSchema,
  { scopeMetrics: withRepeats(scopeMetrics), schemaUrl },
  { resource },
)

export const logsRequest: fc.Arbitrary<LogsRequest> = message(schemas.logs, {
  resourceLogs: withRepeats(resourceLogs),
})
export const traceRequest: fc.Arbitrary<TraceRequest> = message(schemas.traces, {
  resourceSpans: withRepeats(resourceSpans),
})
export const metricsRequest: fc.Arbitrary<MetricsRequest> = message(schemas.metrics, {
  resourceMetrics: withRepeats(resourceMetrics),
})

/** A request of any signal. */
export const request: fc.Arbitrary<Request> = fc.oneof(logsRequest, traceRequest, metricsRequest)
