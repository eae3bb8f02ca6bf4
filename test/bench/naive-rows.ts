/** The naive way's rows: an object each, with a value for every column that our tables have. */
import type { Signal } from '../../src/otlp/decode.ts'
import {
  attributesText,
  held,
  hex,
  listOf,
  long,
  millis,
  type NaiveRow,
  type NaiveRows,
  ownerColumns,
  plainValue,
  type Thing,
} from './naive-objects.ts'

/** Where each signal's records lie in its request. */
const paths = {
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const

/** The rows of a request. */
export const naiveRows = (signal: Signal, request: Thing, requestId: string): NaiveRows => {
  const tables: NaiveRows = new Map()
  const arrived = Date.now()
  let row = 0
  const add = (table: string, owner: NaiveRow, columns: NaiveRow) => {
    const rows = tables.get(table) ?? []
    tables.set(table, rows)
    const request = { RequestId: requestId, RequestRow: row++, IngestedAt: arrived }
    rows.push({ ...owner, ...columns, ...request })
  }
  const [resources, scopes, records] = paths[signal]
  for (const ofResource of listOf(request[resources])) {
    for (const ofScope of listOf(ofResource[scopes])) {
      const { resource = {}, scope = {} } = { ...ofResource, ...ofScope } as Record<string, Thing>
      const owner = ownerColumns(resource, scope, ofResource, ofScope)
      for (const record of listOf(ofScope[records])) {
        if (signal === 'logs') add('logs', owner, logColumns(record))
        else if (signal === 'traces') add('traces', owner, spanColumns(record))
        else addPoints(record, (table, columns) => add(table, owner, columns))
      }
    }
  }
  return tables
}

const times = (nanos: unknown) => ({ Timestamp: millis(nanos), TimeUnixNano: long(nanos) })

const logColumns = (record: Thing): NaiveRow => {
  const body = plainValue(record.body)
  return {
    ...times(record.timeUnixNano),
    TraceId: hex(record.traceId),
    SpanId: hex(record.spanId),
    TraceFlags: long(record.flags),
    SeverityText: record.severityText ?? '',
    SeverityNumber: record.severityNumber ?? 0,
    EventName: record.eventName ?? '',
    Body: typeof body === 'string' ? body : JSON.stringify(body),
    BodyType: typeof body,
    LogAttributes: attributesText(record.attributes),
    LogDroppedAttributesCount: long(record.droppedAttributesCount),
    ObservedTimestamp: millis(record.observedTimeUnixNano),
    ObservedTimeUnixNano: long(record.observedTimeUnixNano),
  }
}

const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
const codes = ['Unset', 'Ok', 'Error']

const spanColumns = (span: Thing): NaiveRow => {
  const events = listOf(span.events)
  const links = listOf(span.links)
  const status = span.status as Thing | undefined
  return {
    ...times(span.startTimeUnixNano),
    TraceId: hex(span.traceId),
    SpanId: hex(span.spanId),
    ParentSpanId: hex(span.parentSpanId),
    TraceState: span.traceState ?? '',
    SpanName: span.name ?? '',
    SpanKind: kinds[(span.kind ?? 0) as number],
    SpanFlags: long(span.flags),
    EndTimeUnixNano: long(span.endTimeUnixNano),
    Duration: long(span.endTimeUnixNano) - long(span.startTimeUnixNano),
    SpanAttributes: attributesText(span.attributes),
    SpanDroppedAttributesCount: long(span.droppedAttributesCount),
    StatusCode: status === undefined ? null : codes[(status.code ?? 0) as number],
    StatusMessage: status === undefined ? null : (status.message ?? ''),
    EventsTimestamp: events.map((event) => millis(event.timeUnixNano)),
    EventsTimeUnixNano: events.map((event) => long(event.timeUnixNano)),
    EventsName: events.map((event) => event.name ?? ''),
    EventsAttributes: events.map((event) => attributesText(event.attributes)),
    EventsDroppedAttributesCount: events.map((event) => long(event.droppedAttributesCount)),
    DroppedEventsCount: long(span.droppedEventsCount),
    LinksTraceId: links.map((link) => hex(link.traceId)),
    LinksSpanId: links.map((link) => hex(link.spanId)),
    LinksTraceState: links.map((link) => link.traceState ?? ''),
    LinksAttributes: links.map((link) => attributesText(link.attributes)),
    LinksDroppedAttributesCount: links.map((link) => long(link.droppedAttributesCount)),
    LinksFlags: links.map((link) => long(link.flags)),
    DroppedLinksCount: long(span.droppedLinksCount),
  }
}

const tableOf: Readonly<Record<string, string>> = {
  gauge: 'metrics_gauge',
  sum: 'metrics_sum',
  histogram: 'metrics_histogram',
  exponentialHistogram: 'metrics_exponential_histogram',
  summary: 'metrics_summary',
}

const addPoints = (metric: Thing, add: (table: string, columns: NaiveRow) => void): void => {
  const data = held(metric, 'data', Object.keys(tableOf))
  if (data === undefined) return
  const { dataPoints, aggregationTemporality, isMonotonic } = data.value as Thing
  const ofMetric = {
    MetricName: metric.name,
    MetricDescription: metric.description ?? '',
    MetricUnit: metric.unit ?? '',
    MetricMetadata: attributesText(metric.metadata),
    AggregationTemporality: aggregationTemporality ?? 0,
    IsMonotonic: isMonotonic ?? false,
  }
  for (const point of listOf(dataPoints)) {
    add(tableOf[data.case] as string, { ...ofMetric, ...pointColumns(point) })
  }
}

const numberOf = (thing: Thing) => {
  const number = held(thing, 'value', ['asDouble', 'asInt'])
  const int = number?.case === 'asInt' ? long(number.value) : null
  return { Value: number === undefined ? null : Number(number.value), IntValue: int }
}

const pointColumns = (point: Thing): NaiveRow => ({
  ...times(point.timeUnixNano),
  Attributes: attributesText(point.attributes),
  StartTimestamp: millis(point.startTimeUnixNano),
  StartTimeUnixNano: long(point.startTimeUnixNano),
  Flags: long(point.flags),
  ...exemplarColumns(listOf(point.exemplars)),
  ...(point.count === undefined ? numberOf(point) : distributionColumns(point)),
})

const exemplarColumns = (exemplars: readonly Thing[]): NaiveRow => ({
  ExemplarsTimestamp: exemplars.map((exemplar) => millis(exemplar.timeUnixNano)),
  ExemplarsTimeUnixNano: exemplars.map((exemplar) => long(exemplar.timeUnixNano)),
  ExemplarsValue: exemplars.map((exemplar) => numberOf(exemplar).Value),
  ExemplarsIntValue: exemplars.map((exemplar) => numberOf(exemplar).IntValue),
  ExemplarsSpanId: exemplars.map((exemplar) => hex(exemplar.spanId)),
  ExemplarsTraceId: exemplars.map((exemplar) => hex(exemplar.traceId)),
  ExemplarsFilteredAttributes: exemplars.map((it) => attributesText(it.filteredAttributes)),
})

/** Of both kinds of histogram and of summaries: a column that a table does not have is not looked at. */
const distributionColumns = (point: Thing): NaiveRow => {
  return {
    Count: long(point.count),
    Sum: point.sum ?? null,
    Min: point.min ?? null,
    Max: point.max ?? null,
    BucketCounts: longs(point.bucketCounts),
    ExplicitBounds: point.explicitBounds ?? [],
    Scale: point.scale ?? 0,
    ZeroCount: long(point.zeroCount),
    ZeroThreshold: point.zeroThreshold ?? 0,
    ...bucketColumns('Positive', point.positive),
    ...bucketColumns('Negative', point.negative),
    QuantileValues: listOf(point.quantileValues).map(({ value }) => value ?? 0),
    QuantileQuantiles: listOf(point.quantileValues).map(({ quantile }) => quantile ?? 0),
  }
}

const bucketColumns = (prefix: string, buckets: unknown): NaiveRow => {
  const { offset = 0, bucketCounts } = (buckets ?? {}) as Thing
  return {
    [`${prefix}Offset`]: buckets === undefined ? null : offset,
    [`${prefix}BucketCounts`]: buckets === undefined ? null : longs(bucketCounts),
  }
}

const longs = (list: unknown): bigint[] =>
  ((list ?? []) as readonly unknown[]).map((value) => long(value))
