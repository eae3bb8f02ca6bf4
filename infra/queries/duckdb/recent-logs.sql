-- What was logged in the last hour? The newest 100 lines.
--
-- The hours in the path (UTC) are columns too: by them only the folders of the last hour are
-- opened, however many there are. `hive_types` is needed, or DuckDB takes hour=08 for a text.
SELECT Timestamp, SeverityText, Body, ServiceName
FROM read_parquet('data/logs/**/*.parquet', hive_types = {year: INT, month: INT, day: INT, hour: INT})
WHERE make_timestamptz(year, month, day, hour, 0, 0, 'UTC') > now() - INTERVAL 2 HOUR
  AND Timestamp > now() - INTERVAL 1 HOUR
ORDER BY Timestamp DESC
LIMIT 100;
