// Protects whoever sets S3 Tables up: the commonest wrong settings are told at the start, all at once and by the name of the
// variable; AWS's own answer to each is a 400 with the first request.
import { expect, test } from 'vitest'
import { type ConfigError, readConfig } from '../src/config.ts'

const problems = (settings: Readonly<Record<string, string>>): string[] => {
  const env = Object.entries(settings).map(([name, text]) => [`OTLP2PARQUET_ICEBERG_${name}`, text])
  try {
    readConfig(Object.fromEntries(env), 'node')
    return []
  } catch (error) {
    return (error as ConfigError).problems.map(({ variable, message }) =>
      `${variable}: ${message}`.replaceAll('OTLP2PARQUET_ICEBERG_', ''),
    )
  }
}

const at = (host: string) => `https://${host}/iceberg`
const REST_URI = at('s3tables.eu-central-1.amazonaws.com')
const arn = (region = 'eu-central-1', what = 'bucket/lake') =>
  `arn:aws:s3tables:${region}:111122223333:${what}`
const WAREHOUSE = arn()

const missing =
  'WAREHOUSE: is missing: S3 Tables wants the ARN of the table bucket, such as arn:aws:s3tables:eu-central-1:123456789012:bucket/tables'
const noArn =
  'WAREHOUSE: must be the ARN of the table bucket, such as arn:aws:s3tables:eu-central-1:123456789012:bucket/tables'
const elsewhere =
  'WAREHOUSE: is of another region than REST_URI: both must name that of the table bucket'
const reserved = 'NAMESPACE: must not begin with aws: S3 Tables keeps such names for AWS'

test.each<[string, Readonly<Record<string, string>>, string[]]>([
  ['what is right', { REST_URI, WAREHOUSE }, []],
  ['no warehouse', { REST_URI }, [missing]],
  ["the bucket's name", { REST_URI, WAREHOUSE: 'lake' }, [noArn]],
  ["Glue's name of it", { REST_URI, WAREHOUSE: '111122223333:s3tablescatalog/lake' }, [noArn]],
  ['the ARN of a bucket of S3', { REST_URI, WAREHOUSE: 'arn:aws:s3:::lake' }, [noArn]],
  [
    'the ARN of a table',
    { REST_URI, WAREHOUSE: arn('eu-central-1', 'bucket/lake/table/1') },
    [noArn],
  ],
  ['another region', { REST_URI, WAREHOUSE: arn('us-east-1') }, [elsewhere]],
  ['a namespace of AWS', { REST_URI, WAREHOUSE, NAMESPACE: 'aws_otel' }, [reserved]],
  ['all at once', { REST_URI, NAMESPACE: 'awsotel' }, [missing, reserved]],
  [
    'over IPv6, with FIPS',
    { REST_URI: at('s3tables-fips.us-east-1.api.aws'), WAREHOUSE },
    [elsewhere],
  ],
  [
    'in China',
    {
      REST_URI: at('s3tables.cn-north-1.amazonaws.com.cn'),
      WAREHOUSE: 'arn:aws-cn:s3tables:cn-north-1:111122223333:bucket/lake',
    },
    [],
  ],
  ['a private link', { REST_URI: at('vpce-1a.s3tables.us-east-1.vpce.amazonaws.com') }, [missing]],
  // A proxy, or an imitation.
  ['a host of its own', { REST_URI: 'http://a', WAREHOUSE: arn('us-east-1') }, []],
  ['one with a namespace', { REST_URI: 'http://a', WAREHOUSE, NAMESPACE: 'aws' }, [reserved]],
  ['Glue, with its own catalog', { REST_URI: at('glue.eu-central-1.amazonaws.com') }, []],
  [
    'Glue, before S3 Tables',
    {
      REST_URI: at('glue.eu-central-1.amazonaws.com'),
      WAREHOUSE: '111122223333:s3tablescatalog/lake',
      NAMESPACE: 'aws_otel',
    },
    [reserved],
  ],
  ['another catalog', { REST_URI: 'http://a', WAREHOUSE: 'lake', NAMESPACE: 'aws_otel' }, []],
  ['an address that is none', { REST_URI: 'http://a:b', WAREHOUSE }, []],
  [
    'no catalog',
    { NAMESPACE: 'aws_otel' },
    ['NAMESPACE: needs a catalog: CATALOG=file, or REST_URI'],
  ],
])('%s', (_, settings, wanted) => {
  expect(problems(settings)).toEqual(wanted)
})
