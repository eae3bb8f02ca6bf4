// Protects catalogs of AWS: every request is signed as AWS's own signer would, over the bytes that are on the wire.
import { afterEach, describe, expect, it } from 'vitest'
import type { AwsCredentialSource, AwsCredentials } from '../../../src/iceberg/rest/sigv4.ts'
import { append, creation } from '../../contracts/commits.ts'
import { type FakeServer, type Seen, startFakeServer } from './fake-server.ts'
import type { Reply } from './fake-tables.ts'
import { expectedAuthorization, payloadHash } from './judge.ts'
import { openCatalog } from './open.ts'

const arn = 'arn:aws:s3tables:us-east-1:111122223333:bucket/my-bucket'
const prefix = 'arn%3Aaws%3As3tables%3Aus-east-1%3A111122223333%3Abucket%2Fmy-bucket'
const logs = { namespace: ['otel'], name: 'logs' }
const lasting = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCY' }
const passing = { ...lasting, sessionToken: 'IQoJb3JpZ2luX2VjEJr//+x/y=' }

let server: FakeServer
afterEach(() => server.close())

const open = async (
  credentials: AwsCredentialSource,
  signing: { signingName: string; region: string },
  authorize?: (request: Seen) => Reply,
) => {
  const config = { overrides: { prefix } }
  server = await startFakeServer({ prefix, config, ...(authorize && { authorize }) })
  const auth = { type: 'sigv4', credentials, ...signing } as const
  return openCatalog(server.uri, { warehouse: arn, auth })
}

describe.each<[string, string, AwsCredentials]>([
  ['s3tables', 'us-east-1', lasting],
  ['s3tables', 'eu-central-1', passing],
  ['glue', 'us-gov-west-1', passing],
  ['execute-api', 'ap-northeast-3', lasting],
])('%s in %s', (signingName, region, credentials) => {
  it('every request of a table', async () => {
    const catalog = await open(async () => credentials, { signingName, region })
    const table = await catalog.create(logs, creation({ 'a b': "ü!'()*&=+%" }))
    await catalog.commit(table, append(table, 2n ** 62n))
    await catalog.load(logs)
    await catalog.load({ namespace: ['a b'], name: "!'()*+~%/ü" })
    const root = `/v1/${prefix}/namespaces`
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET /v1/config?warehouse=${encodeURIComponent(arn)}`,
      `POST ${root}/otel/tables`,
      `POST ${root}`,
      `POST ${root}/otel/tables`,
      `POST ${root}/otel/tables/logs`,
      `GET ${root}/otel/tables/logs?snapshots=all`,
      `GET ${root}/a%20b/tables/!'()*%2B~%25%2F%C3%BC?snapshots=all`,
    ])
    for (const seen of server.seen) {
      const { authorization, 'x-amz-content-sha256': hash } = seen.headers
      const signing = { service: signingName, region, credentials }
      expect(authorization).toBe(await expectedAuthorization(seen, signing))
      expect(hash).toBe(payloadHash(seen))
      expect(authorization).toContain('x-amz-content-sha256')
      expect(seen.headers['x-amz-security-token']).toBe(credentials.sessionToken)
    }
  })
})

describe('credentials', () => {
  const signing = { signingName: 's3tables', region: 'us-east-1' }
  /** Refuses who signs with this key. */
  const refuse =
    (key: string, reply: Reply = { status: 403 }) =>
    ({ headers }: Seen) =>
      headers.authorization?.includes(`Credential=${key}/`) ? reply : { status: 200 }

  it.each<[string, Reply]>([
    ['refused', { status: 403 }],
    ['called unknown', { status: 401, type: 'UnrecognizedClientException' }],
    ['called old', { status: 400, type: 'com.amazonaws#ExpiredTokenException' }],
  ])('are asked for anew when they are %s', async (_, reply) => {
    const asked: unknown[] = []
    let current: AwsCredentials = { ...lasting, accessKeyId: 'OLD' }
    const source: AwsCredentialSource = async (refused) => {
      asked.push(refused?.accessKeyId)
      if (refused !== undefined) current = { ...lasting, accessKeyId: 'NEW' }
      return current
    }
    const catalog = await open(source, signing, refuse('OLD', reply))
    const table = await catalog.create(logs, creation())
    expect((await catalog.commit(table, append(table, 1n))).kind).toBe('committed')
    expect(asked.slice(0, 3)).toEqual([undefined, 'OLD', undefined])
    expect(asked.slice(3)).not.toContain('OLD')
  })

  it('that stay the same are not tried again', async () => {
    const catalog = await open(async () => passing, signing, refuse(passing.accessKeyId))
    await expect(catalog.load(logs)).rejects.toThrow('its credentials lack a permission')
    expect(server.seen.length).toBe(1)
  })

  it('that nobody has are said to be missing, and nothing is sent', async () => {
    const catalog = await open(async () => Promise.reject(new Error('none')), signing)
    await expect(catalog.ready()).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'there are no AWS credentials for the catalog',
    })
    expect(server.seen).toEqual([])
  })
})
