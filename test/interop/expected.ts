/**
 * What the rows of a request must be, in the plainest code: the tables' rules applied to one OTLP/JSON request
 * that was parsed as objects. It shares nothing with the program and knows no speed; it is for small requests
 * of valid records. Doubles may be strings ("-0", "NaN"), integers are strings or small numbers.
 */
import { points } from './expected-metrics.ts'
import {
  type AnyValue,
  type Attributes,
  attributesOf,
  integer,
  jsonText,
  list,
  type Message,
  micros,
  stringOf,
  text,
} from './expected-values.ts'
import type { Cell, Row } from './rows.ts'

export interface ExpectedRow {
  readonly table: string
  readonly row: Row
}

/** The time of a record that has none: when the request arrived, which the sender cannot know. */
export const arrival = 'the time the request arrived'

const timestamp = (...candidates: unknown[]): Cell => {
  const first = candidates.find((candidate) => integer(candidate) !== '0')
  return first === undefined ? arrival : micros(first)
}

const attribute = (attributes: Attributes, key: string): Cell => {
  const found = attributes.find((entry) => entry.key === key)
  return found === undefined ? null : stringOf(found.value ?? {})
}

const resourceColumns = (container: Message): Row => {
  const resource = container.resource as Message | null | undefined
  const attributes = attributesOf(resource?.attributes)
  return {
    ServiceName: attribute(attributes, 'service.name'),
    ServiceNamespace: attribute(attributes, 'service.namespace'),
    ServiceInstanceId: attribute(attributes, 'service.instance.id'),
    ResourceAttributes: resource ? jsonText(attributes) : null,
    ResourceSchemaUrl: text(container.schemaUrl),
    ResourceDroppedAttributesCount: resource ? integer(resource.droppedAttributesCount) : null,
    ResourceEntityRefs: resource ? JSON.stringify(resource.entityRefs ?? []) : null,
  }
}

const scopeColumns = (container: Message): Row => {
  const scope = container.scope as Message | null | undefined
  return {
    ScopeName: scope ? text(scope.name) : null,
    ScopeVersion: scope ? text(scope.version) : null,
    ScopeAttributes: scope ? jsonText(attributesOf(scope.attributes)) : null,
    ScopeDroppedAttributesCount: scope ? integer(scope.droppedAttributesCount) : null,
    ScopeSchemaUrl: text(container.schemaUrl),
  }
}

const bodyColumns = (body: AnyValue | null | undefined): Row => {
  const [kind] = Object.entries(body ?? {}).find(([, value]) => value != null) ?? []
  if (!body || kind === undefined) return { Body: null, BodyType: null }
  return { Body: stringOf(body), BodyType: kind.replace('Value', '') }
}

const logColumns = (log: Message): Row => ({
  Timestamp: timestamp(log.timeUnixNano, log.observedTimeUnixNano),
  TimeUnixNano: integer(log.timeUnixNano),
  TraceId: text(log.traceId).toLowerCase(),
  SpanId: text(log.spanId).toLowerCase(),
  TraceFlags: integer(log.flags),
  SeverityText: text(log.severityText),
  SeverityNumber: integer(log.severityNumber),
  EventName: text(log.eventName),
  ...bodyColumns(log.body as AnyValue | undefined),
  LogAttributes: jsonText(attributesOf(log.attributes)),
  LogDroppedAttributesCount: integer(log.droppedAttributesCount),
  ObservedTimestamp: micros(log.observedTimeUnixNano),
  ObservedTimeUnixNano: integer(log.observedTimeUnixNano),
})

const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
const codes = ['Unset', 'Ok', 'Error']
const named = (names: readonly string[], value: unknown): string =>
  names[Number(value ?? 0)] ?? String(value)

const spanColumns = (span: Message): Row => {
  const events = list(span.events)
  const links = list(span.links)
  const status = span.status as Message | null | undefined
  return {
    Timestamp: timestamp(span.startTimeUnixNano),
    TimeUnixNano: integer(span.startTimeUnixNano),
    TraceId: text(span.traceId),
    SpanId: text(span.spanId),
    ParentSpanId: text(span.parentSpanId),
    TraceState: text(span.traceState),
    SpanName: text(span.name),
    SpanKind: named(kinds, span.kind),
    SpanFlags: integer(span.flags),
    EndTimeUnixNano: integer(span.endTimeUnixNano),
    Duration: String(
      BigInt(integer(span.endTimeUnixNano)) - BigInt(integer(span.startTimeUnixNano)),
    ),
    SpanAttributes: jsonText(attributesOf(span.attributes)),
    SpanDroppedAttributesCount: integer(span.droppedAttributesCount),
    StatusCode: status ? named(codes, status.code) : null,
    StatusMessage: status ? text(status.message) : null,
    EventsTimestamp: events.map((event) => micros(event.timeUnixNano)),
    EventsTimeUnixNano: events.map((event) => integer(event.timeUnixNano)),
    EventsName: events.map((event) => text(event.name)),
    EventsAttributes: events.map((event) => jsonText(attributesOf(event.attributes))),
    EventsDroppedAttributesCount: events.map((event) => integer(event.droppedAttributesCount)),
    DroppedEventsCount: integer(span.droppedEventsCount),
    LinksTraceId: links.map((link) => text(link.traceId)),
    LinksSpanId: links.map((link) => text(link.spanId)),
    LinksTraceState: links.map((link) => text(link.traceState)),
    LinksAttributes: links.map((link) => jsonText(attributesOf(link.attributes))),
    LinksDroppedAttributesCount: links.map((link) => integer(link.droppedAttributesCount)),
    LinksFlags: links.map((link) => integer(link.flags)),
    DroppedLinksCount: integer(span.droppedLinksCount),
  }
}

/** Every row a request must give, in wire order. */
export const expectedRows = (request: Message): ExpectedRow[] => {
  const rows: ExpectedRow[] = []
  const add = (table: string, ...parts: Row[]) =>
    rows.push({ table, row: Object.assign({}, ...parts, { RequestRow: String(rows.length) }) })
  const walk = (
    resources: string,
    scopes: string,
    records: string,
    each: (m: Message, owner: Row) => void,
  ) => {
    for (const resource of list(request[resources])) {
      for (const scope of list(resource[scopes])) {
        const owner = { ...resourceColumns(resource), ...scopeColumns(scope) }
        for (const record of list(scope[records])) each(record, owner)
      }
    }
  }
  walk('resourceLogs', 'scopeLogs', 'logRecords', (m, owner) => add('logs', owner, logColumns(m)))
  walk('resourceSpans', 'scopeSpans', 'spans', (m, owner) => add('traces', owner, spanColumns(m)))
  walk('resourceMetrics', 'scopeMetrics', 'metrics', (m, owner) => {
    for (const { table, row, time } of points(m))
      add(table, owner, { Timestamp: timestamp(time) }, row)
  })
  return rows
}
