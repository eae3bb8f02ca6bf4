// Protects access to a table's files: the right credentials of those that a catalog hands out, whole, and new ones in time.
import { afterEach, describe, expect, it } from 'vitest'
import type { OpenFileIO } from '../../../src/iceberg/file-io.ts'
import {
  fileProperties,
  s3Credentials,
  s3Location,
  vendedCredentials,
} from '../../../src/iceberg/rest/credentials.ts'
import { creation } from '../../contracts/commits.ts'
import { type FakeServer, startFakeServer } from './fake-server.ts'
import { memoryFiles, openCatalog } from './open.ts'

const key = (name: string) => ({ 's3.access-key-id': name, 's3.secret-access-key': `${name}!` })
const at = (prefix: string) => ({ prefix, config: key(prefix) })

describe('of several credentials', () => {
  const answer = (json: object) => ({ status: 200, text: '', json: json as never })
  const location = 's3://lake/otel/logs'

  it.each<[string, object, object]>([
    ['none', {}, {}],
    ['those of the table', { config: key('t') }, key('t')],
    [
      'the longest prefix',
      { s: [at('s3://lake'), at('s3://lake/otel'), at('s3')] },
      key('s3://lake/otel'),
    ],
    ['a bare scheme', { s: [at('s3')] }, key('s3')],
    ['no stranger', { s: [at('s3://lake/other'), at('gs')], config: key('t') }, key('t')],
    ['s3a is s3', { s: [at('s3a://lake/otel')] }, key('s3a://lake/otel')],
    ['those of a prefix before those of the table', { s: [at('s3')], config: key('t') }, key('s3')],
    [
      'whole, not a token of another',
      { s: [at('s3')], config: { ...key('t'), 's3.session-token': 'x', a: 'b' } },
      { ...key('s3'), a: 'b' },
    ],
    [
      'what is no credential from both',
      { s: [{ prefix: 's3', config: { 'client.region': 'r' } }], config: { ...key('t'), a: 'b' } },
      { ...key('t'), a: 'b', 'client.region': 'r' },
    ],
    ['nothing from nonsense', { s: [null, 7, {}, { prefix: 1 }], config: [] }, {}],
  ])('%s', (_, { s, ...json }: { s?: unknown }, wanted) => {
    expect(fileProperties(answer({ ...json, 'storage-credentials': s }), location)).toEqual(wanted)
  })

  it('s3 is s3a too', () => {
    const json = answer({ 'storage-credentials': [at('s3://lake')] })
    expect(fileProperties(json, 's3a://lake/x')).toEqual(key('s3://lake'))
  })
})

describe('properties', () => {
  it.each<[string, object, object | null]>([
    ['none', {}, null],
    ['half', { 's3.access-key-id': 'a' }, null],
    ['for ever', key('a'), { accessKeyId: 'a', secretAccessKey: 'a!' }],
    [
      'for a time',
      { ...key('a'), 's3.session-token': 't', 's3.session-token-expires-at-ms': '1700000000000' },
      {
        accessKeyId: 'a',
        secretAccessKey: 'a!',
        sessionToken: 't',
        expiration: new Date(1_700_000_000_000),
      },
    ],
    [
      'in other words',
      { ...key('a'), 'expiration-time': '5000' },
      { accessKeyId: 'a', secretAccessKey: 'a!', expiration: new Date(5000) },
    ],
    [
      'for a time that nobody can read',
      { ...key('a'), 'expiration-time': 'tomorrow' },
      { accessKeyId: 'a', secretAccessKey: 'a!' },
    ],
  ])('hold credentials: %s', (_, properties, wanted) => {
    expect(s3Credentials(properties as Record<string, string>)).toEqual(wanted)
  })

  it('say where a bucket is', () => {
    expect(s3Location({})).toEqual({})
    expect(
      s3Location({
        's3.region': 'eu-west-1',
        'client.region': 'no',
        's3.endpoint': 'http://127.0.0.1:9000',
        's3.path-style-access': 'TRUE',
      }),
    ).toEqual({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:9000', pathStyle: true })
    expect(s3Location({ 'client.region': 'x', 's3.path-style-access': 'false' })).toEqual({
      region: 'x',
      pathStyle: false,
    })
  })

  it('are used first, then new ones', async () => {
    const renewed = [key('two'), {}, key('three')]
    const credentials = vendedCredentials(key('one'), async () => renewed.shift() ?? {})
    const { accessKeyId } = (await credentials?.()) ?? {}
    expect(accessKeyId).toBe('one')
    expect(await credentials?.()).toMatchObject({ accessKeyId: 'two' })
    await expect(credentials?.()).rejects.toThrow('no credentials any more')
    expect(await credentials?.()).toMatchObject({ accessKeyId: 'three' })
    expect(vendedCredentials({}, async () => ({}))).toBeNull()
  })
})

describe('a catalog', () => {
  const logs = { namespace: ['otel'], name: 'logs' }
  let server: FakeServer
  afterEach(() => server.close())

  /** A catalog that hands out new credentials with every answer, so many times, and what its opener was given. */
  const open = async (
    endpoints?: readonly string[],
    accessDelegation?: null,
    times = Number.POSITIVE_INFINITY,
  ) => {
    let count = 0
    server = await startFakeServer({
      config: { ...(endpoints && { endpoints }), overrides: { ...key('static'), x: 'y' } },
      extras: () => ({
        config: { 'client.region': 'r' },
        'storage-credentials':
          count < times ? [{ prefix: 's3://lake/', config: key(`vended-${++count}`) }] : [],
      }),
    })
    const given: Parameters<OpenFileIO>[] = []
    const catalog = openCatalog(server.uri, {
      ...(accessDelegation !== undefined && { accessDelegation }),
      openFileIO: (...all) => {
        given.push(all)
        return memoryFiles()(...all)
      },
    })
    await catalog.create(logs, creation())
    server.seen.length = 0
    return { catalog, given }
  }
  const operations = [
    'POST /v1/{prefix}/namespaces',
    'POST /v1/{prefix}/namespaces/{namespace}/tables',
    'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  ]
  const credentials = 'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials'

  it('is asked for credentials, which come with the table', async () => {
    const { catalog, given } = await open()
    await catalog.load(logs)
    expect(server.seen.at(-1)?.headers['x-iceberg-access-delegation']).toBe('vended-credentials')
    const [location, properties] = given.at(-1) ?? []
    expect(location).toBe('s3://lake/otel/logs')
    expect(properties).toMatchObject({ ...key('vended-2'), x: 'y', 'client.region': 'r' })
  })

  it('is not asked for them when nobody wants them', async () => {
    const { catalog } = await open(undefined, null)
    await catalog.load(logs)
    expect(server.seen.at(-1)?.headers['x-iceberg-access-delegation']).toBeUndefined()
  })

  it.each([
    ['from their own place', [...operations, credentials], '/credentials'],
    ['with the table, when it has no such place', operations, '?snapshots=refs'],
    ['with the table, when it does not say', undefined, '?snapshots=refs'],
  ])('gives new ones %s, one for all who ask at once', async (_, endpoints, end) => {
    const { given } = await open(endpoints)
    const renew = given[0]?.[2]
    const [one, two] = await Promise.all([renew?.(), renew?.()])
    expect(server.seen.map(({ url }) => url)).toEqual([`/v1/namespaces/otel/tables/logs${end}`])
    expect(one).toMatchObject({ ...key('vended-2'), x: 'y', 'client.region': 'r' })
    expect(two).toBe(one)
    expect(await renew?.()).toMatchObject(key('vended-3'))
  })

  it('that hands out none any more is not taken to give the old ones again', async () => {
    const { given } = await open(undefined, undefined, 1)
    expect(given[0]?.[1]).toMatchObject(key('vended-1'))
    const renewed = await given[0]?.[2]?.()
    expect(renewed).toMatchObject({ x: 'y', 'client.region': 'r' })
    expect(JSON.stringify(renewed)).not.toContain('vended')
  })

  it('that refuses new ones is said to', async () => {
    const { given } = await open()
    server.fail({ status: 403 })
    await expect(given[0]?.[2]?.()).rejects.toMatchObject({
      kind: 'unavailable',
      message:
        "cannot renew the credentials for a table's files: its credentials lack a permission",
    })
  })
})
