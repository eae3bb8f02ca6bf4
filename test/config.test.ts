// Protects the promise that a wrong environment never starts a server that does something else than asked.
import { describe, expect, test } from 'vitest'
import type { Runtime } from '../src/config/variable.ts'
import { variables } from '../src/config/variables.ts'
import { type ConfigError, type Environment, readConfig } from '../src/config.ts'

const names = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).map(([name, text]) => [`OTLP2PARQUET_${name}`, text]))

const read = (env: Environment) => readConfig(names(env), 'node')

const problems = (env: Environment): string[] => {
  try {
    read(env)
    return []
  } catch (error) {
    return (error as ConfigError).problems.map(({ variable, message }) => `${variable}: ${message}`)
  }
}

const s3 = { STORAGE_BACKEND: 's3', S3_BUCKET: 'lake', S3_REGION: 'eu-west-1' }

test('an empty environment gives the defaults of the runtime', () => {
  expect(readConfig({ PATH: '/bin', HOME: '/' }, 'node')).toEqual({
    storageBackend: 'fs',
    storagePath: './data',
    dedupe: true,
    embeddedMetrics: true,
    parquetCompression: 'zstd',
    rowGroupSize: 32768,
    listenAddr: { host: '127.0.0.1', port: 4318 },
    auth: { kind: 'none' },
    maxFilesPerRequest: 1000,
    maxInflightBytes: 256 * 2 ** 20,
    requestDeadlineMs: 8000,
    maxPayloadBytes: 64 * 2 ** 20,
    logLevel: 'info',
    logFormat: 'text',
    icebergNamespace: 'otel',
    icebergTableLogs: 'logs',
    icebergTableTraces: 'traces',
    icebergTableGauge: 'metrics_gauge',
    icebergTableSum: 'metrics_sum',
    icebergTableHistogram: 'metrics_histogram',
    icebergTableExponentialHistogram: 'metrics_exponential_histogram',
    icebergTableSummary: 'metrics_summary',
    icebergPartition: 'day',
    commit: 'auto',
    commitInterval: 10,
    sweepIntervalSeconds: 10,
    snapshotMaxAgeHours: 24,
    snapshotMinCount: 100,
  })
})

describe('a value is read', () => {
  const cases: [name: string, text: string, key: string, value: unknown][] = [
    ['STORAGE_PATH', ' /var/lib/otel ', 'storagePath', '/var/lib/otel'],
    ['STORAGE_PATH', '', 'storagePath', './data'],
    ['STORAGE_BACKEND', 'FS', 'storageBackend', 'fs'],
    ['SWEEP_INTERVAL_SECONDS', '1', 'sweepIntervalSeconds', 1],
    ['DEDUPE', 'off', 'dedupe', false],
    ['DEDUPE', 'False', 'dedupe', false],
    ['PARQUET_COMPRESSION', 'none', 'parquetCompression', 'none'],
    ['ROW_GROUP_SIZE', '1', 'rowGroupSize', 1],
    ['PARQUET_ROW_GROUP_SIZE', '1000', 'rowGroupSize', 1000],
    ['LISTEN_ADDR', '[::1]:0', 'listenAddr', { host: '::1', port: 0 }],
    ['LISTEN_ADDR', 'localhost:4318', 'listenAddr', { host: 'localhost', port: 4318 }],
    ['MAX_INFLIGHT_BYTES', '1GiB', 'maxInflightBytes', 2 ** 30],
    ['MAX_INFLIGHT_BYTES', '67108864', 'maxInflightBytes', 2 ** 26],
    ['MAX_PAYLOAD_BYTES', '512 kib', 'maxPayloadBytes', 2 ** 19],
    ['REQUEST_DEADLINE_MS', '500', 'requestDeadlineMs', 500],
    ['BASE_PATH', '/otlp/', 'basePath', '/otlp'],
    ['BASE_PATH', '/', 'basePath', ''],
    ['CORS_ORIGINS', 'https://a.b, http://c:1', 'corsOrigins', ['https://a.b', 'http://c:1']],
    ['LOG_LEVEL', 'WARN', 'logLevel', 'warn'],
    ['LOG_FORMAT', 'json', 'logFormat', 'json'],
    ['EMBEDDED_METRICS', 'false', 'embeddedMetrics', false],
  ]
  test.each(cases)('%s=%s', (name, text, key, value) => {
    expect(read({ [name]: text })).toHaveProperty(key, value)
  })

  test.each([
    ['COMMIT', 'Deferred', 'commit', 'deferred'],
    ['COMMIT_INTERVAL', '60', 'commitInterval', 60],
    ['ICEBERG_NAMESPACE', 'mine', 'icebergNamespace', 'mine'],
    ['ICEBERG_TABLE_LOGS', 'mine', 'icebergTableLogs', 'mine'],
    ['ICEBERG_PARTITION', 'Hour', 'icebergPartition', 'hour'],
  ])('%s=%s, of tables: without a catalog there are none', (name, text, key, value) => {
    expect(read({ [name]: text, ICEBERG_CATALOG: 'file' })).toHaveProperty(key, value)
    expect(() => read({ [name]: text })).toThrow(`${name}: needs a catalog: `)
    expect(read({ [name]: '' })).toHaveProperty(key)
  })

  test('tokens, one or several', () => {
    const env = { LISTEN_ADDR: ':4318', AUTH: 'bearer', AUTH_TOKENS: 'old, new' }
    expect(read(env).auth).toEqual({ kind: 'bearer', tokens: ['old', 'new'] })
    expect(read(env).listenAddr).toEqual({ host: '0.0.0.0', port: 4318 })
  })

  test.each(['x', 'AZaz09-._~+/', 'dG9rZW4=', 'dG9rZQ==', '0a1b-2c'])('the token %s', (token) => {
    expect(read({ AUTH: 'bearer', AUTH_TOKENS: token }).auth).toEqual({
      kind: 'bearer',
      tokens: [token],
    })
  })

  test('a bucket', () => {
    expect(
      read({ ...s3, STORAGE_PREFIX: 'a/b=1/', S3_ENDPOINT: 'http://[::1]:9000' }),
    ).toMatchObject({
      storageBackend: 's3',
      storagePrefix: 'a/b=1',
      s3Bucket: 'lake',
      s3Region: 'eu-west-1',
      s3Endpoint: 'http://[::1]:9000',
    })
  })

  test.each([
    [{ OTLP2PARQUET_S3_REGION: 'a', AWS_REGION: 'b', AWS_DEFAULT_REGION: 'c' }, 'a'],
    [{ AWS_REGION: 'b', AWS_DEFAULT_REGION: 'c' }, 'b'],
    [{ AWS_DEFAULT_REGION: 'c' }, 'c'],
    [{}, undefined],
  ])('the region of %j', (env, region) => {
    expect(readConfig(env, 'node').s3Region).toBe(region)
  })

  test('a server of its own needs no region', () => {
    expect(problems({ ...s3, S3_REGION: '', S3_ENDPOINT: 'http://minio:9000' })).toEqual([])
  })

  test('a certificate and its key', () => {
    expect(read({ TLS_CERT: 'c.pem', TLS_KEY: 'k.pem' }).tls).toEqual({
      cert: 'c.pem',
      key: 'k.pem',
    })
  })
})

describe('a wrong value is named with what is expected', () => {
  const cases: [env: Environment, problem: string | RegExp][] = [
    [{ STORAGE_BACKEND: 'gcs' }, 'STORAGE_BACKEND: must be one of fs, s3, r2'],
    [{ ...s3, S3_BUCKET: '' }, 'S3_BUCKET: is missing: OTLP2PARQUET_STORAGE_BACKEND is s3'],
    [{ ...s3, S3_REGION: '' }, 'S3_REGION: is missing: OTLP2PARQUET_STORAGE_BACKEND is s3'],
    [
      { S3_BUCKET: 'lake' },
      /^OTLP2PARQUET_S3_BUCKET: is for a bucket: set .*STORAGE_BACKEND to s3/,
    ],
    [
      { STORAGE_PREFIX: 'a' },
      /^OTLP2PARQUET_STORAGE_PREFIX: is for a bucket: set .*BACKEND to s3 or r2, or/,
    ],
    [{ ...s3, S3_BUCKET: 's3://lake' }, "S3_BUCKET: must be a bucket's name, without s3://"],
    [{ ...s3, S3_REGION: 'Ireland' }, 'S3_REGION: must be a region such as eu-central-1'],
    [{ ...s3, S3_ENDPOINT: 'minio:9000' }, /S3_ENDPOINT: must be a URL such as https:/],
    [{ ...s3, S3_ENDPOINT: 'http://me:secret@minio' }, /S3_ENDPOINT: must be a URL such as/],
    ...['/a', 'a//b', '../a', 'a/.b', 'a b', 'x'.repeat(257)].map(
      (prefix): [Environment, RegExp] => [
        { ...s3, STORAGE_PREFIX: prefix },
        /^OTLP2PARQUET_STORAGE_PREFIX: must be /,
      ],
    ),
    [{ DEDUPE: 'maybe' }, 'DEDUPE: must be on or off'],
    [{ PARQUET_COMPRESSION: 'rar' }, /COMPRESSION: must be one of zstd, /],
    [{ ROW_GROUP_SIZE: '0' }, /ROW_GROUP_SIZE: must be a whole number from 1 to /],
    [{ ROW_GROUP_SIZE: '1.5' }, /ROW_GROUP_SIZE: must be a whole number/],
    [{ ROW_GROUP_SIZE: '-1' }, /ROW_GROUP_SIZE: must be a whole number/],
    [{ LISTEN_ADDR: '4318' }, /LISTEN_ADDR: must be host:port/],
    [{ LISTEN_ADDR: '127.0.0.1:65536' }, 'LISTEN_ADDR: must have a port from 0 to 65535'],
    [{ MAX_PAYLOAD_BYTES: '64MB' }, /MAX_PAYLOAD_BYTES: must be a size/],
    [{ MAX_INFLIGHT_BYTES: '16MiB' }, /MAX_INFLIGHT_BYTES: must be at least .*MAX_PAYLOAD_BYTES/],
    [{ REQUEST_DEADLINE_MS: '8s' }, /REQUEST_DEADLINE_MS: must be a whole number/],
    [{ BASE_PATH: 'otlp' }, 'BASE_PATH: must be a path such as /otlp'],
    [{ BASE_PATH: '//otlp' }, 'BASE_PATH: must be a path such as /otlp'],
    [{ CORS_ORIGINS: 'https://a.b/c' }, /CORS_ORIGINS: must be origins/],
    [{ LOG_LEVEL: 'trace' }, 'LOG_LEVEL: must be one of debug, info, warn, error'],
    [{ TLS_CERT: 'c.pem' }, 'TLS_KEY: is missing: OTLP2PARQUET_TLS_CERT is set'],
    [{ TLS_KEY: 'k.pem' }, 'TLS_CERT: is missing: OTLP2PARQUET_TLS_KEY is set'],
    [{ LISTEN_ADDR: '0.0.0.0:4318' }, /AUTH: must be chosen/],
    [{ LISTEN_ADDR: '[::]:4318' }, /AUTH: must be chosen/],
    [{ LISTEN_ADDR: 'otel.example.com:4318' }, /AUTH: must be chosen/],
    [{ AUTH: 'bearer' }, 'AUTH_TOKENS: is missing: OTLP2PARQUET_AUTH asks for it'],
    [{ AUTH: 'bearer', AUTH_TOKENS: ' , ' }, 'AUTH_TOKENS: must hold at least one token'],
    ...[
      'two words',
      'user:password',
      'Bearer x',
      'zoë',
      '"quoted"',
      'a=b',
      '=',
      'fine,not fine',
    ].map((tokens): [Environment, string] => [
      { AUTH: 'bearer', AUTH_TOKENS: tokens },
      'AUTH_TOKENS: must hold tokens of letters, digits and -._~+/ only, with = at their end',
    ]),
    [{ AUTH: 'basic', AUTH_TOKENS: 'word' }, 'AUTH_TOKENS: must hold user:password pairs'],
    [{ AUTH_TOKENS: 'word' }, 'AUTH: must be bearer or basic: there are tokens'],
    [{ AUTH: 'none', AUTH_TOKENS: 'word' }, 'AUTH: must be bearer or basic: there are tokens'],
    [{ ICEBERG_CATALOG: 'glue' }, 'ICEBERG_CATALOG: must be file'],
    ...['catalog', 'https://me:secret@catalog', 'https://secret@catalog/x', 'https://a?b'].map(
      (uri): [Environment, string] => [
        { ICEBERG_REST_URI: uri },
        'ICEBERG_REST_URI: must be an http(s) URI without user and password',
      ],
    ),
    ...['se cret', 'sec\nret', 'geheim\u00e4'].map((token): [Environment, string] => [
      { ICEBERG_REST_URI: 'https://a', ICEBERG_TOKEN: token },
      'ICEBERG_TOKEN: must be a token without white space',
    ]),
    [
      { ICEBERG_NAMESPACE: 'a.b' },
      /^OTLP2PARQUET_ICEBERG_NAMESPACE: must be of lower-case letters/,
    ],
    [{ ICEBERG_TABLE_LOGS: 'Logs' }, /^OTLP2PARQUET_ICEBERG_TABLE_LOGS: must be of lower-case/],
    ...['two  blanks', 'a "quote"', 'tab\tbed', 'geheim\u00e4'].map(
      (scope): [Environment, string] => [
        { ICEBERG_REST_URI: 'https://a', ICEBERG_OAUTH_SCOPE: scope },
        'ICEBERG_OAUTH_SCOPE: must be scopes with one blank between, without quotes and backslashes',
      ],
    ),
    [{ ICEBERG_OAUTH_SCOPE: 'word' }, 'ICEBERG_OAUTH_SCOPE: needs OTLP2PARQUET_ICEBERG_REST_URI'],
    [{ ICEBERG_TOKEN: 'word' }, 'ICEBERG_TOKEN: needs OTLP2PARQUET_ICEBERG_REST_URI'],
    [{ ICEBERG_WAREHOUSE: 'word' }, 'ICEBERG_WAREHOUSE: needs OTLP2PARQUET_ICEBERG_REST_URI'],
    [
      { ICEBERG_CATALOG: 'file', ICEBERG_REST_URI: 'https://a' },
      'ICEBERG_CATALOG: must not be set beside OTLP2PARQUET_ICEBERG_REST_URI: choose one catalog',
    ],
    [
      { ICEBERG_REST_URI: 'https://a', ICEBERG_TOKEN: 'b', ICEBERG_CREDENTIAL: 'c:d' },
      'ICEBERG_TOKEN: must not be set beside OTLP2PARQUET_ICEBERG_CREDENTIAL',
    ],
  ]
  test.each(cases)('%j', (env, problem) => {
    const found = problems(env)
    expect(found).toHaveLength(1)
    if (typeof problem === 'string') expect(found[0]).toBe(`OTLP2PARQUET_${problem}`)
    else expect(found[0]).toMatch(problem)
  })
})

describe('R2', () => {
  const account = '0123456789abcdef0123456789ABCDEF'
  const keys = { R2_ACCESS_KEY_ID: 'key', R2_SECRET_ACCESS_KEY: 'hunter2' }
  const r2 = { STORAGE_BACKEND: 'r2', R2_BUCKET: 'lake', R2_ACCOUNT_ID: account, ...keys }
  const rest = { ICEBERG_REST_URI: 'https://catalog' }
  const auth = { AUTH: 'none' }

  const problemsOn = (runtime: Runtime, env: Environment): string[] => {
    try {
      readConfig(names(env), runtime)
      return []
    } catch (error) {
      return (error as ConfigError).problems.map(({ variable, message }) =>
        `${variable}: ${message}`.replaceAll('OTLP2PARQUET_', ''),
      )
    }
  }

  test('through its S3 API', () => {
    for (const runtime of ['node', 'lambda'] as const) {
      const env = { ...names({ ...r2, ...auth }), AWS_REGION: 'eu-west-1' }
      expect(readConfig(env, runtime)).toMatchObject({
        storageBackend: 'r2',
        r2Bucket: 'lake',
        r2AccountId: account.toLowerCase(),
        r2AccessKeyId: 'key',
        r2SecretAccessKey: 'hunter2',
      })
    }
  })

  test('through a binding, with nothing set', () => {
    expect(readConfig(names(auth), 'workers')).toMatchObject({
      storageBackend: 'r2',
      maxPayloadBytes: 2 ** 24,
      maxInflightBytes: 24 * 2 ** 20,
    })
  })

  test('on Workers the keys of another place are not read', () => {
    const config = readConfig(names({ ...r2, ...auth }), 'workers')
    expect(Object.keys(config).filter((key) => key.startsWith('r2'))).toEqual(['r2Bucket'])
  })

  const is = 'is missing: STORAGE_BACKEND is r2'
  const missing = (...names: string[]) => names.map((name) => `${name}: ${is}`)
  const s3Keys = { S3_BUCKET: 'lake', S3_REGION: 'eu-west-1' }
  const cases: [runtime: Runtime, env: Environment, problems: string[]][] = [
    [
      'node',
      { STORAGE_BACKEND: 'r2' },
      missing('R2_BUCKET', 'R2_ACCOUNT_ID', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY'),
    ],
    ['lambda', { ...r2, ...auth, R2_SECRET_ACCESS_KEY: '' }, missing('R2_SECRET_ACCESS_KEY')],
    ['node', { ...r2, R2_ACCOUNT_ID: '' }, missing('R2_ACCOUNT_ID')],
    ['node', { ...r2, R2_ACCOUNT_ID: '', S3_ENDPOINT: 'https://a.eu.r2.example' }, []],
    ['node', { ...r2, STORAGE_PREFIX: 'a' }, []],
    ['node', { ...r2, ICEBERG_CATALOG: 'file', COMMIT: 'deferred' }, []],
    [
      'node',
      { ...r2, R2_BUCKET: 'My_Lake' },
      ["R2_BUCKET: must be a bucket's name: 3 to 63 lower-case letters, digits and - between them"],
    ],
    [
      'node',
      { ...r2, R2_ACCOUNT_ID: 'me' },
      ['R2_ACCOUNT_ID: must be the 32 hex digits of a Cloudflare account'],
    ],
    [
      'node',
      { ...r2, R2_SECRET_ACCESS_KEY: 'hunter 2' },
      ['R2_SECRET_ACCESS_KEY: must be a key without white space'],
    ],
    [
      'node',
      { ...r2, S3_BUCKET: 'lake' },
      ['S3_BUCKET: is for a bucket: set STORAGE_BACKEND to s3, or remove it'],
    ],
    [
      'node',
      { R2_BUCKET: 'lake' },
      ['R2_BUCKET: is for a bucket: set STORAGE_BACKEND to r2, or remove it'],
    ],
    [
      'node',
      { ...s3, R2_BUCKET: 'lake' },
      ['R2_BUCKET: is for a bucket: set STORAGE_BACKEND to r2, or remove it'],
    ],
    ['node', { STORAGE_BACKEND: 'r2', ...rest }, []],
    [
      'node',
      { STORAGE_BACKEND: 'r2', ...keys, R2_ACCOUNT_ID: account, ...rest, STATE_BUCKET: 'abc' },
      [],
    ],
    [
      'node',
      { STORAGE_BACKEND: 'r2', ...rest, STATE_BUCKET: 'abc' },
      missing('R2_ACCOUNT_ID', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY'),
    ],
    ['node', { ...r2, ...rest, COMMIT: 'deferred' }, ['COMMIT: deferred needs STATE_BUCKET']],
    ['workers', { ...auth, R2_BUCKET: 'lake', STORAGE_PREFIX: 'a' }, []],
    ['workers', { ...auth, ICEBERG_CATALOG: 'file' }, missing('R2_BUCKET')],
    ['workers', { ...auth, ...rest }, missing('R2_BUCKET')],
    ['workers', { ...auth, ...rest, R2_BUCKET: 'lake', COMMIT: 'deferred' }, []],
    [
      'workers',
      { ...auth, ...rest, R2_BUCKET: 'lake', STATE_BUCKET: 'abc' },
      ["STATE_BUCKET: must not be set: receipts lie in the Worker's own bucket"],
    ],
    [
      'workers',
      { ...auth, STATE_BUCKET: 'abc' },
      ["STATE_BUCKET: must not be set: receipts lie in the Worker's own bucket"],
    ],
    [
      'workers',
      { ...auth, STORAGE_BACKEND: 's3', ...s3Keys, STATE_BUCKET: 'abc' },
      ['STATE_BUCKET: needs ICEBERG_REST_URI'],
    ],
    [
      'workers',
      { ...auth, S3_ENDPOINT: 'http://minio:9000' },
      ['S3_ENDPOINT: is for another server of S3: set STORAGE_BACKEND to s3, or remove it'],
    ],
    ['workers', { ...auth, ...rest, R2_BUCKET: 'lake', S3_ENDPOINT: 'http://minio:9000' }, []],
    ['node', { ...r2, S3_ENDPOINT: 'http://minio:9000' }, []],
    [
      'workers',
      { ...auth, STORAGE_BACKEND: 'fs' },
      ['STORAGE_BACKEND: must be r2 or s3: Workers have no file system'],
    ],
    ['workers', { ...auth, STORAGE_BACKEND: 's3', ...s3Keys }, []],
    [
      'workers',
      { ...auth, ...s3Keys },
      ['S3_BUCKET: is for a bucket: set STORAGE_BACKEND to s3, or remove it'],
    ],
    [
      'workers',
      { ...auth, ...rest, STORAGE_BACKEND: 's3', COMMIT: 'deferred' },
      ['COMMIT: deferred needs STATE_BUCKET'],
    ],
    ['workers', { ...auth, ...rest, STORAGE_BACKEND: 's3', STATE_BUCKET: 'abc' }, []],
  ]
  test.each(cases)('on %s %j', (runtime, env, expected) => {
    expect(problemsOn(runtime, env)).toEqual(expected)
  })
})

test('on Workers, where AWS has nothing to say, its names of endpoints are told apart from ours', () => {
  const env = { AWS_ENDPOINT_URL: 'http://minio:9000', AWS_ENDPOINT_URL_S3: ' ' }
  const all = { ...env, OTLP2PARQUET_AUTH: 'none' }
  expect(() => readConfig(all, 'workers')).toThrow(
    /^AWS_ENDPOINT_URL: is not read: set OTLP2PARQUET_S3_ENDPOINT$/,
  )
  for (const runtime of ['node', 'lambda'] as const) {
    expect(() => readConfig({ ...all, OTLP2PARQUET_S3_BUCKET: 'lake' }, runtime)).not.toThrow(
      /AWS_ENDPOINT_URL/,
    )
  }
})

describe('tokens in a secret', () => {
  const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:tokens-AbCdEf'
  const lambda = (env: Environment) => readConfig(names({ ...s3, ...env }), 'lambda').auth

  test('are read on Lambda', () => {
    const auth = lambda({ AUTH: 'bearer', AUTH_TOKENS_SECRET: secret })
    expect(auth).toEqual({ kind: 'bearer', secret })
  })
  test.each([
    [{ AUTH: 'bearer', AUTH_TOKENS_SECRET: 'tokens' }, /AUTH_TOKENS_SECRET: must be the ARN/],
    [{ AUTH_TOKENS_SECRET: secret }, /AUTH: must be bearer or basic: there are tokens/],
    [{ AUTH: 'none', AUTH_TOKENS_SECRET: secret }, /AUTH: must be bearer or basic/],
    [
      { AUTH: 'bearer', AUTH_TOKENS_SECRET: secret, AUTH_TOKENS: 'one' },
      /AUTH_TOKENS_SECRET: must not be set beside OTLP2PARQUET_AUTH_TOKENS/,
    ],
  ])('%j', (env, message) => {
    expect(() => lambda(env)).toThrow(message)
  })
  test('are not read elsewhere, and nobody is left to think so', () => {
    expect(problems({ AUTH: 'bearer', AUTH_TOKENS_SECRET: secret })).toEqual([
      'OTLP2PARQUET_AUTH_TOKENS_SECRET: is for AWS Lambda: set OTLP2PARQUET_AUTH_TOKENS',
    ])
  })
})

test('a public address with auth chosen is fine, even none', () => {
  expect(problems({ LISTEN_ADDR: '0.0.0.0:4318', AUTH: 'none' })).toEqual([])
})

test('runtimes without an address of their own must choose', () => {
  expect(() => readConfig({}, 'lambda')).toThrow(/AUTH: must be chosen/)
})

test('everything wrong is told at once, and no value is repeated', () => {
  const env = {
    AUTH: 'basic',
    AUTH_TOKENS: 'hunter2',
    LOG_LEVEL: 'hunter2',
    ROWGROUP_SIZE: 'hunter2',
  }
  const found = problems(env)
  expect(found.map((line) => line.split(':')[0]).sort()).toEqual([
    'OTLP2PARQUET_AUTH_TOKENS',
    'OTLP2PARQUET_LOG_LEVEL',
    'OTLP2PARQUET_ROWGROUP_SIZE',
  ])
  expect(found.join()).not.toContain('hunter2')
})

describe('an unknown name stops the start', () => {
  const cases: [name: string, message: string][] = [
    ['STORAGE_PTAH', 'did you mean OTLP2PARQUET_STORAGE_PATH?'],
    ['LOGLEVEL', 'did you mean OTLP2PARQUET_LOG_LEVEL?'],
    ['MAX_PAYLOAD', 'did you mean OTLP2PARQUET_MAX_PAYLOAD_BYTES?'],
    ['QUUX', 'is no variable of this program'],
    ['R2_BUKET', 'did you mean OTLP2PARQUET_R2_BUCKET?'],
    ['S3_BUKET', 'did you mean OTLP2PARQUET_S3_BUCKET?'],
    ['ICEBERG_BUCKET_ARN', 'write OTLP2PARQUET_ICEBERG_WAREHOUSE'],
    ['S3_PREFIX', 'write OTLP2PARQUET_STORAGE_PREFIX'],
    ['BASIC_AUTH_ENABLED', 'write OTLP2PARQUET_AUTH=basic and OTLP2PARQUET_AUTH_TOKENS='],
    ['BATCH_MAX_ROWS', 'never gathered in memory'],
    ['CATALOG_MODE', 'OTLP2PARQUET_ICEBERG_REST_URI chooses Iceberg'],
    ['CONFIG', 'there is no configuration file'],
  ]
  test.each(cases)('%s', (name, message) => {
    expect(problems({ [name]: 'x' })).toEqual([expect.stringContaining(message)])
  })

  test.each([
    ['CATALOG_MODE', 'none'],
    ['BATCHING_ENABLED', 'false'],
  ])('but %s=%s asks for what happens anyway', (name, text) => {
    expect(problems({ [name]: text })).toEqual([])
  })
})

test('a name is said once', () => {
  const all = Object.values(variables).map(({ name }) => name)
  expect(new Set(all).size).toBe(all.length)
})
