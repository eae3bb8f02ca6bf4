-- Which traces took longest? The slowest ten of the last hour, with their root span.
--
-- A trace lasts from its first span's start to its last span's end; its spans may be in files of
-- several services. StatusCode is 'Unset', 'Ok' or 'Error' (never 'STATUS_CODE_ERROR').
SELECT TraceId,
       (max(EndTimeUnixNano) - min(TimeUnixNano)) / 1000000 AS DurationMs,
       count(*) AS Spans,
       list_sort(list(DISTINCT ServiceName)) AS Services,
       any_value(SpanName) FILTER (WHERE ParentSpanId = '') AS RootSpan,
       count(*) FILTER (WHERE StatusCode = 'Error') AS Errors
FROM otel.traces
WHERE Timestamp > now() - INTERVAL 1 HOUR
GROUP BY TraceId
ORDER BY DurationMs DESC
LIMIT 10;
