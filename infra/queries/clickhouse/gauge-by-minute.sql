-- How did gauges move? The average of each minute, for the last hour.
SELECT MetricName, toStartOfMinute(Timestamp) AS Minute, avg(Value) AS Average
FROM file('data/metrics/gauge/**/*.parquet', Parquet)
WHERE Timestamp > now() - INTERVAL 1 HOUR
GROUP BY MetricName, Minute
ORDER BY MetricName, Minute;
