/** Spans as rows of the table `traces`. */
import type { Vector } from '../arrow/vector.ts'
import { traces } from '../tables/traces.ts'
import { type TableBatch, tableBatch } from './batch.ts'
import { type Context, common } from './common.ts'
import type { ExportTraceServiceRequest, Span } from './messages.ts'
import type { Rows } from './rows.ts'
import * as vectors from './vectors.ts'

/** `Span.kind` and `Status.code` by number. */
const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
const codes = ['Unset', 'Ok', 'Error']

/** The rows of a decoded request as a batch for the spans table. */
export const traceBatches = (
  request: Rows<typeof ExportTraceServiceRequest.fields>,
  context: Context,
): TableBatch[] => {
  const resources = request.columns.resource_spans.rows
  const scopes = resources.columns.scope_spans.rows
  const records = scopes.columns.spans.rows
  const scopeOf = vectors.parents(scopes.columns.spans.offsets, scopes.n)
  const resourceOf = vectors.gather(
    vectors.parents(resources.columns.scope_spans.offsets, resources.n),
    scopeOf,
  )
  const { n, columns: span } = records
  const time = span.start_time_unix_nano
  const { requestRows } = records
  const columns = {
    ...common({ length: n, requestRows, time, resources, resourceOf, scopes, scopeOf }, context),
    TraceId: vectors.text(span.trace_id, n),
    SpanId: vectors.text(span.span_id, n),
    ParentSpanId: vectors.text(span.parent_span_id, n),
    TraceState: vectors.label(span.trace_state, n),
    SpanName: vectors.label(span.name, n),
    SpanKind: vectors.enumNames(span.kind.values, n, kinds),
    SpanFlags: vectors.uint32(span.flags, n),
    EndTimeUnixNano: vectors.int64(span.end_time_unix_nano, n),
    Duration: vectors.difference(span.end_time_unix_nano.halves, time.halves, n),
    SpanAttributes: vectors.text(span.attributes, n),
    SpanDroppedAttributesCount: vectors.uint32(span.dropped_attributes_count, n),
    ...status(records),
    ...events(records),
    DroppedEventsCount: vectors.uint32(span.dropped_events_count, n),
    ...links(records),
    DroppedLinksCount: vectors.uint32(span.dropped_links_count, n),
  }
  return n === 0 ? [] : [tableBatch(traces, n, columns)]
}

type Spans = Rows<typeof Span.fields>

const status = ({ n, columns }: Spans) => {
  const { presence, rows } = columns.status
  const validity = vectors.bitmap(presence.flags, n)
  return {
    StatusCode: vectors.enumNames(rows.columns.code.values, n, codes, validity),
    StatusMessage: vectors.text(rows.columns.message, n, validity),
  }
}

const events = ({ n, columns }: Spans) => {
  const { offsets, rows } = columns.events
  const event = rows.columns
  const lists = (values: Vector) => vectors.list(offsets, n, values)
  return {
    EventsTimestamp: lists(vectors.micros(event.time_unix_nano, rows.n)),
    EventsTimeUnixNano: lists(vectors.int64(event.time_unix_nano, rows.n)),
    EventsName: lists(vectors.label(event.name, rows.n)),
    EventsAttributes: lists(vectors.text(event.attributes, rows.n)),
    EventsDroppedAttributesCount: lists(vectors.uint32(event.dropped_attributes_count, rows.n)),
  }
}

const links = ({ n, columns }: Spans) => {
  const { offsets, rows } = columns.links
  const link = rows.columns
  const lists = (values: Vector) => vectors.list(offsets, n, values)
  return {
    LinksTraceId: lists(vectors.text(link.trace_id, rows.n)),
    LinksSpanId: lists(vectors.text(link.span_id, rows.n)),
    LinksTraceState: lists(vectors.label(link.trace_state, rows.n)),
    LinksAttributes: lists(vectors.text(link.attributes, rows.n)),
    LinksDroppedAttributesCount: lists(vectors.uint32(link.dropped_attributes_count, rows.n)),
    LinksFlags: lists(vectors.uint32(link.flags, rows.n)),
  }
}
