-- Does any row stand twice? No rows are the answer to hope for.
--
-- RequestId and RequestRow name a record for good: a resent request has the same RequestId and is
-- looked for in the table before it is committed. A table that forgets its history before the
-- sender gives up may hold a row twice; to read around that:
--   SELECT * FROM … QUALIFY row_number() OVER (PARTITION BY RequestId, RequestRow) = 1
SELECT RequestId, RequestRow, count(*) AS Copies
FROM otel.logs
GROUP BY RequestId, RequestRow
HAVING count(*) > 1
ORDER BY Copies DESC, RequestId, RequestRow;
