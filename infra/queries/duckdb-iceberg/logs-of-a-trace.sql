-- What was logged during this trace, and by which spans? In the order in which it happened.
--
-- Ids are lower-case hex text, as senders and user interfaces print them. The samples' trace is
-- asked for; put yours in its place.
SELECT l.Timestamp, l.ServiceName, s.SpanName, l.SeverityText, l.Body
FROM otel.logs AS l
LEFT JOIN (
  SELECT DISTINCT TraceId, SpanId, SpanName FROM otel.traces
) AS s ON s.TraceId = l.TraceId AND s.SpanId = l.SpanId
WHERE l.TraceId = '5b8efff798038103d269b633813fc60c'
ORDER BY l.TimeUnixNano, l.RequestRow;
