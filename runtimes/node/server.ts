import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Config } from '../../src/config.ts'
import { KnownError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import { rpcStatus } from '../../src/otlp/response.ts'
import { answerClientErrors } from './client-error.ts'
import { trackRequests } from './drain.ts'
import { lingerOnEarlyAnswer } from './receive.ts'

/** A server that listens. */
export interface HttpServer {
  /** Where it can be reached: `http://127.0.0.1:4318`. */
  readonly url: string
  /** Answers what has begun, then ends; the number of requests that were cut when it took too long. */
  drain(): Promise<number>
}

/** node:http's own limits. Bodies have none here: the application watches them and answers 503, never 408. */
export const httpLimits = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 0,
  // Load balancers keep idle connections for 60 s; whoever closes first must not be us.
  keepAliveTimeout: 75_000,
  // How often the timeouts above are looked at.
  connectionsCheckingInterval: 2000,
  // Node would answer with nothing but a status; `errorHandler` says what is wrong.
  requireHostHeader: false,
}

const maxConnections = 8192

/**
 * What a drain may take beyond a request's own deadline, for bodies that arrive slowly; together
 * below the 30 s that Kubernetes waits before it kills.
 */
const drainSlackMs = 17_000

/**
 * Serves the application on the configured address.
 *
 * @throws the error of `listen` (`EADDRINUSE`, `EACCES`, …), or one that says why the certificate
 *   cannot be used
 */
export const serve = async (
  app: Hono,
  config: Config,
  log: Log,
  limits = httpLimits,
): Promise<HttpServer> => {
  const listener = getRequestListener(app.fetch, { errorHandler, autoCleanupIncoming: false })
  const server = createHttpServer(config, limits, listener)
  server.maxConnections = maxConnections
  server.prependListener('request', lingerOnEarlyAnswer)
  server.prependListener('request', nameHost)
  answerClientErrors(server)
  // RFC 9110, 10.1.1: an expectation that nobody here knows may be ignored. Node's 417 would lose data.
  server.on('checkExpectation', (...exchange) => server.emit('request', ...exchange))
  const { drain } = trackRequests(server)
  await listen(server, config)
  // Too many open files, say: the next connection may be fine.
  server.on('error', (error) => log('error', 'cannot accept a connection', { error }))
  return {
    url: urlOf(server, config),
    drain: () => drain(config.requestDeadlineMs + drainSlackMs),
  }
}

/**
 * HTTP/1.0 knows no `Host` (RFC 9112, 3.2 asks for it from 1.1 on), and probes of old load balancers
 * speak it; the URL that the application is given needs one.
 */
const nameHost = ({ httpVersion, headers }: IncomingMessage): void => {
  if (httpVersion === '1.0') headers.host ??= 'localhost'
}

const createHttpServer = (
  { tls }: Config,
  limits: typeof httpLimits,
  listener: RequestListener,
): Server => {
  if (tls === undefined) return createServer(limits, listener)
  const [cert, key] = [readPem(tls.cert), readPem(tls.key)]
  try {
    return createTlsServer({ ...limits, cert, key, handshakeTimeout: 10_000 }, listener)
  } catch (error) {
    throw new KnownError(`cannot use the certificate ${tls.cert} with ${tls.key}`, { cause: error })
  }
}

const readPem = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new KnownError(`cannot read ${path}`, { cause: error })
  }
}

const listen = (server: Server, { listenAddr: { host, port } }: Config): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject)
      resolve()
    })
  })

const urlOf = (server: Server, config: Config): string => {
  const { address, family, port } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  return `http${config.tls === undefined ? '' : 's'}://${host}:${port}`
}

/** Answers what never reaches the application: a request whose target or `Host` makes no URL. */
const errorHandler = (error: unknown): Response =>
  error instanceof RequestError
    ? status(400, 3, 'the request target or Host header is invalid')
    : status(500, 13, 'internal error')

const status = (status: number, code: number, message: string): Response =>
  new Response(rpcStatus('protobuf', code, message), {
    status,
    headers: { 'Content-Type': 'application/x-protobuf', 'X-Content-Type-Options': 'nosniff' },
  })
