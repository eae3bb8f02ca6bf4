import { type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { rpcStatus } from '../../src/otlp/response.ts'

/** What node:http cannot parse never reaches the application. It is answered here, in OTLP's words. */

interface Refusal {
  readonly status: number
  /** `google.rpc.Code` */
  readonly code: number
  readonly message: string
}

/** Node's error codes; any other is a request that is no HTTP. */
const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: 8, message: 'the request headers are too large' },
  // Node would say 408, which the Collector takes for final.
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 503,
    code: 14,
    message: 'the request headers did not arrive in time',
  },
}

const noHttp: Refusal = { status: 400, code: 3, message: 'this is no HTTP request' }

/** Answers what the server cannot parse and closes its connection. */
export const answerClientErrors = (server: Server): void => {
  const answering = new WeakMap<Duplex, ServerResponse>()
  server.prependListener('request', ({ socket }, response) => {
    answering.set(socket, response)
    response.once('close', () => answering.delete(socket))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Half an answer may be out already: a second one behind it would be read as its end.
    const silent = error.code === 'ECONNRESET' || answering.get(socket)?.headersSent
    if (silent || !socket.writable) socket.destroy()
    else socket.end(answer(refusals[error.code ?? ''] ?? noHttp))
  })
}

const answer = ({ status, code, message }: Refusal): Uint8Array => {
  const body = rpcStatus('protobuf', code, message)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/x-protobuf',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${body.length}`,
    ...(status === 503 ? ['Retry-After: 1'] : []),
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}
