/** An HTTP server whose requests become events for a function, as a Function URL, a gateway or a load balancer has it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { HttpAnswer } from '../../../runtimes/lambda/http-answer.ts'
import { type EventKind, eventKinds } from '../../runtimes/lambda-bridge.ts'
import { listen } from '../../tools/listen.ts'

export interface Bridge {
  /** What stands before `/v1/logs`. */
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Bytes of an event at most; AWS answers 413 to what would be more. */
const maxEvent = 6 * 1024 * 1024

/** Listens on a free port. `invoke` takes an event; what is no answer to HTTP is a failed function, and so 502. */
export const startBridge = async (
  kind: EventKind,
  invoke: (event: unknown) => Promise<unknown>,
): Promise<Bridge> => {
  const server = createServer(async (request, response) => {
    try {
      const event = eventKinds[kind](await partsOf(request))
      if (Buffer.byteLength(JSON.stringify(event)) > maxEvent) return refuse(response, 413)
      const answer = (await invoke(event)) as Partial<HttpAnswer>
      if (answer.statusCode === undefined) return refuse(response, 502)
      response.writeHead(answer.statusCode, { ...answer.headers, ...lists(answer) })
      response.end(Buffer.from(answer.body ?? '', answer.isBase64Encoded ? 'base64' : 'utf8'))
    } catch (error) {
      response.destroy(error as Error)
    }
  })
  return listen(server)
}

const partsOf = async (request: IncomingMessage) => ({
  method: request.method ?? 'GET',
  path: new URL(request.url ?? '/', 'http://bridge').pathname,
  headers: Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, textOf(String(value))]),
  ),
  bytes: await buffer(request),
})

/** node:http gives a character for each byte; events hold text. */
const textOf = (value: string): string => Buffer.from(value, 'latin1').toString('utf8')

const lists = ({ multiValueHeaders = {} }: Partial<HttpAnswer>) =>
  Object.fromEntries(Object.entries(multiValueHeaders).map(([name, values]) => [name, [...values]]))

const refuse = (response: ServerResponse, status: number) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"Message":null}')
