import type * as v from 'valibot'
import { icebergVariables } from './iceberg-variables.ts'
import {
  address,
  basePath,
  bucket,
  bytes,
  endpoint,
  integer,
  key,
  keyPrefix,
  onOff,
  origins,
  r2AccountId,
  r2Bucket,
  region,
  secretArn,
  secrets,
  text,
  word,
} from './values.ts'
import { type Default, prefix, type Runtime, type ValuesOf, type Variable } from './variable.ts'

/** Node and Lambda have room; an isolate of Workers has 128 MB for everything. */
const maxPayload: Default = { node: '64MiB', lambda: '32MiB', workers: '16MiB' }

/** Lambda and Workers collect what a program prints as JSON lines. */
const logFormat: Default = { node: 'text', lambda: 'json', workers: 'json' }

/** Request bytes of which all that becomes of them has room beside the program. */
const maxInflight: Default = { node: '256MiB', lambda: '256MiB', workers: '24MiB' }

/** What is encoded at a time. Smaller row groups make files of logs 0.6 % larger. */
const rowGroupSize: Default = { node: '32768', lambda: '32768', workers: '8192' }

/** Where R2 is an S3 server: Workers have a binding instead. */
const throughS3: readonly Runtime[] = ['node', 'lambda']

/** Every variable of this version, in the order of the README's table. */
export const variables = {
  storageBackend: {
    name: `${prefix}STORAGE_BACKEND`,
    meaning: 'Where files go: `fs`, a folder; `s3`, a bucket; `r2`, a bucket of Cloudflare R2.',
    schema: word('fs', 's3', 'r2'),
    default: { node: 'fs', lambda: 's3', workers: 'r2' },
  },
  storagePath: {
    name: `${prefix}STORAGE_PATH`,
    meaning: 'The folder of `fs`; made when it is missing.',
    schema: text,
    default: './data',
  },
  storagePrefix: {
    name: `${prefix}STORAGE_PREFIX`,
    meaning: 'What stands before every key in a bucket, such as `telemetry/prod`.',
    schema: keyPrefix,
  },
  s3Bucket: {
    name: `${prefix}S3_BUCKET`,
    meaning: 'The bucket of `s3`.',
    schema: bucket,
  },
  s3Region: {
    name: `${prefix}S3_REGION`,
    meaning:
      'The region of S3; when it is not set, `AWS_REGION` or `AWS_DEFAULT_REGION`, then for the files of tables that of the catalog on an AWS host, and at an endpoint of your own `us-east-1`. What is in S3 Tables is where the host or the ARN of the table bucket says, whatever is set.',
    schema: region,
    fallbacks: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  },
  s3Endpoint: {
    name: `${prefix}S3_ENDPOINT`,
    meaning: "Another S3 server's URL, such as `http://minio:9000`; the bucket stands in the path.",
    schema: endpoint,
  },
  r2Bucket: {
    name: `${prefix}R2_BUCKET`,
    meaning: 'The bucket of `r2`.',
    schema: r2Bucket,
  },
  r2AccountId: {
    name: `${prefix}R2_ACCOUNT_ID`,
    meaning:
      "The account of `r2`, whose server is `https://{account}.r2.cloudflarestorage.com`; not needed beside `OTLP2PARQUET_S3_ENDPOINT`, where a jurisdiction's server is named, such as `https://{account}.eu.r2.cloudflarestorage.com`.",
    schema: r2AccountId,
    runtimes: throughS3,
  },
  r2AccessKeyId: {
    name: `${prefix}R2_ACCESS_KEY_ID`,
    meaning: 'The access key of an R2 API token that may read and write objects.',
    schema: key,
    runtimes: throughS3,
  },
  r2SecretAccessKey: {
    name: `${prefix}R2_SECRET_ACCESS_KEY`,
    meaning: 'Its secret.',
    schema: key,
    secret: true,
    runtimes: throughS3,
  },
  ...icebergVariables,
  dedupe: {
    name: `${prefix}DEDUPE`,
    meaning: '`on`: equal bodies are one request, however often they are sent; `off`: each counts.',
    schema: onOff,
    default: 'on',
  },
  parquetCompression: {
    name: `${prefix}PARQUET_COMPRESSION`,
    meaning: 'How column chunks are compressed: `zstd`, `snappy`, `gzip`, `lz4_raw` or `none`.',
    schema: word('zstd', 'snappy', 'gzip', 'lz4_raw', 'none'),
    default: 'zstd',
  },
  rowGroupSize: {
    name: `${prefix}ROW_GROUP_SIZE`,
    meaning: 'Rows in a row group, at most.',
    schema: integer(1, 10_000_000),
    default: rowGroupSize,
  },
  listenAddr: {
    name: `${prefix}LISTEN_ADDR`,
    meaning: 'Host and port; any but a loopback address needs `OTLP2PARQUET_AUTH`.',
    schema: address,
    default: '127.0.0.1:4318',
    runtimes: ['node'],
  },
  auth: {
    name: `${prefix}AUTH`,
    meaning: 'Who may send: `bearer` or `basic` with the tokens below, or `none`: everybody.',
    schema: word('none', 'bearer', 'basic'),
  },
  authTokens: {
    name: `${prefix}AUTH_TOKENS`,
    meaning:
      'Tokens (`bearer`) or `user:password` pairs (`basic`), several with commas between them; each of them is good.',
    schema: secrets,
    secret: true,
  },
  authTokensSecret: {
    name: `${prefix}AUTH_TOKENS_SECRET`,
    meaning:
      'On AWS Lambda: the ARN of a secret that holds such tokens; read at the start, and again every five minutes.',
    schema: secretArn,
  },
  maxFilesPerRequest: {
    name: `${prefix}MAX_FILES_PER_REQUEST`,
    meaning:
      'Files (service and hour) that one request may make, on Workers at most 350; the smallest beyond it are rejected.',
    schema: integer(1, 1_000_000),
    default: { node: '1000', lambda: '1000', workers: '40' },
  },
  maxInflightBytes: {
    name: `${prefix}MAX_INFLIGHT_BYTES`,
    meaning: 'Request bytes in memory at once; beyond it senders get 503 and send again.',
    schema: bytes(2 ** 20, 2 ** 40),
    default: maxInflight,
  },
  requestDeadlineMs: {
    name: `${prefix}REQUEST_DEADLINE_MS`,
    meaning: 'Milliseconds from the last byte of a request to its answer, at most.',
    schema: integer(100, 600_000),
    default: '8000',
  },
  basePath: {
    name: `${prefix}BASE_PATH`,
    meaning: 'A path before `/v1/…`, such as `/otlp`.',
    schema: basePath,
  },
  maxPayloadBytes: {
    name: `${prefix}MAX_PAYLOAD_BYTES`,
    meaning: 'The largest body, on the wire and after decompression.',
    schema: bytes(2 ** 10, 2 ** 30),
    default: maxPayload,
  },
  corsOrigins: {
    name: `${prefix}CORS_ORIGINS`,
    meaning: 'Origins whose pages may send, with commas between them.',
    schema: origins,
  },
  tlsCert: {
    name: `${prefix}TLS_CERT`,
    meaning: 'A file with the certificate chain (PEM); with it the server speaks HTTPS only.',
    schema: text,
    runtimes: ['node'],
  },
  tlsKey: {
    name: `${prefix}TLS_KEY`,
    meaning: "A file with the certificate's private key (PEM).",
    schema: text,
    runtimes: ['node'],
  },
  logLevel: {
    name: `${prefix}LOG_LEVEL`,
    meaning: 'The least that is logged: `debug` (a line a request), `info`, `warn` or `error`.',
    schema: word('debug', 'info', 'warn', 'error'),
    default: 'info',
  },
  logFormat: {
    name: `${prefix}LOG_FORMAT`,
    meaning: '`text` or `json`, one line an event.',
    schema: word('text', 'json'),
    default: logFormat,
  },
  embeddedMetrics: {
    name: `${prefix}EMBEDDED_METRICS`,
    meaning:
      'On AWS Lambda: `on`: CloudWatch makes metrics, which have a price, of the lines that tell what was counted; `off`: these lines are log alone.',
    schema: onOff,
    default: 'on',
  },
} as const satisfies Readonly<Record<string, Variable<v.GenericSchema<string, unknown>>>>

/** The value of each. */
export type Values = ValuesOf<typeof variables>
