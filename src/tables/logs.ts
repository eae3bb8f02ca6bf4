import { commonColumns } from './common.ts'
import { column, type Table } from './table.ts'

const columns = [
  ...commonColumns,
  column(20, 'TraceId', 'string', '`LogRecord.trace_id`, lower-case hex'),
  column(21, 'SpanId', 'string', '`LogRecord.span_id`, lower-case hex'),
  column(22, 'TraceFlags', 'long', '`LogRecord.flags`'),
  column(23, 'SeverityText', 'string', '`LogRecord.severity_text`'),
  column(24, 'SeverityNumber', 'int', '`LogRecord.severity_number`'),
  column(25, 'EventName', 'string', '`LogRecord.event_name`'),
  column(26, 'Body', 'string', '`LogRecord.body`: a string as it is, any other value as JSON text'),
  column(
    27,
    'BodyType',
    'string',
    'which value `LogRecord.body` holds: `string`, `bool`, `int`, `double`, `bytes`, `array`, `kvlist`',
  ),
  column(28, 'LogAttributes', 'json', '`LogRecord.attributes`'),
  column(29, 'LogDroppedAttributesCount', 'long', '`LogRecord.dropped_attributes_count`'),
  column(
    30,
    'ObservedTimestamp',
    'timestamptz',
    '`LogRecord.observed_time_unix_nano` in microseconds',
  ),
  column(31, 'ObservedTimeUnixNano', 'long', '`LogRecord.observed_time_unix_nano`'),
] as const

export const logs = {
  name: 'logs',
  folder: 'logs',
  columns,
  sortOrder: ['ServiceName', 'Timestamp'],
} as const satisfies Table<(typeof columns)[number]['name']>
