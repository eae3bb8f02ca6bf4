/** Tables of other people that our rows go into, each for one thing that may differ from our own. */
import { tables } from '../../src/tables/tables.ts'
import type { Filter } from './filters.ts'
import { randomRequests } from './random-requests.ts'
import type { ForeignTable } from './writers/foreign.ts'

export interface ForeignCase extends Omit<ForeignTable, 'folder'> {
  readonly name: string
  readonly signal?: 'logs' | 'traces' | 'metrics'
  /** Our columns whose values are not written, in our spelling. */
  readonly lost?: readonly string[]
  /** Finds some rows; reads only some files where the table is partitioned by the column. */
  readonly filters?: readonly Filter[]
  /** How many rows they wrote before us. */
  readonly theirs?: number
  /** What the footers of our files say: names, with `-` descending, with `?` nulls last. */
  readonly sorted?: readonly string[]
  /** In manifests; 0 for no order of the table's. */
  readonly orderId?: number
}

const day = 86_400_000_000_000n

/** Logs of three services over some days, every seventh without a time. */
const spread = ({ logs, ...others }: ReturnType<typeof randomRequests>) => {
  const [{ scopeLogs = [] } = {}] = logs.resourceLogs
  const services = ['shop', 'cart', 'pay\u{1f600}']
  const resourceLogs = services.map((name, s) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
    scopeLogs: scopeLogs
      .filter((_, i) => i % services.length === s)
      .map(({ scope, logRecords }) => ({
        scope,
        logRecords: logRecords.map((record, i) =>
          i % 7 === 0
            ? { ...record, timeUnixNano: '0', observedTimeUnixNano: '0' }
            : {
                ...record,
                timeUnixNano: String(BigInt(record.timeUnixNano) + BigInt(i % 3) * day),
              },
        ),
      })),
  }))
  return { ...others, logs: { resourceLogs } }
}

/** What is sent to each. */
export const foreignRequests = spread(randomRequests(Number(process.env.INTEROP_SEED ?? 1), 160))

/** One that a log has. */
const someSpanId =
  foreignRequests.logs.resourceLogs
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    .find(({ spanId }) => spanId !== undefined)?.spanId ?? ''

/** All columns of a table of ours as another program would have them, some of other types. */
const like = (name: string, others: Readonly<Record<string, string>> = {}) => {
  const columns = tables.find((table) => table.name === name)?.columns ?? []
  const types = columns.map((column) => [
    column.name.toLowerCase(),
    column.type.replace('json', 'string'),
  ])
  return { ...Object.fromEntries(types), ...others } as Record<string, string>
}

const without = (columns: Readonly<Record<string, string>>, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(columns).filter(([name]) => !names.includes(name)))

const reversed = (columns: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(columns).reverse())

const equal = (column: string, value: string, type = 'string'): Filter => ({
  column,
  type,
  operator: '=',
  values: [value],
})

const by = (...fields: readonly (readonly [transform: string, column: string, name?: string])[]) =>
  fields.map(([transform, column, name = `p${column}`]) => ({ transform, column, name }))

const order = (...fields: readonly string[]) =>
  fields.map((field) => {
    const [, transform = 'identity', column = ''] = /^(?:(.*) of )?([a-z]+)/.exec(field) ?? []
    return {
      transform,
      column,
      direction: field.includes('-') ? ('desc' as const) : ('asc' as const),
      nulls: field.includes('?') ? ('nulls-last' as const) : ('nulls-first' as const),
    }
  })

const logs = like('logs')
const ours = ['servicename', 'timestamp']

export const foreignCases: readonly ForeignCase[] = [
  {
    name: 'fewer columns, one of their own, rows of their own',
    columns: { region: 'string', body: 'string', servicename: 'string' },
    deeds: [{ deed: 'append', row: { region: 'north', body: 'theirs' } }],
    theirs: 1,
    sorted: ours,
    orderId: 0,
  },
  {
    name: 'columns in upper case, in another order',
    columns: { ServiceName: 'string', Body: 'string' },
  },
  { name: 'every column in another order', columns: reversed(logs) },
  {
    name: 'columns dropped and renamed',
    columns: logs,
    deeds: [
      { deed: 'append', row: { body: 'theirs', logattributes: '{}' } },
      { deed: 'drop', column: 'logattributes' },
      { deed: 'rename', column: 'body', to: 'text' },
    ],
    lost: ['LogAttributes', 'Body'],
    theirs: 1,
  },
  {
    name: 'columns that are to be ignored',
    columns: without({ ...logs, spanid: 'double' }, 'traceid'),
    properties: { 'otlp2parquet.ignore-columns': 'TraceId, spanid' },
    lost: ['TraceId', 'SpanId'],
  },
  { name: 'ints as longs', columns: like('logs', { severitynumber: 'long', requestrow: 'long' }) },
  {
    name: 'traces, half of whose lists are missing',
    signal: 'traces',
    columns: without(reversed(like('traces')), 'eventsname', 'linksflags'),
  },
  {
    name: 'partitions by service and hour',
    columns: logs,
    partition: by(['identity', 'servicename'], ['hour', 'timestamp']),
    filters: [equal('servicename', 'shop'), equal('servicename', 'no such')],
  },
  {
    name: 'partitions by buckets of two columns',
    columns: logs,
    partition: by(['bucket[4]', 'spanid'], ['bucket[3]', 'timeunixnano', 'b']),
    filters: [equal('spanid', someSpanId)],
  },
  {
    name: 'partitions by cut text and numbers, ints as longs',
    columns: like('logs', { severitynumber: 'long' }),
    partition: by(['truncate[2]', 'severitytext'], ['truncate[10]', 'severitynumber']),
    filters: [equal('severitynumber', '7', 'long'), equal('severitytext', 'name-3')],
  },
  {
    name: 'partitions by an int as long, by month, by nothing any more',
    columns: like('logs', { severitynumber: 'long' }),
    partition: by(['identity', 'severitynumber'], ['month', 'timestamp'], ['void', 'body']),
    filters: [equal('severitynumber', '7', 'long')],
  },
  {
    name: 'partitions by a column that we do not have',
    columns: { ...logs, region: 'string' },
    partition: by(['identity', 'region'], ['year', 'observedtimestamp']),
    deeds: [{ deed: 'append', row: { region: 'north' } }],
    theirs: 1,
  },
  {
    name: 'partitions by the time of arrival, under names that are none in Avro',
    columns: logs,
    partition: by(['day', 'ingestedat', 'the day'], ['bucket[2]', 'spanid', '2.span']),
  },
  {
    name: 'a spec that was changed',
    columns: logs,
    partition: by(['day', 'timestamp']),
    deeds: [
      { deed: 'append', row: { timestamp: '2026-09-01T00:00:00+00:00', severitytext: 'name-3' } },
      { deed: 'repartition', column: 'severitytext', transform: 'identity', name: 'text' },
    ],
    theirs: 1,
    filters: [equal('severitytext', 'name-3')],
  },
  {
    name: 'partitions by booleans and doubles',
    signal: 'metrics',
    columns: like('metrics_sum'),
    partition: by(['identity', 'ismonotonic'], ['identity', 'flags']),
    filters: [equal('ismonotonic', 'true', 'boolean')],
  },
  {
    name: 'rows sorted backwards',
    columns: logs,
    sort: order('timestamp-?', 'severitytext?', 'traceid-'),
    sorted: ['timestamp-?', 'severitytext?', 'traceid-'],
    orderId: 1,
  },
  {
    name: 'rows sorted by a column that we do not have, too',
    columns: { ...logs, region: 'string' },
    sort: order('region', 'body', 'requestrow-'),
    sorted: ['body', 'requestrow-'],
    orderId: 1,
  },
  {
    name: 'rows sorted by a transform',
    columns: logs,
    sort: order('bucket[4] of traceid', 'timestamp'),
    sorted: ours,
    orderId: 0,
  },
  { name: 'rows in no order', columns: logs, sorted: ours, orderId: 0 },
]

/** Tables that nothing of ours goes into, and what is said of them. */
export const refusedCases: readonly (ForeignCase & { readonly says: RegExp })[] = [
  {
    name: 'another type',
    columns: { severitynumber: 'string' },
    says: /column severitynumber that is of another type \(string there, int here\)/,
  },
  {
    name: 'a list of another type',
    signal: 'traces',
    columns: { eventsname: 'list<long>' },
    says: /column eventsname/,
  },
  { name: 'format version 1', columns: logs, version: 1, says: /format version 1/ },
]
