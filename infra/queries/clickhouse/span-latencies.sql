-- How long do operations take? Milliseconds by span name, for the last day.
SELECT SpanName,
       count() AS Spans,
       avg(Duration) / 1000000 AS AvgMs,
       quantileExact(0.95)(Duration) / 1000000 AS P95Ms,
       max(Duration) / 1000000 AS MaxMs
FROM file('data/traces/**/*.parquet', Parquet)
WHERE Timestamp > now() - INTERVAL 1 DAY
GROUP BY SpanName
ORDER BY AvgMs DESC;
