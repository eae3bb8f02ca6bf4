/**
 * The columns whose least and greatest values a table's metadata says of each file (Iceberg's manifest bounds): those
 * that queries filter by. Of other columns they would make every commit larger and help nobody.
 */
export const boundedColumns: readonly string[] = [
  'Timestamp',
  'TimeUnixNano',
  'ServiceName',
  'SeverityNumber',
  'TraceId',
  'SpanName',
  'Duration',
  'MetricName',
]
