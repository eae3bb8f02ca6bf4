// Makes an Iceberg table `t` in the working folder with ClickHouse: partitioned by day, two inserts, a day that is null, a delete.
import { createRequire } from 'node:module'

const { Session } = createRequire(new URL('../peers/js/package.json', import.meta.url))('chdb')
const session = new Session(`${process.cwd()}/session`)
const writing = 'SETTINGS allow_experimental_insert_into_iceberg = 1'
const deeds = [
  'CREATE DATABASE d',
  `CREATE TABLE d.t (a Nullable(Int64), at Nullable(DateTime64(6, 'UTC')))
    ENGINE = IcebergLocal('${process.cwd()}/t/', 'Parquet') PARTITION BY toRelativeDayNum(at)`,
  `INSERT INTO d.t ${writing} VALUES (1, '2026-01-01 00:00:00'), (2, NULL)`,
  `INSERT INTO d.t ${writing} VALUES (3, '2026-01-02 00:00:00')`,
  `ALTER TABLE d.t DELETE WHERE a = 1 ${writing}`,
]
for (const deed of deeds) session.query(deed)
