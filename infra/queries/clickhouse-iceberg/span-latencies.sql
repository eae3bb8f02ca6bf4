-- How long do operations take? Milliseconds by span name, for the last day.
SELECT spanname AS SpanName,
       count() AS Spans,
       avg(duration) / 1000000 AS AvgMs,
       quantileExact(0.95)(duration) / 1000000 AS P95Ms,
       max(duration) / 1000000 AS MaxMs
FROM otel.traces
WHERE timestamp > now() - INTERVAL 1 DAY
GROUP BY SpanName
ORDER BY AvgMs DESC;
