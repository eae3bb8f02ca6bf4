import * as v from 'valibot'
import { bucket, integer, text, word } from './values.ts'
import { prefix, type Variable } from './variable.ts'

/** What S3 Tables, the strictest catalog, allows ("S3 Tables naming rules"); others allow more. */
const name = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9][a-z0-9_]{0,254}$/,
    'must be of lower-case letters, digits and _, and begin with a letter or digit',
  ),
)

/** Without a user and a password: an address stands in logs, and `fetch` takes none with them. */
const uri = v.pipe(
  v.string(),
  v.regex(
    /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/,
    'must be an http(s) URI without user and password',
  ),
)

/** Scopes as RFC 6749, 3.3 has them: words with one blank between. */
const scope = v.pipe(
  v.string(),
  v.regex(
    /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
    'must be scopes with one blank between, without quotes and backslashes',
  ),
)

/** A header's value (RFC 9110, 5.5): one that is none would be repeated by the error that says so. */
const token = v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/, 'must be a token without white space'))

const tableName = <const Suffix extends string>(suffix: Suffix, table: string) => ({
  name: `${prefix}ICEBERG_TABLE_${suffix}` as const,
  meaning: `The table of ${table}.`,
  schema: name,
  default: suffix.toLowerCase(),
})

/** Where tables are, and what they are called. */
export const icebergVariables = {
  icebergCatalog: {
    name: `${prefix}ICEBERG_CATALOG`,
    meaning: '`file`: Iceberg tables in the storage itself, without a catalog service.',
    schema: word('file'),
  },
  icebergRestUri: {
    name: `${prefix}ICEBERG_REST_URI`,
    meaning: 'An Iceberg REST catalog: its URI, up to what stands before `/v1/config`.',
    schema: uri,
  },
  icebergWarehouse: {
    name: `${prefix}ICEBERG_WAREHOUSE`,
    meaning: "The REST catalog's warehouse; the ARN of the table bucket for S3 Tables.",
    schema: text,
  },
  icebergToken: {
    name: `${prefix}ICEBERG_TOKEN`,
    meaning: 'A bearer token for the REST catalog.',
    schema: token,
    secret: true,
  },
  icebergCredential: {
    name: `${prefix}ICEBERG_CREDENTIAL`,
    meaning:
      '`client-id:client-secret` for a token from the URI below (OAuth2 client credentials).',
    schema: v.pipe(v.string(), v.regex(/^[^:]*:.+$/, 'must be client-id:client-secret')),
    secret: true,
  },
  icebergOauthUri: {
    name: `${prefix}ICEBERG_OAUTH_URI`,
    meaning: 'Where such tokens are given; without it `/v1/oauth/tokens` of the catalog.',
    schema: uri,
  },
  icebergOauthScope: {
    name: `${prefix}ICEBERG_OAUTH_SCOPE`,
    meaning: 'What such tokens are for: scopes with blanks between; without it `catalog`.',
    schema: scope,
  },
  icebergSigningName: {
    name: `${prefix}ICEBERG_SIGNING_NAME`,
    meaning:
      'Signs requests to the REST catalog (SigV4) for this service; on AWS hosts `s3tables` or `glue` without being set.',
    schema: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, 'must be the name of a service')),
  },
  icebergNamespace: {
    name: `${prefix}ICEBERG_NAMESPACE`,
    meaning: 'The namespace of the tables; made when it is missing.',
    schema: name,
    default: 'otel',
  },
  icebergTableLogs: tableName('LOGS', 'logs'),
  icebergTableTraces: tableName('TRACES', 'spans'),
  icebergTableGauge: tableName('METRICS_GAUGE', 'gauges'),
  icebergTableSum: tableName('METRICS_SUM', 'sums'),
  icebergTableHistogram: tableName('METRICS_HISTOGRAM', 'histograms'),
  icebergTableExponentialHistogram: tableName(
    'METRICS_EXPONENTIAL_HISTOGRAM',
    'exponential histograms',
  ),
  icebergTableSummary: tableName('METRICS_SUMMARY', 'summaries'),
  icebergPartition: {
    name: `${prefix}ICEBERG_PARTITION`,
    meaning:
      'How a table that is made here is partitioned by `timestamp`: `none`, `hour`, `day` or `month`.',
    schema: word('none', 'hour', 'day', 'month'),
    default: 'day',
  },
  commit: {
    name: `${prefix}COMMIT`,
    meaning:
      'When rows become part of their table. `auto`: at once where its newest snapshot is older than the interval below, else by the next sweep; `inline`: at once; `deferred`: by the next sweep.',
    schema: word('auto', 'inline', 'deferred'),
    default: 'auto',
  },
  commitInterval: {
    name: `${prefix}COMMIT_INTERVAL`,
    meaning: 'Seconds between the snapshots of a table with `auto`, at least.',
    schema: integer(1, 86_400),
    default: { node: '10', lambda: '60', workers: '60' },
  },
  stateBucket: {
    name: `${prefix}STATE_BUCKET`,
    meaning:
      'The bucket of the receipts that the sweep pays, beside a REST catalog; without it every request is committed at once. Programs with different catalogs need different buckets, or prefixes.',
    schema: bucket,
  },
  sweepIntervalSeconds: {
    name: `${prefix}SWEEP_INTERVAL_SECONDS`,
    meaning: 'Seconds from one sweep to the next.',
    schema: integer(1, 86_400),
    default: '10',
    runtimes: ['node'],
  },
  snapshotMaxAgeHours: {
    name: `${prefix}SNAPSHOT_MAX_AGE_HOURS`,
    meaning: 'File catalog: snapshots older than this are removed; `0` keeps all.',
    schema: integer(0, 1_000_000),
    default: '24',
  },
  snapshotMinCount: {
    name: `${prefix}SNAPSHOT_MIN_COUNT`,
    meaning: 'File catalog: as many snapshots stay, however old they are.',
    schema: integer(1, 1_000_000),
    default: '100',
  },
} as const satisfies Readonly<Record<string, Variable<v.GenericSchema<string, unknown>>>>
