-- What was logged in the last hour? The newest 100 lines.
--
-- A condition on Timestamp is enough: the table is partitioned by its day, and each file's smallest
-- and largest time stand in the metadata, so other files are not opened.
SELECT Timestamp, SeverityText, Body, ServiceName
FROM otel.logs
WHERE Timestamp > now() - INTERVAL 1 HOUR
ORDER BY Timestamp DESC
LIMIT 100;
