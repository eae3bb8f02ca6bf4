/** LogRecords as rows of the table `logs`. */
import { logs } from '../tables/logs.ts'
import { type TableBatch, tableBatch } from './batch.ts'
import { type Context, common } from './common.ts'
import type { ExportLogsServiceRequest } from './messages.ts'
import type { Rows } from './rows.ts'
import * as vectors from './vectors.ts'

/** The rows of a decoded request as a batch for the logs table. */
export const logBatches = (
  request: Rows<typeof ExportLogsServiceRequest.fields>,
  context: Context,
): TableBatch[] => {
  const resources = request.columns.resource_logs.rows
  const scopes = resources.columns.scope_logs.rows
  const records = scopes.columns.log_records.rows
  const scopeOf = vectors.parents(scopes.columns.log_records.offsets, scopes.n)
  const resourceOf = vectors.gather(
    vectors.parents(resources.columns.scope_logs.offsets, resources.n),
    scopeOf,
  )
  const { n, columns: log } = records
  const columns = {
    ...common(
      {
        length: n,
        requestRows: records.requestRows,
        time: log.time_unix_nano,
        otherTime: log.observed_time_unix_nano,
        resources,
        resourceOf,
        scopes,
        scopeOf,
      },
      context,
    ),
    TraceId: vectors.text(log.trace_id, n),
    SpanId: vectors.text(log.span_id, n),
    TraceFlags: vectors.uint32(log.flags, n),
    SeverityText: vectors.label(log.severity_text, n),
    SeverityNumber: vectors.int32(log.severity_number.values, n),
    EventName: vectors.label(log.event_name, n),
    Body: vectors.body(log.body, n),
    BodyType: vectors.bodyType(log.body, n),
    LogAttributes: vectors.text(log.attributes, n),
    LogDroppedAttributesCount: vectors.uint32(log.dropped_attributes_count, n),
    ObservedTimestamp: vectors.micros(log.observed_time_unix_nano, n),
    ObservedTimeUnixNano: vectors.int64(log.observed_time_unix_nano, n),
  }
  return n === 0 ? [] : [tableBatch(logs, n, columns)]
}
