-- How are values spread? The buckets of each histogram series' newest point of the last hour.
--
-- BucketCounts has one element more than ExplicitBounds: the last bucket has no upper bound. Two
-- lists unnested side by side stay in step. UpperBound itself belongs to its bucket.
WITH newest AS (
  SELECT ServiceName, MetricName, MetricUnit, Attributes, BucketCounts, ExplicitBounds
  FROM otel.metrics_histogram
  WHERE Timestamp > now() - INTERVAL 1 HOUR
  QUALIFY row_number() OVER (
    PARTITION BY ServiceName, ServiceInstanceId, MetricName, Attributes ORDER BY Timestamp DESC
  ) = 1
)
SELECT ServiceName, MetricName, MetricUnit, Attributes,
       unnest(list_append(ExplicitBounds, 'Infinity'::DOUBLE)) AS UpperBound,
       unnest(BucketCounts) AS Observations
FROM newest
ORDER BY ServiceName, MetricName, Attributes, UpperBound;
