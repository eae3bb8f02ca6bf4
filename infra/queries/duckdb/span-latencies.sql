-- How long do operations take? Milliseconds by span name, for the last day.
--
-- Duration counts nanoseconds. `//` would cut them off: `/` keeps the fraction.
SELECT SpanName,
       count(*) AS Spans,
       avg(Duration) / 1000000 AS AvgMs,
       quantile_cont(Duration, 0.95) / 1000000 AS P95Ms,
       max(Duration) / 1000000 AS MaxMs
FROM read_parquet('data/traces/**/*.parquet', hive_types = {year: INT, month: INT, day: INT, hour: INT})
WHERE make_timestamptz(year, month, day, hour, 0, 0, 'UTC') > now() - INTERVAL 25 HOUR
  AND Timestamp > now() - INTERVAL 1 DAY
GROUP BY SpanName
ORDER BY AvgMs DESC;
