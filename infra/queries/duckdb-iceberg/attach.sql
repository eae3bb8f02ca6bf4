-- The tables of a REST catalog, so that the other queries find them as otel.logs, otel.traces, …
--
-- Put in your catalog's address, as in OTLP2PARQUET_ICEBERG_REST_URI, and its warehouse ('' where it
-- has one only). A namespace of another name than otel is another name after USE, and in the queries.
-- For a catalog that asks for a token: CREATE SECRET (TYPE iceberg, TOKEN '…') before ATTACH, and no
-- AUTHORIZATION_TYPE. For tables on S3 to which the catalog gives no keys: CREATE SECRET (TYPE s3,
-- PROVIDER credential_chain) before it, and ACCESS_DELEGATION_MODE 'none' beside AUTHORIZATION_TYPE.
-- For Amazon S3 Tables (not tried) that secret too, and ATTACH 'arn:aws:s3tables:…:bucket/…' AS lake
-- (TYPE iceberg, ENDPOINT_TYPE s3_tables).
INSTALL iceberg;
LOAD iceberg;
ATTACH 'warehouse' AS lake (TYPE iceberg, ENDPOINT 'http://127.0.0.1:8181', AUTHORIZATION_TYPE 'none');
USE lake.otel;
