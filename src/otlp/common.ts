/** The columns that every table begins with: time, resource, scope, request. */
import type { DictionaryVector, Int64Vector, Vector } from '../arrow/vector.ts'
import type { commonColumns } from '../tables/common.ts'
import type { Int64Column, StringColumn } from './columns.ts'
import { entityRefs } from './entity-refs.ts'
import type { InstrumentationScope, Resource } from './messages.ts'
import type { MessageColumn, Rows } from './rows.ts'
import * as vectors from './vectors.ts'

/** What a request's rows share, and what they are made with. */
export interface Context {
  /** 32 hex digits. */
  readonly requestId: string
  /** When the request arrived, in milliseconds since 1970. */
  readonly receivedAt: number
}

/** A ResourceLogs, ResourceSpans or ResourceMetrics, and a ScopeLogs, ScopeSpans or ScopeMetrics. */
export type ResourceRows = Rows & {
  readonly columns: {
    readonly resource: MessageColumn<typeof Resource.fields>
    readonly schema_url: StringColumn
  }
}
export type ScopeRows = Rows & {
  readonly columns: {
    readonly scope: MessageColumn<typeof InstrumentationScope.fields>
    readonly schema_url: StringColumn
  }
}

/** The records of one table and where each belongs. */
export interface Records {
  readonly length: number
  readonly requestRows: Int32Array
  readonly time: Int64Column
  /** Used where `time` is 0. */
  readonly otherTime?: Int64Column
  readonly resources: ResourceRows
  /** For each record its row of `resources`. */
  readonly resourceOf: Int32Array
  readonly scopes: ScopeRows
  readonly scopeOf: Int32Array
}

type CommonName = (typeof commonColumns)[number]['name']

/** The columns that every table begins with, for the records of one table. */
export const common = (records: Records, context: Context): Record<CommonName, Vector> => ({
  Timestamp: timestamp(records, context),
  TimeUnixNano: vectors.int64(records.time, records.length),
  ...resource(records),
  ...scope(records),
  RequestId: vectors.constant(context.requestId, records.length),
  RequestRow: vectors.int32(records.requestRows, records.length),
  IngestedAt: instant(context.receivedAt, records.length),
})

const resource = ({ resources, resourceOf }: Records) => {
  const { columns, n } = resources
  const { presence, rows } = columns.resource
  const validity = vectors.bitmap(presence.flags, n)
  const [name, namespace, instance] = rows.columns.attributes.captures.map((capture) =>
    vectors.dictionary(resourceOf, vectors.text(capture, n)),
  ) as [DictionaryVector, DictionaryVector, DictionaryVector]
  return {
    ServiceName: name,
    ServiceNamespace: namespace,
    ServiceInstanceId: instance,
    ResourceAttributes: vectors.dictionary(
      resourceOf,
      vectors.text(rows.columns.attributes, n, validity),
    ),
    ResourceSchemaUrl: vectors.dictionary(resourceOf, vectors.text(columns.schema_url, n)),
    ResourceDroppedAttributesCount: spread(
      rows.columns.dropped_attributes_count.values,
      presence.flags,
      resourceOf,
    ),
    ResourceEntityRefs: vectors.dictionary(resourceOf, entityRefs(rows, n, presence.flags)),
  }
}

const scope = ({ scopes, scopeOf }: Records) => {
  const { columns, n } = scopes
  const { presence, rows } = columns.scope
  const validity = vectors.bitmap(presence.flags, n)
  const entries = (column: StringColumn) =>
    vectors.dictionary(scopeOf, vectors.text(column, n, validity))
  return {
    ScopeName: entries(rows.columns.name),
    ScopeVersion: entries(rows.columns.version),
    ScopeAttributes: vectors.dictionary(
      scopeOf,
      vectors.text(rows.columns.attributes, n, validity),
    ),
    ScopeDroppedAttributesCount: spread(
      rows.columns.dropped_attributes_count.values,
      presence.flags,
      scopeOf,
    ),
    ScopeSchemaUrl: vectors.dictionary(scopeOf, vectors.text(columns.schema_url, n)),
  }
}

/** An unsigned number of each parent, for each of its records. */
const spread = (values: Int32Array, present: Uint8Array, parentOf: Int32Array): Int64Vector => {
  const length = parentOf.length
  const halves = new Int32Array(2 * length)
  const flags = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const parent = parentOf[i] as number
    halves[2 * i] = values[parent] as number
    flags[i] = present[parent] as number
  }
  return { kind: 'int64', length, validity: vectors.bitmap(flags, length), halves }
}

/** The record's own time in microseconds; without one the time the request arrived. */
const timestamp = (records: Records, { receivedAt }: Context): Int64Vector => {
  const { length, time, otherTime } = records
  const halves = new Int32Array(2 * length)
  const [arrivedLow, arrivedHigh] = halvesOf(receivedAt * 1000)
  for (let i = 0; i < 2 * length; i += 2) {
    const own = isZero(time.halves, i) ? otherTime : time
    if (own === undefined || isZero(own.halves, i)) {
      halves[i] = arrivedLow
      halves[i + 1] = arrivedHigh
    } else vectors.divideBy1000(own.halves[i] as number, own.halves[i + 1] as number, halves, i)
  }
  return { kind: 'int64', length, validity: null, halves }
}

const isZero = (halves: Int32Array, i: number): boolean => halves[i] === 0 && halves[i + 1] === 0

/** The same time in every row; milliseconds in, microseconds out. */
const instant = (milliseconds: number, length: number): Int64Vector => {
  const halves = new Int32Array(2 * length)
  const [low, high] = halvesOf(milliseconds * 1000)
  for (let i = 0; i < 2 * length; i += 2) {
    halves[i] = low
    halves[i + 1] = high
  }
  return { kind: 'int64', length, validity: null, halves }
}

/** The halves of an integer below 2^53. */
const halvesOf = (value: number): [low: number, high: number] => [
  (value % 4294967296) | 0,
  Math.floor(value / 4294967296),
]
