import { commonColumns } from './common.ts'
import { column, type Table } from './table.ts'

const columns = [
  ...commonColumns,
  column(20, 'TraceId', 'string', '`Span.trace_id`, lower-case hex'),
  column(21, 'SpanId', 'string', '`Span.span_id`, lower-case hex'),
  column(22, 'ParentSpanId', 'string', '`Span.parent_span_id`, lower-case hex'),
  column(23, 'TraceState', 'string', '`Span.trace_state`'),
  column(24, 'SpanName', 'string', '`Span.name`'),
  column(
    25,
    'SpanKind',
    'string',
    '`Span.kind`: `Unspecified`, `Internal`, `Server`, `Client`, `Producer`, `Consumer`',
  ),
  column(26, 'SpanFlags', 'long', '`Span.flags`'),
  column(27, 'EndTimeUnixNano', 'long', '`Span.end_time_unix_nano`'),
  column(28, 'Duration', 'long', '`end_time_unix_nano` minus `start_time_unix_nano`, nanoseconds'),
  column(29, 'SpanAttributes', 'json', '`Span.attributes`'),
  column(30, 'SpanDroppedAttributesCount', 'long', '`Span.dropped_attributes_count`'),
  column(31, 'StatusCode', 'string', '`Status.code`: `Unset`, `Ok`, `Error`'),
  column(32, 'StatusMessage', 'string', '`Status.message`'),
  column(33, 'EventsTimestamp', 'list<timestamptz>', '`Event.time_unix_nano` in microseconds'),
  column(34, 'EventsTimeUnixNano', 'list<long>', '`Event.time_unix_nano`'),
  column(35, 'EventsName', 'list<string>', '`Event.name`'),
  column(36, 'EventsAttributes', 'list<json>', '`Event.attributes`'),
  column(37, 'EventsDroppedAttributesCount', 'list<long>', '`Event.dropped_attributes_count`'),
  column(38, 'DroppedEventsCount', 'long', '`Span.dropped_events_count`'),
  column(39, 'LinksTraceId', 'list<string>', '`Link.trace_id`, lower-case hex'),
  column(40, 'LinksSpanId', 'list<string>', '`Link.span_id`, lower-case hex'),
  column(41, 'LinksTraceState', 'list<string>', '`Link.trace_state`'),
  column(42, 'LinksAttributes', 'list<json>', '`Link.attributes`'),
  column(43, 'LinksDroppedAttributesCount', 'list<long>', '`Link.dropped_attributes_count`'),
  column(44, 'LinksFlags', 'list<long>', '`Link.flags`'),
  column(45, 'DroppedLinksCount', 'long', '`Span.dropped_links_count`'),
] as const

export const traces = {
  name: 'traces',
  folder: 'traces',
  columns,
  sortOrder: ['ServiceName', 'Timestamp'],
} as const satisfies Table<(typeof columns)[number]['name']>
