-- Which services log errors, how many, and what did the newest say? For the last hour.
--
-- Severity numbers 17 and above are ERROR and FATAL, whatever a language calls them in
-- SeverityText. A sender that named no service has a null ServiceName.
SELECT ServiceName,
       count(*) FILTER (WHERE SeverityNumber >= 17) AS Errors,
       count(*) AS Lines,
       arg_max(Body, Timestamp) FILTER (WHERE SeverityNumber >= 17) AS NewestError
FROM otel.logs
WHERE Timestamp > now() - INTERVAL 1 HOUR
GROUP BY ServiceName
HAVING Errors > 0
ORDER BY Errors DESC, ServiceName;
