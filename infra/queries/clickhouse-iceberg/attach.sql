-- The tables of a REST catalog, so that the other queries find them as otel.logs, otel.traces, …
--
-- Put in your catalog's address (with /v1), the keys of the S3 that the tables are on, its address, and
-- the warehouse; a catalog that has one only takes any word for it. ClickHouse reaches tables on S3
-- alone that way. Nessie, as it stands, hands out no keys: add vended_credentials = false to the settings.
-- Leave out views of tables that no request has made yet.
SET allow_experimental_database_iceberg = 1;
CREATE DATABASE lake ENGINE = DataLakeCatalog('http://127.0.0.1:8181/v1', 'ACCESS_KEY', 'SECRET_KEY')
SETTINGS catalog_type = 'rest', warehouse = 'warehouse',
         storage_endpoint = 'https://s3.eu-central-1.amazonaws.com';
CREATE DATABASE IF NOT EXISTS otel;
CREATE VIEW otel.logs AS SELECT * FROM lake.`otel.logs`;
CREATE VIEW otel.traces AS SELECT * FROM lake.`otel.traces`;
CREATE VIEW otel.metrics_gauge AS SELECT * FROM lake.`otel.metrics_gauge`;
CREATE VIEW otel.metrics_sum AS SELECT * FROM lake.`otel.metrics_sum`;
CREATE VIEW otel.metrics_histogram AS SELECT * FROM lake.`otel.metrics_histogram`;
CREATE VIEW otel.metrics_exponential_histogram AS SELECT * FROM lake.`otel.metrics_exponential_histogram`;
CREATE VIEW otel.metrics_summary AS SELECT * FROM lake.`otel.metrics_summary`;
