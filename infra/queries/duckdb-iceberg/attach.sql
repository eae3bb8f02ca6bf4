-- The tables of a REST catalog, so that the other queries find them as otel.logs, otel.traces, …
--
-- For a catalog that asks for a token: CREATE SECRET (TYPE iceberg, TOKEN '…'), and no
-- AUTHORIZATION_TYPE. For Amazon S3 Tables: CREATE SECRET (TYPE s3, PROVIDER credential_chain), then
-- ATTACH 'arn:aws:s3tables:…:bucket/…' AS lake (TYPE iceberg, ENDPOINT_TYPE s3_tables).
INSTALL iceberg;
LOAD iceberg;
ATTACH 'warehouse' AS lake (TYPE iceberg, ENDPOINT 'http://127.0.0.1:8181', AUTHORIZATION_TYPE 'none');
USE lake;
