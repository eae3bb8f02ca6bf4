/**
 * R2 Data Catalog (Basin Catalog) as Cloudflare documents it in autumn 2026 ("Iceberg REST API compatibility", "Table
 * properties", "Limits"), before Iceberg's own Java REST server, which does the work: its paths, its tokens, what it hands out,
 * what it has no ear for, its limits, and its own words for what goes wrong. Not here: views, transactions, drops and renames,
 * its request timeout of 40 seconds, maintenance.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Json, parseJson, stringifyJson } from '../../../src/iceberg/json.ts'
import { listen } from '../../tools/listen.ts'
import type { RestCatalog, S3Access } from './catalog.ts'
import { startJavaRest } from './java-rest.ts'
import { type Admit, createLimits, type Write } from './r2-limits.ts'

/** A call, as it was answered. */
export interface Asked {
  /** By the specification's name. */
  readonly operation: Operation
  /** Its table, or empty. */
  readonly table: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly status: number
  /** Milliseconds until then. */
  readonly ms: number
}

export interface R2Catalog extends RestCatalog {
  /** The server behind, for readers, without tokens and limits. */
  readonly java: RestCatalog
  /** Every call with a good token, in the order of the answers. */
  readonly asked: readonly Asked[]
}

export interface R2CatalogOptions {
  /** The length of the limits' window; 60,000 without it. `Retry-After` stays what it is. */
  readonly minuteMs?: number
  /** The limits' clock, where it is not the machine's: milliseconds. */
  readonly now?: () => number
}

type Operation = 'getConfig' | 'loadTable' | 'loadCredentials' | Write

const account = '0123456789abcdef0123456789abcdef'
const prefix = '6d8a7a4e-9f39-4f2c-8a53-2f0a6f1f7c11'
const token = 'token-of-the-api'

/** Of those that it has, the ones that are here. */
const endpoints = [
  'POST /v1/{prefix}/namespaces',
  'POST /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials',
]

interface Reply {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const json = (status: number, body: unknown, headers = {}): Reply => ({
  status,
  body: stringifyJson(body),
  headers: { 'content-type': 'application/json', ...headers },
})

/** `IcebergErrorResponse`. */
const failure = (status: number, type: string, message: string, headers = {}): Reply =>
  json(status, { error: { message, type, code: status } }, headers)

/** Authentication errors are plain text, and no JSON. */
const denied: Reply = {
  status: 401,
  body: 'Unauthorized',
  headers: { 'content-type': 'text/plain' },
}

const tooMany = failure(429, 'TooManyRequestsException', 'Too many requests', {
  'retry-after': '60',
})

const notFound = failure(404, 'NotFoundException', 'there is no such path')

/** Starts it over a bucket of S3, which stands for the bucket of R2 that it is of. */
export const startR2DataCatalog = async (
  s3: S3Access,
  { minuteMs = 60_000, now = Date.now }: R2CatalogOptions = {},
): Promise<R2Catalog> => {
  const java = await startJavaRest(s3)
  const asked: Asked[] = []
  const answer = answering(java, s3, asked, createLimits(minuteMs, now))
  const { url, stop } = await listen(
    createServer(async (request, response) => {
      const { status, body, headers } = await answer(request).catch((error: unknown) =>
        failure(500, 'InternalServerError', String(error)),
      )
      response.writeHead(status, headers).end(body)
    }),
  )
  return {
    uri: `${url}/${account}/${s3.bucket}`,
    warehouse: `${account}_${s3.bucket}`,
    auth: { type: 'bearer', token },
    s3,
    java,
    asked,
    async stop() {
      await stop()
      await java.stop()
    },
  }
}

const answering = (java: RestCatalog, s3: S3Access, asked: Asked[], admit: Admit) => {
  const commit = committing()
  const act = async (call: Call, warehouse: string | null): Promise<Reply> => {
    const { operation, table, body } = call
    if (operation === 'getConfig') return configOf(warehouse, s3.bucket)
    if (isWrite(operation) && !admit(operation, table)) return tooMany
    if (operation === 'createTable' || operation === 'updateTable') {
      const refused = refusalOf(body)
      if (refused !== undefined) return refused
    }
    const forward = () => forwarded(java, call)
    if (operation === 'updateTable') return commit(table, forward)
    const reply = await forward()
    return reply.status === 200 && operation !== 'createNamespace' ? vended(reply, s3) : reply
  }
  return async (request: IncomingMessage): Promise<Reply> => {
    if (request.headers.authorization !== `Bearer ${token}`) return denied
    const url = new URL(request.url ?? '', 'http://catalog')
    const call = callOf(request.method ?? '', url.pathname, s3.bucket, await text(request))
    if (call === undefined) return notFound
    const began = Date.now()
    const reply = await act(call, url.searchParams.get('warehouse'))
    const at = Date.now()
    asked.push({ ...call, at, status: reply.status, ms: at - began })
    return reply
  }
}

const isWrite = (operation: Operation): operation is Write => /^(create|update)/.test(operation)

interface Call {
  readonly operation: Operation
  readonly method: string
  readonly table: string
  /** At the server behind. */
  readonly path: string
  readonly body: string
}

/** What is asked for; undefined where there is nothing of the kind. Of query and headers nothing else has an effect. */
const callOf = (method: string, path: string, bucket: string, body: string): Call | undefined => {
  const root = `/${account}/${bucket}/v1/`
  if (`${method} ${path}` === `GET ${root}config`) {
    return { operation: 'getConfig', method, table: '', path: '', body }
  }
  if (!path.startsWith(`${root}${prefix}/namespaces`)) return undefined
  const rest = path.slice(`${root}${prefix}/`.length)
  const [, , , table = '', last] = rest.split('/')
  const operation = operationOf(method, rest.split('/').length, last)
  return operation && { operation, method, table, path: `/v1/${rest}`, body }
}

const operationOf = (method: string, parts: number, last?: string): Operation | undefined => {
  const operations: Readonly<Record<string, Operation>> = {
    'POST 1': 'createNamespace',
    'POST 3': 'createTable',
    'GET 4': 'loadTable',
    'POST 4': 'updateTable',
    'GET 5 credentials': 'loadCredentials',
  }
  return operations[[method, parts, ...(last === undefined ? [] : [last])].join(' ')]
}

const configOf = (warehouse: string | null, bucket: string): Reply =>
  warehouse === `${account}_${bucket}`
    ? json(200, { defaults: {}, overrides: { prefix }, endpoints })
    : failure(400, 'BadRequestException', 'warehouse is required')

type Members = Readonly<Record<string, Json>>

/** What only Cloudflare may say, where a change would say it. */
const refusalOf = (body: string): Reply | undefined => {
  const { properties = {}, updates = [] } = parseJson(body) as Members
  const changes = [{ action: 'set-properties', updates: properties }, ...(updates as Members[])]
  for (const { action, updates: set, removals } of changes) {
    if (/^(add|remove)-encryption-key$/.test(String(action))) {
      return failure(501, 'NotImplementedException', 'table encryption is not supported')
    }
    const names = [...Object.keys((set ?? {}) as Members), ...((removals ?? []) as string[])]
    const blocked = names.find(isBlocked)
    if (blocked !== undefined) return failure(409, 'FailedToSetProperties', blocked)
  }
  return undefined
}

const allowed = ['compression-codec', 'delete-after-commit.enabled', 'previous-versions-max']

const isBlocked = (name: string): boolean =>
  /^write\.(data\.path|metadata)/.test(name) &&
  !allowed.map((one) => `write.metadata.${one}`).includes(name)

/** Commits that lost against one that was under way beside them are told so in R2's own way, others in the specification's. */
const committing = () => {
  const done = new Map<string, number>()
  const underWay = new Map<string, number>()
  return async (table: string, forward: () => Promise<Reply>): Promise<Reply> => {
    const before = done.get(table) ?? 0
    underWay.set(table, (underWay.get(table) ?? 0) + 1)
    const reply = await forward()
    underWay.set(table, (underWay.get(table) ?? 1) - 1)
    if (reply.status === 200) done.set(table, (done.get(table) ?? 0) + 1)
    const met = (done.get(table) ?? 0) > before || (underWay.get(table) ?? 0) > 0
    return reply.status === 409 && met
      ? failure(400, 'ConcurrentUpdateError', 'the table was updated concurrently')
      : reply
  }
}

const forwarded = async (java: RestCatalog, { method, path, body }: Call): Promise<Reply> => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(java.uri + path, {
    method,
    headers,
    ...(method === 'POST' && { body }),
  })
  // No ETag either.
  const type = response.headers.get('content-type') ?? ''
  return {
    status: response.status,
    body: await response.text(),
    headers: { 'content-type': type },
  }
}

/** An answer with a table, or with credentials alone: they are always handed out, and nothing is ever signed for others. */
const vended = (reply: Reply, s3: S3Access): Reply => {
  const config = {
    's3.access-key-id': s3.accessKeyId,
    's3.secret-access-key': s3.secretAccessKey,
    's3.endpoint': s3.endpoint,
    's3.path-style-access': 'true',
    's3.remote-signing-enabled': 'false',
    'client.region': s3.region,
  }
  const credentials = [{ prefix: `s3://${s3.bucket}`, config }]
  const body = parseJson(reply.body) as Members
  return json(200, { ...body, config, 'storage-credentials': credentials })
}
