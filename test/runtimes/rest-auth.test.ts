// Protects who the program is to a REST catalog by its settings.
import { expect, test } from 'vitest'
import { restAuth } from '../../runtimes/node/rest-auth.ts'
import { readConfig } from '../../src/config.ts'

/** What a catalog is told, under variables without their prefix. */
const auth = (variables: Readonly<Record<string, string>>, uri = 'http://catalog') => {
  const env = Object.entries({ REST_URI: uri, ...variables }).map(([name, text]) => [
    name.startsWith('AWS_')
      ? name
      : `OTLP2PARQUET_${name.startsWith('S3_') ? '' : 'ICEBERG_'}${name}`,
    text,
  ])
  const config = readConfig(Object.fromEntries(env), 'node')
  return restAuth(uri, config, async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }))
}

const client = { CREDENTIAL: 'me:secret' }

test.each<[string, Readonly<Record<string, string>>, object]>([
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
