/**
 * R2 Data Catalog (Basin Catalog) as Cloudflare documents it in autumn 2026 ("Iceberg REST API compatibility", "Table
 * properties", "Limits"), before Iceberg's own Java REST server, which does the work: its paths, its tokens, what it hands out,
 * where it puts tables, what it has no ear for, its limits, and its own words for what goes wrong. Not here: views, transactions,
 * drops and renames, its request timeout of 40 seconds, maintenance.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { AwsClient } from 'aws4fetch'
import { type Json, parseJson, stringifyJson } from '../../../src/iceberg/json.ts'
import { listen } from '../../tools/listen.ts'
import type { RestCatalog, S3Access } from './catalog.ts'
import { startJavaRest } from './java-rest.ts'
import { type Admit, createLimits, type Write } from './r2-limits.ts'
import {
  type Current,
  concurrentUpdate,
  failure,
  forbidden,
  json,
  type Members,
  type Reply,
  refusedCommit,
  refusedCreation,
  refusedNamespace,
  tooMany,
  unauthorized,
} from './r2-refusals.ts'

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

/** What a token may: an "Admin Read & Write" one all, an "Admin Read only" one look, one of another bucket nothing. */
export type Rights = 'write' | 'read' | 'nothing'

export interface R2Catalog extends RestCatalog {
  /** The server behind, for readers, without tokens and limits. */
  readonly java: RestCatalog
  /** Every call with a good token, in the order of the answers. */
  readonly asked: readonly Asked[]
  /** What the one token may from now on; null: it was deleted, and is none any more. */
  grant(rights: Rights | null): void
  /** Counts writes of others, to tables of their own, toward the limits: as many as there is room for. */
  occupy(write: Write, count: number): void
  /**
   * What R2 forbids and this program never asks for: from now on its changes ask for it, too. Members of the body of
   * `createTable`, `updates` of commits.
   */
  alsoAsk(more: Members): void
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

const notFound = failure(404, 'NotFoundException', 'there is no such path')

/** What a test has changed of it. */
interface Changed {
  rights: Rights | null
  more: Members
}

/** Starts it over a bucket of S3, which stands for the bucket of R2 that it is of. */
export const startR2DataCatalog = async (
  s3: S3Access,
  { minuteMs = 60_000, now = Date.now }: R2CatalogOptions = {},
): Promise<R2Catalog> => {
  // A table of no namespace is refused.
  const java = await startJavaRest(s3, { CATALOG_JDBC_STRICT__MODE: 'true' })
  const asked: Asked[] = []
  const changed: Changed = { rights: 'write', more: {} }
  const admit = createLimits(minuteMs, now)
  const answer = answering({ java, s3, asked, admit, changed })
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
    grant: (rights) => Object.assign(changed, { rights }),
    occupy(write, count) {
      for (let i = 0; i < count; i++) admit(write, `${write} of others ${i % 10}`)
    },
    alsoAsk: (more) => Object.assign(changed, { more }),
    async stop() {
      await stop()
      await java.stop()
    },
  }
}

interface Place {
  readonly java: RestCatalog
  readonly s3: S3Access
  readonly asked: Asked[]
  readonly admit: Admit
  readonly changed: Changed
}

const answering = ({ java, s3, asked, admit, changed }: Place) => {
  const commit = committing()
  const act = async (call: Call, warehouse: string | null): Promise<Reply> => {
    const { operation, table } = call
    const { rights } = changed
    if (rights === 'nothing' || (rights === 'read' && isWrite(operation))) return forbidden
    if (operation === 'getConfig') return configOf(warehouse, s3.bucket)
    if (isWrite(operation) && !admit(operation, call.path)) return tooMany
    const whole = { ...call, body: wholeBody(call, s3.bucket, changed.more) }
    const refused = await refusalOf(whole, java, s3)
    if (refused !== undefined) return refused
    const forward = () => forwarded(java, whole)
    if (operation === 'updateTable') return commit(table, forward)
    const reply = await forward()
    return reply.status === 200 && operation !== 'createNamespace' ? vended(reply, s3) : reply
  }
  return async (request: IncomingMessage): Promise<Reply> => {
    const isKnown = request.headers.authorization === `Bearer ${token}`
    if (!isKnown || changed.rights === null) return unauthorized
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

/**
 * What is asked for. A table whose client does not say where lies in a folder that nobody had before: Cloudflare does not say
 * so, but buckets of many have such folders.
 */
const wholeBody = ({ operation, body }: Call, bucket: string, more: Members): string => {
  if (operation !== 'createTable' && operation !== 'updateTable') return body
  const { updates: added = [], ...members } = more
  const asked = parseJson(body) as Members
  if (operation === 'updateTable') {
    return stringifyJson({
      ...asked,
      updates: [...(asked.updates as Json[]), ...(added as Json[])],
    })
  }
  const location = `s3://${bucket}/__r2_data_catalog/${prefix}/${randomUUID()}`
  const properties = { ...(asked.properties as Members), ...(members.properties as Members) }
  return stringifyJson({ location, ...asked, ...members, properties })
}

/** What only Cloudflare may say, where a change would say it. */
const refusalOf = async (
  { operation, path, body }: Call,
  java: RestCatalog,
  s3: S3Access,
): Promise<Reply | undefined> => {
  switch (operation) {
    case 'createNamespace':
      return refusedNamespace(body)
    case 'createTable':
      return refusedCreation(body, (location) => isEmpty(s3, location))
    case 'updateTable':
      return refusedCommit(body, () => currentOf(java, path))
    default:
      return undefined
  }
}

const isEmpty = async (
  { endpoint, region, accessKeyId, secretAccessKey, bucket }: S3Access,
  location: string,
): Promise<boolean> => {
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3' })
  const folder = `${location.replace(`s3://${bucket}/`, '')}/`
  const query = new URLSearchParams({ 'list-type': '2', 'max-keys': '1', prefix: folder })
  const response = await client.fetch(`${endpoint}/${bucket}?${query}`)
  return !(await response.text()).includes('<Key>')
}

const currentOf = async (java: RestCatalog, path: string): Promise<Current> => {
  const table = parseJson(await (await fetch(java.uri + path)).text()) as Members
  const { 'table-uuid': uuid, location } = table.metadata as Members
  return { uuid: String(uuid), location: String(location) }
}

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
    return reply.status === 409 && met ? concurrentUpdate : reply
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
