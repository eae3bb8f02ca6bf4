import { column } from './table.ts'

/** The columns that every table begins with: ids 1 to 19. */
export const commonColumns = [
  column(
    1,
    'Timestamp',
    'timestamptz',
    'the time below in microseconds; for a log its `observed_time_unix_nano` when that is 0; else the time the request arrived',
  ),
  column(
    2,
    'TimeUnixNano',
    'long',
    'log and point: `time_unix_nano`; span: `start_time_unix_nano`',
  ),
  column(3, 'ServiceName', 'string', '`Resource.attributes["service.name"]`'),
  column(4, 'ServiceNamespace', 'string', '`Resource.attributes["service.namespace"]`'),
  column(5, 'ServiceInstanceId', 'string', '`Resource.attributes["service.instance.id"]`'),
  column(6, 'ResourceAttributes', 'json', '`Resource.attributes`'),
  column(
    7,
    'ResourceSchemaUrl',
    'string',
    '`ResourceLogs.schema_url`, `ResourceSpans.schema_url`, `ResourceMetrics.schema_url`',
  ),
  column(8, 'ResourceDroppedAttributesCount', 'long', '`Resource.dropped_attributes_count`'),
  column(9, 'ResourceEntityRefs', 'json', '`Resource.entity_refs`'),
  column(10, 'ScopeName', 'string', '`InstrumentationScope.name`'),
  column(11, 'ScopeVersion', 'string', '`InstrumentationScope.version`'),
  column(12, 'ScopeAttributes', 'json', '`InstrumentationScope.attributes`'),
  column(
    13,
    'ScopeDroppedAttributesCount',
    'long',
    '`InstrumentationScope.dropped_attributes_count`',
  ),
  column(
    14,
    'ScopeSchemaUrl',
    'string',
    '`ScopeLogs.schema_url`, `ScopeSpans.schema_url`, `ScopeMetrics.schema_url`',
  ),
  column(15, 'RequestId', 'string', 'the first 32 hex digits of a SHA-256 over signal and body'),
  column(16, 'RequestRow', 'int', "the record's place in the request, from 0"),
  column(17, 'IngestedAt', 'timestamptz', 'when the request arrived'),
] as const
