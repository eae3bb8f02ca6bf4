// Protects who the program is to a catalog: tokens are fetched once, renewed in time and after a refusal, and never logged.
import { afterEach, expect, it } from 'vitest'
import type { RestAuth } from '../../../src/iceberg/rest/catalog.ts'
import { systemClock } from '../../../src/iceberg/retry.ts'
import { append, creation } from '../../contracts/commits.ts'
import { type FakeServer, type Seen, startFakeServer } from './fake-server.ts'
import { openCatalog } from './open.ts'

const logs = { namespace: ['otel'], name: 'logs' }
const tokens = '/v1/oauth/tokens'

let server: FakeServer
let lines: string
let now: number
/** The catalog's configuration. */
let told: () => Record<string, unknown>
/** Tokens that the server takes. */
let good: Set<string>
afterEach(() => server.close())

/** A server that gives out `token-1`, `token-2`, …, and a catalog there. */
const open = async (
  auth: RestAuth,
  answer: object = { expires_in: 3600 },
  path: RegExp = /^\/v1\/oauth\/tokens$/,
) => {
  told = () => ({})
  lines = ''
  now = Date.now()
  good = new Set()
  server = await startFakeServer({
    get config() {
      return told()
    },
    authorize: ({ headers }) => ({ status: good.has(headers.authorization ?? '') ? 200 : 401 }),
    other(request) {
      if (!path.test(request.url)) return undefined
      const token = `token-${server.seen.filter(({ url }) => path.test(url)).length}`
      good.add(`Bearer ${token}`)
      return { status: 200, body: { access_token: token, token_type: 'bearer', ...answer } }
    },
  })
  return openCatalog(server.uri, {
    auth,
    clock: { ...systemClock, now: () => now },
    log: (...line) => {
      lines += JSON.stringify(line)
    },
  })
}

const oauth2 = { type: 'oauth2', credential: 'me:s3cr&t:=' } as const
const asked = (path = tokens): Seen[] => server.seen.filter(({ url }) => url === path)

it('none says nothing', async () => {
  const catalog = await open({ type: 'none' })
  await expect(catalog.ready()).rejects.toThrow('the catalog refuses its credentials')
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined])
})

it('bearer shows its token with every request, and a refused one once', async () => {
  const catalog = await open({ type: 'bearer', token: 'a.b-c' })
  good.add('Bearer a.b-c')
  await catalog.create(logs, creation())
  expect(new Set(server.seen.map(({ headers }) => headers.authorization))).toEqual(
    new Set(['Bearer a.b-c']),
  )
  good.clear()
  server.seen.length = 0
  await expect(catalog.load(logs)).rejects.toThrow('the catalog refuses its credentials')
  expect(server.seen.length).toBe(1)
  expect(lines).not.toContain('a.b-c')
})

it.each<[string, object, object]>([
  ['a client', {}, { client_id: 'me', client_secret: 's3cr&t:=', scope: 'catalog' }],
  ['a secret alone', { credential: 'only' }, { client_secret: 'only', scope: 'catalog' }],
  [
    'a scope',
    { credential: 'a:b', scope: 'PRINCIPAL_ROLE:ALL' },
    { client_id: 'a', client_secret: 'b', scope: 'PRINCIPAL_ROLE:ALL' },
  ],
])('oauth2 asks for a token for %s', async (_, options, form) => {
  const catalog = await open({ ...oauth2, ...options })
  await catalog.ready()
  const [request] = asked()
  expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded')
  expect(request?.headers.authorization).toBeUndefined()
  const sent = Object.fromEntries(new URLSearchParams(request?.body))
  expect(sent).toEqual({ grant_type: 'client_credentials', ...form })
  expect(server.seen.at(-1)?.headers.authorization).toBe('Bearer token-1')
})

it('oauth2 asks at another address when it is told one', async () => {
  const catalog = await open(oauth2, {}, /^\/realms/)
  const other = openCatalog(server.uri, {
    auth: { ...oauth2, tokenUri: `${server.uri}/realms/x/token` },
  })
  await other.ready()
  expect(asked('/realms/x/token').length).toBe(1)
  await expect(catalog.ready()).rejects.toThrow('cannot get a token')
})

/** The server that a test starts, in the catalog's own configuration. */
const here = (config: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(config).replaceAll('HERE', server.uri))

it.each<[string, object, object, [url: string, scope: string]]>([
  [
    'insists on',
    { overrides: { scope: 'lake', 'oauth2-server-uri': 'HERE/t' } },
    {},
    ['/t', 'lake'],
  ],
  ['insists on, whatever is set', { overrides: { scope: 'a' } }, { scope: 'b' }, [tokens, 'a']],
  ['proposes', { defaults: { scope: 'lake', 'oauth2-server-uri': 'HERE/t' } }, {}, ['/t', 'lake']],
  [
    'proposes, when nothing else is set',
    { defaults: { scope: 'a' } },
    { scope: 'b' },
    [tokens, 'b'],
  ],
  [
    'names by a path',
    { overrides: { 'oauth2-server-uri': 'v2/tokens' } },
    {},
    ['/v2/tokens', 'catalog'],
  ],
  [
    'has where it moves to',
    { overrides: { uri: 'HERE/moved/' } },
    {},
    [`/moved${tokens}`, 'catalog'],
  ],
])('oauth2 renews with what the catalog %s', async (_, config, options, [url, scope]) => {
  const catalog = await open({ ...oauth2, ...options }, { expires_in: 100 }, /t$|tokens$/)
  told = () => here(config)
  await catalog.ready()
  expect(asked().length).toBe(1)
  now += 100_000
  await catalog.load(logs).catch(() => null)
  const request = server.seen.filter(({ body }) => body.startsWith('grant_type')).at(-1)
  expect([request?.url, new URLSearchParams(request?.body).get('scope')]).toEqual([url, scope])
})

it('oauth2 asks once for all who wait', async () => {
  const catalog = await open(oauth2)
  await Promise.all(Array.from({ length: 10 }, () => catalog.load(logs)))
  expect(asked().length).toBe(1)
})

it('oauth2 asks again shortly before a token expires', async () => {
  const catalog = await open(oauth2, { expires_in: 100 })
  await catalog.load(logs)
  now += 89_000
  await catalog.load(logs)
  expect(asked().length).toBe(1)
  now += 2_000
  await Promise.all([catalog.load(logs), catalog.load(logs)])
  expect(asked().length).toBe(2)
  expect(server.seen.at(-1)?.headers.authorization).toBe('Bearer token-2')
})

it('oauth2 keeps a token without an end until it is refused', async () => {
  const catalog = await open(oauth2, {})
  await catalog.load(logs)
  now += 10 ** 12
  await catalog.load(logs)
  expect(asked().length).toBe(1)
  good.clear()
  await Promise.all(Array.from({ length: 5 }, () => catalog.load(logs)))
  expect(asked().length).toBe(2)
})

it('oauth2 sends a commit again whose token was refused', async () => {
  const catalog = await open(oauth2)
  const table = await catalog.create(logs, creation())
  good.clear()
  expect((await catalog.commit(table, append(table, 5n))).kind).toBe('committed')
  expect(asked().length).toBe(2)
})

it('oauth2 gives up when new tokens are refused too', async () => {
  const catalog = await open(oauth2)
  const table = await catalog.create(logs, creation())
  server.fail({ on: /tables/, status: 401, times: 2 })
  const commit = catalog.commit(table, append(table, 5n))
  await expect(commit).rejects.toThrow('cannot change a table: the catalog refuses its credentials')
  expect(asked().length).toBe(2)
})

it.each<[string, string]>([
  ['a refusal', '{"error":"invalid_client","error_description":"who are you"}'],
  ['an answer without a token', '{}'],
  ['a page', '<html>'],
])('oauth2 does not commit after %s', async (_, body) => {
  const catalog = await open(oauth2, { expires_in: 1 })
  const table = await catalog.create(logs, creation())
  now += 5_000
  server.fail({ on: /oauth/, status: 400, body })
  const commit = catalog.commit(table, append(table, 5n))
  await expect(commit).rejects.toMatchObject({
    kind: 'unavailable',
    message: 'cannot get a token: the token endpoint refuses',
  })
  expect(lines).not.toMatch(/s3cr|token-\d/)
})

it('oauth2 asks again where the token endpoint fails in passing', async () => {
  const catalog = await open(oauth2)
  server.fail({ on: /oauth/, status: 503, times: 2 })
  await catalog.ready()
  expect(asked().length).toBe(3)
})
