-- Merges the files of one service and hour into one, sorted as they were, each record once.
--
-- Take an hour that no sender will repeat any more (a day old, say): a retry that comes later does
-- not find its file and stores its rows again. The result's name ends in .new, so no query sees
-- it. Then, in that folder:
--   old=$(ls *.parquet) && mv compacted.parquet.new compacted.parquet && rm $old
-- Between the two a query sees rows twice; duplicates.sql says how to read around that.
SET VARIABLE folder = 'data/logs/checkout/year=2026/month=01/day=31/hour=23';
COPY (
  SELECT *
  FROM read_parquet(getvariable('folder') || '/*.parquet', hive_partitioning = false)
  QUALIFY row_number() OVER (PARTITION BY RequestId, RequestRow ORDER BY IngestedAt) = 1
  ORDER BY ServiceName NULLS FIRST, Timestamp, RequestId, RequestRow
) TO (getvariable('folder') || '/compacted.parquet.new') (FORMAT parquet, COMPRESSION zstd);
