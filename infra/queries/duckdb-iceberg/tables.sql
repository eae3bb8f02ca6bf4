-- The tables of the file catalog, so that the other queries find them as otel.logs, otel.traces, …
--
-- Say it once a session. A view reads the table as it is when it is asked: new commits are seen
-- without saying it again. Tables that no request has made yet are left out: DuckDB wants a view's
-- table to be there. In a bucket: CREATE SECRET (TYPE s3, PROVIDER credential_chain) first, and
-- 's3://my-lake/ in place of each 'data/.
INSTALL iceberg;
LOAD iceberg;
CREATE SCHEMA IF NOT EXISTS otel;
CREATE OR REPLACE VIEW otel.logs AS FROM iceberg_scan('data/otel/logs');
CREATE OR REPLACE VIEW otel.traces AS FROM iceberg_scan('data/otel/traces');
CREATE OR REPLACE VIEW otel.metrics_gauge AS FROM iceberg_scan('data/otel/metrics_gauge');
CREATE OR REPLACE VIEW otel.metrics_sum AS FROM iceberg_scan('data/otel/metrics_sum');
CREATE OR REPLACE VIEW otel.metrics_histogram AS FROM iceberg_scan('data/otel/metrics_histogram');
CREATE OR REPLACE VIEW otel.metrics_exponential_histogram AS FROM iceberg_scan('data/otel/metrics_exponential_histogram');
CREATE OR REPLACE VIEW otel.metrics_summary AS FROM iceberg_scan('data/otel/metrics_summary');
