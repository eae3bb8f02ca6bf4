-- metrics_gauge of plain Parquet files in Athena. Put your bucket in the place of BUCKET. A query has to name services:
-- WHERE service_folder = 'checkout', or service_folder IN (…); year, month, day and hour bound what is read.
CREATE EXTERNAL TABLE metrics_gauge (
  `timestamp` timestamp,
  `timeunixnano` bigint,
  `servicename` string,
  `servicenamespace` string,
  `serviceinstanceid` string,
  `resourceattributes` string,
  `resourceschemaurl` string,
  `resourcedroppedattributescount` bigint,
  `resourceentityrefs` string,
  `scopename` string,
  `scopeversion` string,
  `scopeattributes` string,
  `scopedroppedattributescount` bigint,
  `scopeschemaurl` string,
  `requestid` string,
  `requestrow` int,
  `ingestedat` timestamp,
  `metricname` string,
  `metricdescription` string,
  `metricunit` string,
  `metricmetadata` string,
  `attributes` string,
  `starttimestamp` timestamp,
  `starttimeunixnano` bigint,
  `flags` bigint,
  `exemplarstimestamp` array<timestamp>,
  `exemplarstimeunixnano` array<bigint>,
  `exemplarsvalue` array<double>,
  `exemplarsintvalue` array<bigint>,
  `exemplarsspanid` array<string>,
  `exemplarstraceid` array<string>,
  `exemplarsfilteredattributes` array<string>,
  `value` double,
  `intvalue` bigint
)
PARTITIONED BY (service_folder string, year int, month int, day int, hour int)
STORED AS PARQUET
LOCATION 's3://BUCKET/metrics/gauge/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.service_folder.type' = 'injected',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2020,2100',
  'projection.month.type' = 'integer',
  'projection.month.range' = '1,12',
  'projection.month.digits' = '2',
  'projection.day.type' = 'integer',
  'projection.day.range' = '1,31',
  'projection.day.digits' = '2',
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '0,23',
  'projection.hour.digits' = '2',
  'storage.location.template' = 's3://BUCKET/metrics/gauge/${service_folder}/year=${year}/month=${month}/day=${day}/hour=${hour}/'
);
