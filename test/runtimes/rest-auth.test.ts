// Protects who the program is to a REST catalog by its settings, and in which region its files are when nobody says.
import { expect, test } from 'vitest'
import { restAuth } from '../../runtimes/shared/rest-auth.ts'
import { filesConfig } from '../../runtimes/shared/rest-catalog.ts'
import { readConfig } from '../../src/config.ts'

type Variables = Readonly<Record<string, string>>

/** The settings of a catalog, from variables without their prefix. */
const configOf = (variables: Variables, uri: string) => {
  const env = Object.entries({ REST_URI: uri, ...variables }).map(([name, text]) => [
    name.startsWith('AWS_')
      ? name
      : `OTLP2PARQUET_${name.startsWith('S3_') ? '' : 'ICEBERG_'}${name}`,
    text,
  ])
  return readConfig(Object.fromEntries(env), 'node')
}

const auth = (variables: Variables, uri = 'http://catalog') =>
  restAuth(uri, configOf(variables, uri), async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }))

const client = { CREDENTIAL: 'me:secret' }

test.each<[string, Variables, object]>([
  ['nobody', {}, { type: 'none' }],
  ['the bearer of a token', { TOKEN: 'x' }, { type: 'bearer', token: 'x' }],
  ['an OAuth2 client', client, { type: 'oauth2', credential: 'me:secret' }],
  [
    'one at another endpoint',
    { ...client, OAUTH_URI: 'https://idp/token' },
    { type: 'oauth2', credential: 'me:secret', tokenUri: 'https://idp/token' },
  ],
  [
    'one with scopes',
    { ...client, OAUTH_SCOPE: 'PRINCIPAL_ROLE:ALL api://lake/.default' },
    { type: 'oauth2', credential: 'me:secret', scope: 'PRINCIPAL_ROLE:ALL api://lake/.default' },
  ],
])('%s', (_, variables, wanted) => {
  expect(auth(variables)).toEqual(wanted)
})

const arn = (region: string, partition = 'aws') =>
  `arn:${partition}:s3tables:${region}:111122223333:bucket/lake`

const signed = (signingName: string, region: string) => ({
  type: 'sigv4',
  signingName,
  region,
  credentials: expect.any(Function),
})

test.each([
  ['s3tables.eu-central-1.amazonaws.com', 's3tables', 'eu-central-1'],
  ['s3tables-fips.us-gov-west-1.amazonaws.com', 's3tables', 'us-gov-west-1'],
  ['s3tables.us-east-1.api.aws', 's3tables', 'us-east-1'],
  ['s3tables-fips.us-east-1.api.aws', 's3tables', 'us-east-1'],
  ['s3tables.cn-north-1.amazonaws.com.cn', 's3tables', 'cn-north-1'],
  ['s3tables.cn-north-1.api.amazonwebservices.com.cn', 's3tables', 'cn-north-1'],
  ['s3tables.eusc-de-east-1.amazonaws.eu', 's3tables', 'eusc-de-east-1'],
  ['s3tables.eusc-de-east-1.api.amazonwebservices.eu', 's3tables', 'eusc-de-east-1'],
  ['vpce-0a1b-2c.s3tables.us-east-1.vpce.amazonaws.com', 's3tables', 'us-east-1'],
  ['glue.eu-central-1.amazonaws.com', 'glue', 'eu-central-1'],
  ['glue-fips.us-east-2.amazonaws.com', 'glue', 'us-east-2'],
  ['glue.eu-north-1.api.aws', 'glue', 'eu-north-1'],
  ['glue-fips.us-east-2.api.aws', 'glue', 'us-east-2'],
  ['GLUE.cn-northwest-1.amazonaws.com.cn', 'glue', 'cn-northwest-1'],
])('an AWS principal at %s', (host, service, region) => {
  const uri = `https://${host}/iceberg`
  const variables = { WAREHOUSE: arn(region) }
  expect(auth({ ...variables, S3_REGION: 'ap-east-1' }, uri)).toEqual(signed(service, region))
  expect(filesConfig(uri, configOf(variables, uri))).toMatchObject({
    s3Region: region,
    tablesRegion: region,
  })
})

test.each([
  's3tables.eu-central-1.amazonaws.com.example.com',
  'example.com/s3tables.eu-central-1.amazonaws.com',
  'nots3tables.eu-central-1.amazonaws.com',
  's3tables.eu-central-1.amazonaws.eu',
  's3tables.cn-north-1.amazonaws.com',
  's3.eu-central-1.amazonaws.com',
  's3tables.amazonaws.com',
  's3tables.eu.central.amazonaws.com',
])('nobody at %s', (host) => {
  const uri = `https://${host}/iceberg`
  expect(auth({}, uri)).toEqual({ type: 'none' })
  expect(filesConfig(uri, configOf({}, uri)).s3Region).toBeUndefined()
})

const s3tables = 'https://s3tables.eu-central-1.amazonaws.com/iceberg'
const glue = 'https://glue.eu-north-1.amazonaws.com/iceberg'
const of = (region: string): [string, string, string] => [region, region, region]

type Region = string | undefined

test.each<[string, Variables, string, signing: string, tables: Region, others: Region]>([
  ['the warehouse', { WAREHOUSE: arn('eu-west-1') }, 'http://a', ...of('eu-west-1')],
  ['one in China', { WAREHOUSE: arn('cn-north-1', 'aws-cn') }, 'http://a', ...of('cn-north-1')],
  ['a setting is for others', { WAREHOUSE: arn('a'), S3_REGION: 'b' }, 'http://a', 'a', 'a', 'b'],
  ["AWS's own variable too", { WAREHOUSE: arn('a'), AWS_REGION: 'b' }, 'http://a', 'a', 'a', 'b'],
  ['the host', { WAREHOUSE: arn('eu-central-1') }, s3tables, ...of('eu-central-1')],
  [
    'the host and a setting',
    { WAREHOUSE: arn('eu-central-1'), S3_REGION: 'b' },
    s3tables,
    'eu-central-1',
    'eu-central-1',
    'b',
  ],
  [
    'Glue',
    { WAREHOUSE: '1:s3tablescatalog/a', AWS_REGION: 'b' },
    glue,
    'eu-north-1',
    'eu-north-1',
    'b',
  ],
  ['a setting alone', { WAREHOUSE: 'lake', S3_REGION: 'b' }, 'http://a', 'b', undefined, 'b'],
  ['none', { WAREHOUSE: 'lake' }, 'http://a', 'us-east-1', undefined, undefined],
])('the region: %s', (_, variables, uri, signing, tables, others) => {
  expect(auth({ SIGNING_NAME: 's3tables', ...variables }, uri)).toMatchObject({ region: signing })
  const { tablesRegion, s3Region } = filesConfig(uri, configOf(variables, uri))
  expect([tablesRegion, s3Region]).toEqual([tables, others])
})
