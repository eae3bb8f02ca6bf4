-- How did gauges move? The average of each minute, for the last hour. ClickHouse folds no case:
-- columns are spelled as the table spells them.
SELECT metricname AS MetricName, toStartOfMinute(timestamp) AS Minute, avg(value) AS Average
FROM otel.metrics_gauge
WHERE timestamp > now() - INTERVAL 1 HOUR
GROUP BY MetricName, Minute
ORDER BY MetricName, Minute;
