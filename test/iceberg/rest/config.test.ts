// Protects the ways to a catalog: its own word about address, prefix, separator and operations counts, byte for byte.
import { afterEach, describe, expect, it } from 'vitest'
import type { OpenFileIO } from '../../../src/iceberg/file-io.ts'
import type { RestCatalogOptions } from '../../../src/iceberg/rest/catalog.ts'
import { append, creation } from '../../contracts/commits.ts'
import { type FakeServer, type FakeServerOptions, startFakeServer } from './fake-server.ts'
import { memoryFiles, openCatalog } from './open.ts'

const logs = { namespace: ['otel'], name: 'logs' }

const servers: FakeServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})
const start = async (options?: FakeServerOptions): Promise<FakeServer> => {
  const server = await startFakeServer(options)
  servers.push(server)
  return server
}
const open = async (options: FakeServerOptions, more?: Partial<RestCatalogOptions>) => {
  const server = await start(options)
  return { server, catalog: openCatalog(server.uri, more) }
}
const urls = ({ seen }: FakeServer) => seen.map(({ method, url }) => `${method} ${url}`)

describe('the configuration', () => {
  it('is asked for once, by whoever comes first', async () => {
    const { server, catalog } = await open({})
    expect(server.seen).toEqual([])
    await Promise.all(Array.from({ length: 5 }, () => catalog.load(logs)))
    await catalog.create(logs, creation())
    expect(urls(server).filter((url) => url.includes('config'))).toEqual(['GET /v1/config'])
  })

  it.each([
    ['a name', 'lake', 'lake'],
    ['an ARN', 'arn:aws:s3tables:x:1:bucket/b', 'arn%3Aaws%3As3tables%3Ax%3A1%3Abucket%2Fb'],
    ['hostile', 'a b&c=d#e', 'a%20b%26c%3Dd%23e'],
  ])('is asked for with the warehouse: %s', async (_, warehouse, sent) => {
    const { server, catalog } = await open({}, { warehouse })
    await catalog.ready()
    expect(urls(server)).toEqual([`GET /v1/config?warehouse=${sent}`])
  })

  it('is asked for again when it did not come', async () => {
    const { server, catalog } = await open({})
    server.fail({ on: /config/, status: 403 })
    await expect(catalog.load(logs)).rejects.toThrow(
      'cannot read the configuration of the catalog: its credentials lack a permission',
    )
    expect(await catalog.load(logs)).toBeNull()
  })

  it.each<[string, object]>([
    ['not there', { status: 404, body: '<html>' }],
    ['a page', { status: 200, body: '<html>' }],
  ])('that is %s is said to be missing', async (_, fault) => {
    const { server, catalog } = await open({})
    server.fail({ on: /config/, ...fault })
    await expect(catalog.ready()).rejects.toThrow('cannot read the configuration of the catalog')
  })

  it('does not wait for longer than its caller, who does not end it for others', async () => {
    const { server, catalog } = await open({})
    server.fail({ on: /config/, times: 3 })
    const [short, long] = await Promise.allSettled([
      catalog.load(logs, { signal: AbortSignal.timeout(1) }),
      catalog.load(logs),
    ])
    expect(short).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable' } })
    expect(long).toEqual({ status: 'fulfilled', value: null })
  })

  it('lies under what this program sets, under what the catalog insists on', async () => {
    let given: Parameters<OpenFileIO>[1] = {}
    const { catalog } = await open(
      {
        config: {
          defaults: { a: 'default', b: 'default', warehouse: 'default', 'client.region': 'x' },
          overrides: { b: 'override', number: 7, none: null, nested: {} },
        },
        extras: () => ({ config: { 'client.region': 'table' } }),
      },
      {
        warehouse: 'mine',
        openFileIO: (location, properties) => {
          given = properties
          return memoryFiles()(location, properties)
        },
      },
    )
    await catalog.create(logs, creation())
    const wanted = { a: 'default', b: 'override', warehouse: 'mine', number: '7' }
    expect(given).toEqual({ ...wanted, uri: expect.any(String), 'client.region': 'table' })
  })

  it('may move everything else to another address', async () => {
    const other = await start()
    const { server, catalog } = await open({ config: { overrides: { uri: `${other.uri}/` } } })
    await catalog.create(logs, creation())
    expect(urls(server)).toEqual(['GET /v1/config'])
    expect(urls(other)[0]).toBe('POST /v1/namespaces/otel/tables')
  })

  it('may stand behind a path', async () => {
    const server = await start({ other: ({ url }) => ({ status: 200, body: { seen: url } }) })
    await openCatalog(`${server.uri}/api/iceberg/`).ready()
    expect(urls(server)).toEqual(['GET /api/iceberg/v1/config'])
  })
})

describe('a path', () => {
  it.each([
    ['none', undefined],
    ['a word', 'main'],
    ['two words', 'ws/main'],
    ["S3 Tables'", 'arn%3Aaws%3As3tables%3Aus-east-1%3A1%3Abucket%2Fmy-bucket'],
    ["Nessie's", 'main%7Cwarehouse'],
    ['escapes in lower case', 'a%2fb%3a'],
    ['what needs no escape', "a(b)!'*~:@"],
  ])('has the prefix as the catalog spells it: %s', async (_, prefix) => {
    const config = { overrides: prefix === undefined ? {} : { prefix } }
    const { server, catalog } = await open({ ...(prefix && { prefix }), config })
    const table = await catalog.create(logs, creation())
    expect((await catalog.commit(table, append(table, 1n))).kind).toBe('committed')
    const root = prefix === undefined ? '/v1' : `/v1/${prefix}`
    expect(urls(server).at(-1)).toBe(`POST ${root}/namespaces/otel/tables/logs`)
  })

  it.each([
    ['by default', {}, '%1F'],
    ['that the catalog insists on', { overrides: { 'namespace-separator': '%2E' } }, '%2E'],
    ['that the catalog proposes', { defaults: { 'namespace-separator': '.' } }, '.'],
  ])('has the separator %s', async (_, config, separator) => {
    const { server, catalog } = await open({ config, separator })
    const identifier = { namespace: ['a b', 'c/d', 'é'], name: 'x y/z%' }
    const made = await catalog.create(identifier, creation())
    expect(server.tables.namespaces).toEqual(new Set(['a b.c/d.é']))
    expect(server.seen.find(({ url }) => url === '/v1/namespaces')?.body).toBe(
      '{"namespace":["a b","c/d","é"],"properties":{}}',
    )
    const loaded = await catalog.load(identifier)
    expect(loaded?.metadata['table-uuid']).toBe(made.metadata['table-uuid'])
    const namespace = ['a%20b', 'c%2Fd', '%C3%A9'].join(separator)
    expect(urls(server).at(-1)).toBe(
      `GET /v1/namespaces/${namespace}/tables/x%20y%2Fz%25?snapshots=all`,
    )
  })
})

describe('operations', () => {
  const all = [
    'POST /v1/{prefix}/namespaces',
    'POST /v1/{prefix}/namespaces/{namespace}/tables',
    'GET /v1/{prefix}/namespaces/{ns}/tables/{t}',
    'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  ]

  it('that the catalog lists are asked for', async () => {
    const { server, catalog } = await open({ config: { endpoints: all } })
    await catalog.ready()
    await catalog.create(logs, creation())
    expect(server.tables.tables.size).toBe(1)
  })

  it.each([
    [0, 'POST /v1/{}/namespaces'],
    [1, 'POST /v1/{}/namespaces/{}/tables'],
    [2, 'GET /v1/{}/namespaces/{}/tables/{}'],
    [3, 'POST /v1/{}/namespaces/{}/tables/{}'],
  ])('that it does not list are not: %i', async (missing, operation) => {
    const endpoints = all.toSpliced(missing, 1)
    const { server, catalog } = await open({ config: { endpoints } })
    const everything = async () => {
      await catalog.load(logs)
      const table = await catalog.create(logs, creation())
      await catalog.commit(table, append(table, 1n))
    }
    await expect(everything()).rejects.toMatchObject({
      kind: 'unavailable',
      message: `the catalog does not offer ${operation}`,
    })
    if (missing > 1) await expect(catalog.ready()).rejects.toThrow(operation)
    else await catalog.ready()
    const sent = operation.replace('{}/', '').replaceAll('{}', '[^/]+')
    expect(urls(server).filter((url) => new RegExp(`^${sent}$`).test(url))).toEqual([])
  })
})
