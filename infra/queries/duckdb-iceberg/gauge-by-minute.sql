-- How did gauges move? The average of each minute, for the last hour.
--
-- Timestamp is a time, no number of nanoseconds: date_trunc takes it as it is. (TimeUnixNano
-- beside it is the number; make_timestamp_ns(TimeUnixNano) makes a time of it.)
-- A point without a value (Flags 1: "no recorded value") has a null Value, and avg leaves it out.
SELECT MetricName,
       date_trunc('minute', Timestamp) AS Minute,
       avg(Value) AS Average
FROM otel.metrics_gauge
WHERE Timestamp > now() - INTERVAL 1 HOUR
GROUP BY MetricName, Minute
ORDER BY MetricName, Minute;
