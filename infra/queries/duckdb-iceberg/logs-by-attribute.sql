-- Which log lines carry this attribute? Attributes are JSON text, one object a row.
--
-- A key with dots in it needs its quotes: `$."order.id"`. `->>` gives text; 64-bit integers are
-- exact in it, which a detour through a double would not be.
SELECT Timestamp, ServiceName, Body, LogAttributes ->> '$."order.total"' AS OrderTotal
FROM otel.logs
WHERE LogAttributes ->> '$."order.id"' = '9007199254740993'
ORDER BY Timestamp DESC
LIMIT 100;
