-- How long do operations take? Milliseconds by span name, for the last day.
--
-- Duration counts nanoseconds. `//` would cut them off: `/` keeps the fraction.
SELECT SpanName,
       count(*) AS Spans,
       avg(Duration) / 1000000 AS AvgMs,
       quantile_cont(Duration, 0.95) / 1000000 AS P95Ms,
       max(Duration) / 1000000 AS MaxMs
FROM otel.traces
WHERE Timestamp > now() - INTERVAL 1 DAY
GROUP BY SpanName
ORDER BY AvgMs DESC;
