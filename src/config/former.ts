import { prefix } from './variable.ts'

/** A name of the Rust program of the same name (up to its version 0.9), whose users come with their settings. */
export interface FormerVariable {
  readonly name: `${typeof prefix}${string}`
  /** Read as this variable: the meaning is the same. */
  readonly sameAs?: `${typeof prefix}${string}`
  /** Texts that ask for what happens anyway; they are accepted. */
  readonly accepted?: readonly string[]
  /** What to do instead, as the end of a sentence. */
  readonly instead: string
}

type Rest = Omit<FormerVariable, 'name'>

const former = (name: string, rest: string | Rest): FormerVariable => ({
  name: `${prefix}${name}`,
  ...(typeof rest === 'string' ? { instead: rest } : rest),
})

const rename = (name: string): string => `write ${prefix}${name}`

const none = 'has no counterpart here: remove it'

const noBatching = 'remove it: a request is stored before it is answered, never gathered in memory'

const batching: Rest = { accepted: ['false'], instead: noBatching }

const basicAuth = `write ${prefix}AUTH=basic and ${prefix}AUTH_TOKENS=user:password`

const listen = rename('LISTEN_ADDR=host:port')

const noFile = 'remove it: there is no configuration file, every setting is a variable'

/** In the order in which a user would look for them; the README lists them. */
export const formerVariables: readonly FormerVariable[] = [
  former('CATALOG_MODE', {
    accepted: ['none'],
    instead: `remove it: ${prefix}ICEBERG_REST_URI chooses Iceberg`,
  }),
  former('ICEBERG_BUCKET_ARN', rename('ICEBERG_WAREHOUSE')),
  former('ICEBERG_CATALOG_NAME', none),
  former('ICEBERG_DATA_LOCATION', none),
  former('ICEBERG_FORMAT_VERSION', none),
  former('ICEBERG_STAGING_PREFIX', none),
  former('ICEBERG_TARGET_FILE_SIZE_BYTES', none),
  former('LAMBDA_INTEGRATED_ICEBERG', none),
  former('PREFIX', rename('STORAGE_PREFIX')),
  former('S3_PREFIX', rename('STORAGE_PREFIX')),
  former('R2_PREFIX', rename('STORAGE_PREFIX')),
  former('STORAGE_S3_BUCKET', rename('S3_BUCKET')),
  former('STORAGE_S3_REGION', rename('S3_REGION')),
  former('STORAGE_S3_ENDPOINT', rename('S3_ENDPOINT')),
  former('PARQUET_ROW_GROUP_SIZE', {
    sameAs: `${prefix}ROW_GROUP_SIZE`,
    instead: rename('ROW_GROUP_SIZE'),
  }),
  former('BATCHING_ENABLED', batching),
  former('BATCH_ENABLED', batching),
  former('BATCH_MAX_ROWS', noBatching),
  former('BATCH_MAX_BYTES', noBatching),
  former('BATCH_MAX_AGE_SECS', noBatching),
  former('BASIC_AUTH_ENABLED', basicAuth),
  former('BASIC_AUTH_USERNAME', basicAuth),
  former('BASIC_AUTH_PASSWORD', basicAuth),
  former('HTTP_HOST', listen),
  former('HTTP_PORT', listen),
  former('CONFIG', noFile),
  former('CONFIG_CONTENT', noFile),
]
