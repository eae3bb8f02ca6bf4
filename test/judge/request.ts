/** OTLP requests as messages of the judge, and as a flat list of what they hold. */
import { isDeepStrictEqual } from 'node:util'
import { create, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import type { InstrumentationScope } from './gen/common_pb.ts'
import { type LogRecord, ResourceLogsSchema, ScopeLogsSchema } from './gen/logs_pb.ts'
import { ExportLogsServiceRequestSchema } from './gen/logs_service_pb.ts'
import { type Metric, ResourceMetricsSchema, ScopeMetricsSchema } from './gen/metrics_pb.ts'
import { ExportMetricsServiceRequestSchema } from './gen/metrics_service_pb.ts'
import type { Resource } from './gen/resource_pb.ts'
import { ResourceSpansSchema, ScopeSpansSchema, type Span } from './gen/trace_pb.ts'
import { ExportTraceServiceRequestSchema } from './gen/trace_service_pb.ts'

/** The three request messages. */
export const schemas = {
  logs: ExportLogsServiceRequestSchema,
  traces: ExportTraceServiceRequestSchema,
  metrics: ExportMetricsServiceRequestSchema,
} as const

export type Signal = keyof typeof schemas
export type LogsRequest = MessageShape<typeof ExportLogsServiceRequestSchema>
export type TraceRequest = MessageShape<typeof ExportTraceServiceRequestSchema>
export type MetricsRequest = MessageShape<typeof ExportMetricsServiceRequestSchema>
export type Request = LogsRequest | TraceRequest | MetricsRequest

/** A request's signal. */
export const signalOf = (request: Request): Signal =>
  'resourceLogs' in request ? 'logs' : 'resourceSpans' in request ? 'traces' : 'metrics'

/** A request's protobuf bytes as @bufbuild/protobuf writes them. */
export const toProtobuf = (request: Request): Uint8Array<ArrayBuffer> =>
  toBinary(schemas[signalOf(request)], request)

/** How deep messages may lie within each other: an array's element is two deeper, a kvlist's three. */
const recursionLimit = 1000

/** The request that @bufbuild/protobuf reads from bytes; unknown fields are dropped. */
export const fromProtobuf = (signal: Signal, bytes: Uint8Array): Request =>
  fromBinary(schemas[signal], bytes, { readUnknownFields: false, recursionLimit })

/** One request that holds everything of several of one signal, in their order. */
export const merged = (requests: readonly Request[]): Request =>
  fromProtobuf(
    signalOf(requests[0] as Request),
    // Messages merge as their encodings joined (protobuf encoding, "Last One Wins").
    new Uint8Array(Buffer.concat(requests.map(toProtobuf))),
  )

/** What a record stands under. */
export interface Owner {
  readonly resource: Resource | undefined
  readonly resourceSchemaUrl: string
  readonly scope: InstrumentationScope | undefined
  readonly scopeSchemaUrl: string
}

/** A log record, a span, or a metric that holds exactly one data point; with its owner. */
export type Entry = Owner &
  (
    | { readonly kind: 'log'; readonly item: LogRecord }
    | { readonly kind: 'span'; readonly item: Span }
    | { readonly kind: 'metric'; readonly item: Metric }
  )

type ResourceContainer = { resource?: Resource | undefined; schemaUrl: string }
type ScopeContainer = { scope?: InstrumentationScope | undefined; schemaUrl: string }

const ownerOf = (resource: ResourceContainer, scope: ScopeContainer): Owner => ({
  resource: resource.resource,
  resourceSchemaUrl: resource.schemaUrl,
  scope: scope.scope,
  scopeSchemaUrl: scope.schemaUrl,
})

/** Every record of a request, in order; containers without records leave nothing. */
export const entriesOf = (request: Request): Entry[] => {
  if ('resourceLogs' in request)
    return request.resourceLogs.flatMap((r) =>
      r.scopeLogs.flatMap((s) =>
        s.logRecords.map((item) => ({ ...ownerOf(r, s), kind: 'log' as const, item })),
      ),
    )
  if ('resourceSpans' in request)
    return request.resourceSpans.flatMap((r) =>
      r.scopeSpans.flatMap((s) =>
        s.spans.map((item) => ({ ...ownerOf(r, s), kind: 'span' as const, item })),
      ),
    )
  return request.resourceMetrics.flatMap((r) =>
    r.scopeMetrics.flatMap((s) =>
      s.metrics
        .flatMap(pointwise)
        .map((item) => ({ ...ownerOf(r, s), kind: 'metric' as const, item })),
    ),
  )
}

/** A metric of n points as n metrics of one point. */
const pointwise = (metric: Metric): Metric[] =>
  pointsOf(metric).map((point) => withPoints(metric, [point]))

/** A metric's data points, whatever its kind. */
export const pointsOf = (metric: Metric): readonly unknown[] =>
  metric.data.case === undefined ? [] : metric.data.value.dataPoints

const withPoints = (metric: Metric, dataPoints: readonly unknown[]): Metric => {
  const { value } = metric.data
  const data = { ...metric.data, value: { ...value, dataPoints } } as Metric['data']
  return { ...metric, data }
}

/** The request that holds these records in this order; equal neighbouring owners and metrics are one. */
export const requestOf = (signal: Signal, entries: readonly Entry[]): Request => {
  const resources = runs(entries, sameResource).map((run) => ({
    ...containerOf(run[0]?.resource, 'resource', run[0]?.resourceSchemaUrl),
    scopes: runs(run, sameScope).map((items) => ({
      ...containerOf(items[0]?.scope, 'scope', items[0]?.scopeSchemaUrl),
      items: items.map(({ item }) => item),
    })),
  }))
  if (signal === 'logs') {
    const resourceLogs = resources.map(({ scopes, ...resource }) => {
      const scopeLogs = scopes.map(({ items, ...scope }) =>
        create(ScopeLogsSchema, { ...scope, logRecords: items as LogRecord[] }),
      )
      return create(ResourceLogsSchema, { ...resource, scopeLogs })
    })
    return create(ExportLogsServiceRequestSchema, { resourceLogs })
  }
  if (signal === 'traces') {
    const resourceSpans = resources.map(({ scopes, ...resource }) => {
      const scopeSpans = scopes.map(({ items, ...scope }) =>
        create(ScopeSpansSchema, { ...scope, spans: items as Span[] }),
      )
      return create(ResourceSpansSchema, { ...resource, scopeSpans })
    })
    return create(ExportTraceServiceRequestSchema, { resourceSpans })
  }
  const resourceMetrics = resources.map(({ scopes, ...resource }) => {
    const scopeMetrics = scopes.map(({ items, ...scope }) =>
      create(ScopeMetricsSchema, { ...scope, metrics: mergeMetrics(items as Metric[]) }),
    )
    return create(ResourceMetricsSchema, { ...resource, scopeMetrics })
  })
  return create(ExportMetricsServiceRequestSchema, { resourceMetrics })
}

const containerOf = <Name extends string, T>(
  message: T | undefined,
  name: Name,
  schemaUrl: string | undefined,
) => ({
  ...((message === undefined ? {} : { [name]: message }) as { [name in Name]?: T }),
  schemaUrl: schemaUrl ?? '',
})

const mergeMetrics = (metrics: readonly Metric[]): Metric[] =>
  runs(metrics, sameMetric).map((run) => withPoints(run[0] as Metric, run.flatMap(pointsOf)))

/** Cuts a list into runs of neighbours that are the same. */
const runs = <T>(items: readonly T[], same: (a: T, b: T) => boolean): T[][] => {
  const out: T[][] = []
  for (const item of items) {
    const run = out.at(-1)
    if (run !== undefined && same(run[0] as T, item)) run.push(item)
    else out.push([item])
  }
  return out
}

const sameResource = (a: Owner, b: Owner): boolean =>
  a.resourceSchemaUrl === b.resourceSchemaUrl && isDeepStrictEqual(a.resource, b.resource)

const sameScope = (a: Owner, b: Owner): boolean =>
  a.scopeSchemaUrl === b.scopeSchemaUrl && isDeepStrictEqual(a.scope, b.scope)

const sameMetric = (a: Metric, b: Metric): boolean =>
  isDeepStrictEqual(withPoints(a, []), withPoints(b, []))
