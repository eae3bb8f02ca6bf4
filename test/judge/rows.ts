/** Rows of our tables back into the request they came from: the inverse of what the tables promise. */
import { create } from '@bufbuild/protobuf'
import { type AnyValue, InstrumentationScopeSchema } from './gen/common_pb.ts'
import { LogRecordSchema, type SeverityNumber } from './gen/logs_pb.ts'
import { ResourceSchema } from './gen/resource_pb.ts'
import {
  Span_EventSchema,
  Span_LinkSchema,
  type Span_SpanKind,
  SpanSchema,
  type Status,
  type Status_StatusCode,
  StatusSchema,
} from './gen/trace_pb.ts'
import { anyValueOf, attributesOf, entityRefsOf } from './json-text.ts'
import { metricOf } from './metric-rows.ts'
import { type Entry, type Owner, type Request, requestOf, type Signal } from './request.ts'
import { optional, parallel, type Row, required, unhex } from './row.ts'

/** A row and the name of the table it stands in. */
export interface TableRow {
  readonly table: string
  readonly row: Row
}

/**
 * The request whose rows these are, in whatever order they come.
 * @throws where a column has another type or is null against the rules, and where a `RequestRow` repeats
 */
export const requestOfRows = (signal: Signal, rows: readonly TableRow[]): Request => {
  const placed = rows.map((row) => ({ ...row, place: required(row.row, 'RequestRow', 'int') }))
  placed.sort((a, b) => a.place - b.place)
  for (const [i, { place }] of placed.entries())
    if (place === placed[i - 1]?.place) throw new Error(`RequestRow ${place} stands twice`)
  return requestOf(signal, placed.map(entryOf))
}

/** The record that a row holds. */
export const entryOf = ({ table, row }: TableRow): Entry => {
  const owner = ownerOf(row)
  if (table === 'logs') return { ...owner, kind: 'log', item: logRecordOf(row) }
  if (table === 'traces') return { ...owner, kind: 'span', item: spanOf(row) }
  return { ...owner, kind: 'metric', item: metricOf(table, row) }
}

const ownerOf = (row: Row): Owner => ({
  resource: resourceOf(row),
  resourceSchemaUrl: required(row, 'ResourceSchemaUrl', 'string'),
  scope: scopeOf(row),
  scopeSchemaUrl: required(row, 'ScopeSchemaUrl', 'string'),
})

/** Columns of one message: either all of them are null, or none. */
const absent = (row: Row, names: readonly string[]): boolean => {
  const nulls = names.filter((name) => row[name] === null)
  if (nulls.length > 0 && nulls.length < names.length)
    throw new Error(`only ${nulls} of ${names} are null`)
  return nulls.length > 0
}

const resourceOf = (row: Row): Owner['resource'] => {
  const names = ['ResourceAttributes', 'ResourceDroppedAttributesCount', 'ResourceEntityRefs']
  if (absent(row, names)) return undefined
  return create(ResourceSchema, {
    attributes: attributesOf(required(row, 'ResourceAttributes', 'string')),
    droppedAttributesCount: count(row, 'ResourceDroppedAttributesCount'),
    entityRefs: entityRefsOf(required(row, 'ResourceEntityRefs', 'string')),
  })
}

const scopeOf = (row: Row): Owner['scope'] => {
  const names = ['ScopeName', 'ScopeVersion', 'ScopeAttributes', 'ScopeDroppedAttributesCount']
  if (absent(row, names)) return undefined
  return create(InstrumentationScopeSchema, {
    name: required(row, 'ScopeName', 'string'),
    version: required(row, 'ScopeVersion', 'string'),
    attributes: attributesOf(required(row, 'ScopeAttributes', 'string')),
    droppedAttributesCount: count(row, 'ScopeDroppedAttributesCount'),
  })
}

/** An unsigned 32-bit number from a long column. */
const count = (row: Row, name: string): number => Number(required(row, name, 'long'))

const logRecordOf = (row: Row) => {
  const body = bodyOf(optional(row, 'Body', 'string'), optional(row, 'BodyType', 'string'))
  return create(LogRecordSchema, {
    timeUnixNano: required(row, 'TimeUnixNano', 'long'),
    observedTimeUnixNano: required(row, 'ObservedTimeUnixNano', 'long'),
    severityNumber: required(row, 'SeverityNumber', 'int') as SeverityNumber,
    severityText: required(row, 'SeverityText', 'string'),
    ...(body === undefined ? {} : { body }),
    attributes: attributesOf(required(row, 'LogAttributes', 'string')),
    droppedAttributesCount: count(row, 'LogDroppedAttributesCount'),
    flags: count(row, 'TraceFlags'),
    traceId: unhex(required(row, 'TraceId', 'string')),
    spanId: unhex(required(row, 'SpanId', 'string')),
    eventName: required(row, 'EventName', 'string'),
  })
}

const bodyOf = (body: string | null, type: string | null): AnyValue | undefined => {
  if (body === null || type === null) {
    if (body !== type) throw new Error(`Body ${body} with BodyType ${type}`)
    return undefined
  }
  if (type === 'string') return { ...anyValueOf('""'), value: { case: 'stringValue', value: body } }
  const value = anyValueOf(body)
  if (value.value.case !== `${type}Value`) throw new Error(`Body ${body} with BodyType ${type}`)
  return value
}

const spanOf = (row: Row) => {
  const status = statusOf(row)
  return create(SpanSchema, {
    traceId: unhex(required(row, 'TraceId', 'string')),
    spanId: unhex(required(row, 'SpanId', 'string')),
    parentSpanId: unhex(required(row, 'ParentSpanId', 'string')),
    traceState: required(row, 'TraceState', 'string'),
    name: required(row, 'SpanName', 'string'),
    kind: numberOf(required(row, 'SpanKind', 'string'), kinds) as Span_SpanKind,
    flags: count(row, 'SpanFlags'),
    startTimeUnixNano: required(row, 'TimeUnixNano', 'long'),
    endTimeUnixNano: required(row, 'EndTimeUnixNano', 'long'),
    attributes: attributesOf(required(row, 'SpanAttributes', 'string')),
    droppedAttributesCount: count(row, 'SpanDroppedAttributesCount'),
    events: parallel(row, 'Events', eventColumns).map(eventOf),
    droppedEventsCount: count(row, 'DroppedEventsCount'),
    links: parallel(row, 'Links', linkColumns).map(linkOf),
    droppedLinksCount: count(row, 'DroppedLinksCount'),
    ...(status === undefined ? {} : { status }),
  })
}

const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
const codes = ['Unset', 'Ok', 'Error']

/** An enum's number from its name, or from the digits of a number without a name. */
const numberOf = (text: string, names: readonly string[]): number => {
  const known = names.indexOf(text)
  const number = known < 0 ? Number(text) : known
  if (known < 0 && (!/^-?\d+$/.test(text) || number in names)) throw new Error(`enum ${text}`)
  return number
}

const statusOf = (row: Row): Status | undefined => {
  if (absent(row, ['StatusCode', 'StatusMessage'])) return undefined
  return create(StatusSchema, {
    code: numberOf(required(row, 'StatusCode', 'string'), codes) as Status_StatusCode,
    message: required(row, 'StatusMessage', 'string'),
  })
}

const eventColumns = ['TimeUnixNano', 'Name', 'Attributes', 'DroppedAttributesCount']

const eventOf = (event: Row) =>
  create(Span_EventSchema, {
    timeUnixNano: required(event, 'TimeUnixNano', 'long'),
    name: required(event, 'Name', 'string'),
    attributes: attributesOf(required(event, 'Attributes', 'string')),
    droppedAttributesCount: count(event, 'DroppedAttributesCount'),
  })

const linkColumns = [
  'TraceId',
  'SpanId',
  'TraceState',
  'Attributes',
  'DroppedAttributesCount',
  'Flags',
]

const linkOf = (link: Row) =>
  create(Span_LinkSchema, {
    traceId: unhex(required(link, 'TraceId', 'string')),
    spanId: unhex(required(link, 'SpanId', 'string')),
    traceState: required(link, 'TraceState', 'string'),
    attributes: attributesOf(required(link, 'Attributes', 'string')),
    droppedAttributesCount: count(link, 'DroppedAttributesCount'),
    flags: count(link, 'Flags'),
  })
