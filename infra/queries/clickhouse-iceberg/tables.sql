-- The tables of the file catalog, so that the other queries find them as otel.logs, otel.traces, …
--
-- A view reads the table as it is when it is asked. ClickHouse wants a view's table to be there: take
-- out those that no request has made yet. In a bucket, in place of each icebergLocal('data/…'):
-- icebergS3('https://my-lake.s3.eu-central-1.amazonaws.com/…', 'ACCESS_KEY', 'SECRET_KEY').
CREATE DATABASE IF NOT EXISTS otel;
CREATE VIEW otel.logs AS SELECT * FROM icebergLocal('data/otel/logs');
CREATE VIEW otel.traces AS SELECT * FROM icebergLocal('data/otel/traces');
CREATE VIEW otel.metrics_gauge AS SELECT * FROM icebergLocal('data/otel/metrics_gauge');
CREATE VIEW otel.metrics_sum AS SELECT * FROM icebergLocal('data/otel/metrics_sum');
CREATE VIEW otel.metrics_histogram AS SELECT * FROM icebergLocal('data/otel/metrics_histogram');
CREATE VIEW otel.metrics_exponential_histogram AS SELECT * FROM icebergLocal('data/otel/metrics_exponential_histogram');
CREATE VIEW otel.metrics_summary AS SELECT * FROM icebergLocal('data/otel/metrics_summary');
