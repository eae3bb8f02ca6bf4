import type { Receive } from '../../src/app.ts'
import type { IngestError } from '../../src/errors.ts'
import { rpcStatus } from '../../src/otlp/response.ts'
import { answerTo, type HttpAnswer } from './http-answer.ts'
import { type EventRequest, type HttpEvent, requestOf } from './http-event.ts'

/** What the application gets beside a request (Hono's `c.env`). */
export interface EventEnv {
  readonly body: Uint8Array
  /** Why the body is not what was sent, if it is not. */
  readonly trouble?: IngestError
  /** Milliseconds until Lambda ends the invocation. */
  readonly remainingMs: number
}

/** An application of the fetch API. */
export type Fetch = (request: Request, env: EventEnv) => Response | Promise<Response>

/** Takes the body, which an event holds whole, without a stream around it. */
export const receiveEvent: Receive = async (_request, env, take) => {
  const { body, trouble } = env as EventEnv
  if (trouble !== undefined) throw trouble
  if (body.length > 0) take(body)
}

/** Lets the application answer an event. `refused` is called for one that it cannot be asked about. */
export const answerEvent = async (
  event: HttpEvent,
  remainingMs: number,
  fetch: Fetch,
  refused: () => void = () => {},
): Promise<HttpAnswer> => {
  let received: EventRequest
  try {
    received = requestOf(event)
  } catch {
    refused()
    return answerTo(event, noRequest())
  }
  const { request, ...body } = received
  return answerTo(event, await fetch(request, { ...body, remainingMs }))
}

/** `google.rpc.Code.INVALID_ARGUMENT` */
const invalidArgument = 3

/** To what HTTP may carry, and the fetch API refuses. */
const noRequest = (): Response =>
  new Response(rpcStatus('protobuf', invalidArgument, 'this is no request for this server'), {
    status: 400,
    headers: { 'Content-Type': 'application/x-protobuf', 'X-Content-Type-Options': 'nosniff' },
  })
