/** Every column of every table, written down by hand: name and type as a reader must find them. */

const common = `
  Timestamp timestamptz, TimeUnixNano long,
  ServiceName string, ServiceNamespace string, ServiceInstanceId string,
  ResourceAttributes string, ResourceSchemaUrl string, ResourceDroppedAttributesCount long,
  ResourceEntityRefs string,
  ScopeName string, ScopeVersion string, ScopeAttributes string, ScopeDroppedAttributesCount long,
  ScopeSchemaUrl string,
  RequestId string, RequestRow int, IngestedAt timestamptz`

const logs = `${common},
  TraceId string, SpanId string, TraceFlags long, SeverityText string, SeverityNumber int,
  EventName string, Body string, BodyType string, LogAttributes string,
  LogDroppedAttributesCount long, ObservedTimestamp timestamptz, ObservedTimeUnixNano long`

const traces = `${common},
  TraceId string, SpanId string, ParentSpanId string, TraceState string, SpanName string,
  SpanKind string, SpanFlags long, EndTimeUnixNano long, Duration long, SpanAttributes string,
  SpanDroppedAttributesCount long, StatusCode string, StatusMessage string,
  EventsTimestamp list<timestamptz>, EventsTimeUnixNano list<long>, EventsName list<string>,
  EventsAttributes list<string>, EventsDroppedAttributesCount list<long>, DroppedEventsCount long,
  LinksTraceId list<string>, LinksSpanId list<string>, LinksTraceState list<string>,
  LinksAttributes list<string>, LinksDroppedAttributesCount list<long>, LinksFlags list<long>,
  DroppedLinksCount long`

const metric = `${common},
  MetricName string, MetricDescription string, MetricUnit string, MetricMetadata string,
  Attributes string, StartTimestamp timestamptz, StartTimeUnixNano long, Flags long`

const exemplars = `
  ExemplarsTimestamp list<timestamptz>, ExemplarsTimeUnixNano list<long>,
  ExemplarsValue list<double>, ExemplarsIntValue list<long>, ExemplarsSpanId list<string>,
  ExemplarsTraceId list<string>, ExemplarsFilteredAttributes list<string>`

const gauge = `${metric}, ${exemplars}, Value double, IntValue long`

const sum = `${gauge}, AggregationTemporality int, IsMonotonic boolean`

const histogram = `${metric}, ${exemplars},
  Count long, Sum double, Min double, Max double, BucketCounts list<long>,
  ExplicitBounds list<double>, AggregationTemporality int`

const exponentialHistogram = `${metric}, ${exemplars},
  Count long, Sum double, Min double, Max double, Scale int, ZeroCount long, ZeroThreshold double,
  PositiveOffset int, PositiveBucketCounts list<long>,
  NegativeOffset int, NegativeBucketCounts list<long>, AggregationTemporality int`

const summary = `${metric},
  Count long, Sum double, QuantileValues list<double>, QuantileQuantiles list<double>`

const columnsOf = (list: string): Readonly<Record<string, string>> =>
  Object.fromEntries(list.split(',').map((column) => column.trim().split(' ')))

/** By the folder that a table's files lie in: column → type. */
export const writtenColumns = {
  logs: columnsOf(logs),
  traces: columnsOf(traces),
  'metrics/gauge': columnsOf(gauge),
  'metrics/sum': columnsOf(sum),
  'metrics/histogram': columnsOf(histogram),
  'metrics/exponential_histogram': columnsOf(exponentialHistogram),
  'metrics/summary': columnsOf(summary),
}
