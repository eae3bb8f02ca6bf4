-- What was logged in the last hour? The newest 100 lines.
--
-- A condition on the time is enough: the table is partitioned by its day, and each file's smallest
-- and largest time stand in the metadata, so other files are not opened.
SELECT timestamp AS Timestamp, severitytext AS SeverityText, body AS Body, servicename AS ServiceName
FROM otel.logs
WHERE timestamp > now() - INTERVAL 1 HOUR
ORDER BY timestamp DESC
LIMIT 100;
