-- What was logged in the last hour? The newest 100 lines.
--
-- The two stars take in every service and hour. The hours in the path are columns too (year,
-- month, day, hour), and ClickHouse opens only the files that a condition on them leaves.
SELECT Timestamp, SeverityText, Body, ServiceName
FROM file('data/logs/**/*.parquet', Parquet)
WHERE makeDateTime(year, month, day, toUInt8(hour), 0, 0, 'UTC') > now() - INTERVAL 2 HOUR
  AND Timestamp > now() - INTERVAL 1 HOUR
ORDER BY Timestamp DESC
LIMIT 100;
