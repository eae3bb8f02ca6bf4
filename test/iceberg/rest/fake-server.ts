// A small Iceberg REST catalog over HTTP that does as it is told: what no catalog at hand shows, it shows.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { stringifyJson } from '../../../src/iceberg/json.ts'
import { listen } from '../../tools/listen.ts'
import { FakeTables, type Reply } from './fake-tables.ts'

/** A request as it was on the wire. */
export interface Seen {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** What happens to the next request instead of what it asks for. */
export interface Fault {
  /** Of the requests whose method and path match; without it of any. */
  readonly on?: RegExp
  /** How often; once without it. */
  readonly times?: number
  /** The request is done all the same, and its answer lost. */
  readonly done?: boolean
  /** The answer; without it the connection is cut. */
  readonly status?: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Cuts the connection in the middle of the answer. */
  readonly cut?: boolean
  /** No answer ever. */
  readonly hang?: boolean
}

export interface FakeServerOptions {
  /** What stands between `/v1/` and the rest of a path, byte for byte. */
  readonly prefix?: string
  /** Between the levels of a namespace, byte for byte. */
  readonly separator?: string
  /** The answer of `GET /v1/config`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** What answers with a table carry besides it. */
  readonly extras?: () => Readonly<Record<string, unknown>>
  /** A status other than 200 refuses a request. */
  readonly authorize?: (request: Seen) => Reply
  /** What else there is, such as a token endpoint. */
  readonly other?: (request: Seen) => Reply | undefined
  /** With these it speaks TLS. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

export interface FakeServer {
  readonly uri: string
  readonly tables: FakeTables
  readonly seen: Seen[]
  fail(fault: Fault): void
  close(): Promise<void>
}

/** Starts a catalog on a free port. */
export const startFakeServer = async (options: FakeServerOptions = {}): Promise<FakeServer> => {
  const tables = new FakeTables()
  const seen: Seen[] = []
  const faults: Fault[] = []
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await read(incoming)
    seen.push(request)
    const fault = takeFault(faults, request)
    if (fault === undefined) return reply(response, route(request, tables, options))
    if (fault.done) route(request, tables, options)
    fail(response, fault)
  }
  const { certificate } = options
  const server =
    certificate === undefined ? createServer(answer) : createTlsServer(certificate, answer)
  const { url: uri, stop: close } = await listen(server)
  return {
    uri,
    tables,
    seen,
    fail: (fault) => faults.push(fault),
    close,
  }
}

const read = async (incoming: IncomingMessage): Promise<Seen> => {
  const { method = '', url = '', headers } = incoming
  let body = ''
  for await (const piece of incoming.setEncoding('utf8')) body += piece
  return { method, url, headers: headers as Seen['headers'], body }
}

/** The first fault that fits, one time less. */
const takeFault = (faults: Fault[], { method, url }: Seen): Fault | undefined => {
  const i = faults.findIndex(({ on }) => on === undefined || on.test(`${method} ${url}`))
  const fault = faults[i]
  if (fault === undefined) return undefined
  const { times = 1 } = fault
  faults.splice(i, 1, ...(times > 1 ? [{ ...fault, times: times - 1 }] : []))
  return fault
}

const fail = (response: ServerResponse, fault: Fault): void => {
  if (fault.hang) return
  if (fault.status === undefined) {
    response.destroy()
    return
  }
  response.writeHead(fault.status, fault.headers)
  if (fault.cut) {
    response.write(fault.body ?? '{"metadata":', () => response.destroy())
  } else response.end(fault.body)
}

const reply = (response: ServerResponse, { status, body, type }: Reply): void => {
  const error = { error: { message: `told: ${type}`, type, code: status } }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(stringifyJson(status === 200 ? body : error))
}

const route = (request: Seen, tables: FakeTables, options: FakeServerOptions): Reply => {
  const other = options.other?.(request)
  if (other !== undefined) return other
  const refused = options.authorize?.(request)
  if (refused !== undefined && refused.status !== 200) return refused
  const { method, url } = request
  const [path = ''] = url.split('?')
  if (`${method} ${path}` === 'GET /v1/config') {
    return { status: 200, body: options.config ?? { defaults: {}, overrides: {} } }
  }
  const root = `/v1/${options.prefix === undefined ? '' : `${options.prefix}/`}`
  if (!path.startsWith(`${root}namespaces`)) return { status: 404, type: 'NotFoundException' }
  return operation(request, path.slice(root.length).split('/'), tables, options)
}

const operation = (
  { method, body }: Seen,
  [, namespace = '', , table, credentials]: readonly string[],
  tables: FakeTables,
  { separator = '%1F', extras = () => ({}) }: FakeServerOptions,
): Reply => {
  if (namespace === '') return tables.createNamespace(body)
  const name = namespace.split(separator).map(decodeURIComponent).join('.')
  if (table === undefined) return withExtras(tables.createTable(name, body), extras)
  const key = `${name}/${decodeURIComponent(table)}`
  if (credentials !== undefined) return { status: 200, body: extras() }
  if (method === 'POST') return tables.commit(key, body)
  return withExtras(tables.loadTable(key), extras)
}

const withExtras = (reply: Reply, extras: () => Readonly<Record<string, unknown>>): Reply =>
  reply.status === 200 ? { ...reply, body: { ...(reply.body as object), ...extras() } } : reply
