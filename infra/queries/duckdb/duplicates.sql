-- Does any row stand twice? No rows are the answer to hope for.
--
-- RequestId and RequestRow name a record for good: a resent request has the same RequestId and
-- finds its files there already. To read around doubles, should files have been copied by hand:
--   SELECT * FROM … QUALIFY row_number() OVER (PARTITION BY RequestId, RequestRow) = 1
SELECT RequestId, RequestRow, count(*) AS Copies, list_sort(list(filename)) AS Files
FROM read_parquet('data/logs/**/*.parquet', filename = true)
GROUP BY RequestId, RequestRow
HAVING count(*) > 1
ORDER BY Copies DESC, RequestId, RequestRow;
