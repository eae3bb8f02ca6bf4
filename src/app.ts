import { type Context, Hono } from 'hono'
import { describeError, type ErrorKind, IngestError } from './errors.ts'
import { type Admission, createAdmission, type Reservation } from './http/admission.ts'
import { type Auth, authorize, challengeOf } from './http/auth.ts'
import { type Receive, receiveStream } from './http/body.ts'
import { crossOrigin } from './http/cors.ts'
import { withDeadline } from './http/deadline.ts'
import { type IntakeOptions, type Limits, takeIn } from './http/intake.ts'
import { type Decode, encodingOf, type Inflate, unsupportedType } from './http/negotiation.ts'
import { keepAnswer } from './http/readiness.ts'
import { createRefusals, type Refused } from './http/refusals.ts'
import { type AnswerEncoding, answerEncoding, reply } from './http/reply.ts'
import type { Encoding, Ingest, IngestRequest, IngestResult, Signal } from './ingest.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { exportResponse, type PartialSuccess, rpcStatus } from './otlp/response.ts'

export type { Admission, Auth, Decode, Inflate, Limits, Receive, Refused, Reservation }
export { createAdmission, createRefusals }

/** What a runtime hands to the application. */
export interface AppOptions {
  readonly ingest: Ingest
  /** Resolves when requests could be stored now; rejects with an `IngestError`. */
  readonly ready: () => Promise<void>
  /** The content codings this runtime has; any other is 415. */
  readonly inflate: Inflate
  readonly auth: Auth
  readonly limits: Limits
  /** Where several applications share one memory; else the limit's bytes are this one's. */
  readonly admission?: Admission
  /** Where several applications write one log; else what is refused is told for this one. */
  readonly refused?: Refused
  /** What stands before `/v1/…`: `''` or `/otlp`. */
  readonly basePath?: string
  /** Origins whose pages may send; none: no CORS at all. */
  readonly corsOrigins?: readonly string[]
  readonly metrics: Metrics
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** How bodies are read; the fetch API's stream without it. */
  readonly receive?: Receive
  /** Milliseconds that the runtime leaves for a request, by its `env`; it gets no more than that. */
  readonly remainingMs?: (env: unknown) => number
}

const signals: readonly Signal[] = ['logs', 'traces', 'metrics']

/** Milliseconds for which an answer of `/ready` is kept. */
const keepReadyMs = 5000

/**
 * Seconds in `Retry-After`. Small, because several SDKs give up after ten seconds in all, and one
 * longer than a sender's whole budget makes it drop the data at once.
 */
const retryAfter = { 'Retry-After': '1' }

/**
 * OTLP/HTTP (opentelemetry-proto, docs/specification.md, "OTLP/HTTP"): `POST /v1/{logs,traces,
 * metrics}`, and `GET /health` and `/ready` for probes. A trailing slash makes no difference.
 */
export const createApp = (options: AppOptions): Hono => {
  const app = new Hono({ strict: false })
  const base = (options.basePath ?? '').replace(/\/+$/, '')
  if (options.corsOrigins?.length) app.use(crossOrigin(options.corsOrigins))
  const refused = options.refused ?? createRefusals(options.log, options.now ?? Date.now)
  const exporting = exportHandlers(options, refused)
  for (const signal of signals) app.all(`${base}/v1/${signal}`, exporting(signal))
  for (const prefix of new Set(['', base])) {
    app.all(
      `${prefix}/health`,
      probe(async () => {}),
    )
    app.all(`${prefix}/ready`, probe(readiness(options)))
  }
  app.notFound((c) => {
    // Without the path: some senders carry a key in it.
    options.log('debug', 'request', { status: 404 })
    const paths = `${base}/v1/logs, ${base}/v1/traces or ${base}/v1/metrics`
    const error = `no such path: send to ${paths}`
    refused('path', refusal, { status: 404, error })
    return refuse(c, 404, error)
  })
  app.onError((error, c) => {
    options.log('error', 'a request failed unexpectedly', { error: describeError(error) })
    return failure(error, encodingOf(c.req.header('content-type')), options.auth)
  })
  return app
}

/** Of a request whose sender has to do something about it. */
const refusal = 'a request was refused'

/** What all handlers share. */
interface Shared {
  readonly intake: IntakeOptions
  readonly refused: Refused
}

/** A handler for each signal, and what they share. */
const exportHandlers = (options: AppOptions, refused: Refused) => {
  const { inflate, limits, metrics } = options
  const inflight = (bytes: number) => metrics.gauge('inflight_bytes', bytes)
  const admission = options.admission ?? createAdmission(limits.maxInflightBytes, inflight)
  const intake = { receive: options.receive ?? receiveStream, inflate, limits, admission }
  const shared = { intake, refused }
  return (signal: Signal) => (c: Context) => answerExport(c, signal, options, shared)
}

/** One export request: answered, counted and logged once, whatever happens. */
const answerExport = async (
  c: Context,
  signal: Signal,
  options: AppOptions,
  { intake, refused }: Shared,
): Promise<Response> => {
  const { now = Date.now } = options
  const arrivedAt = now()
  const encoding = encodingOf(c.req.header('content-type'))
  const exchange: Exchange = { signal, encoding, arrivedAt, bytes: 0, records: 0, requestId: '' }
  const answer =
    c.req.method === 'POST'
      ? await storeExport(c, exchange, options, intake)
          .then((result) => success(exchange, result, refused))
          .catch((error: unknown) => explain(error, exchange, options, refused))
      : useOther(c, 'use POST', 'POST', refused)
  report(exchange, answer.status, now() - arrivedAt, options)
  return answer
}

/** What is known of a request by the time it is answered. */
interface Exchange {
  readonly signal: Signal
  readonly encoding: Encoding | undefined
  readonly arrivedAt: number
  /** Of the body after decompression. */
  bytes: number
  records: number
  requestId: string
  /** What it waits for, once its body is there. */
  waitingFor?: string
}

/** The way to the tables. Storing that outlasts the deadline goes on, and holds its room until it ends. */
const storeExport = async (
  c: Context,
  exchange: Exchange,
  { auth, ingest, limits, log, metrics, now = Date.now, remainingMs }: AppOptions,
  intake: IntakeOptions,
): Promise<IngestResult> => {
  const { signal, encoding, arrivedAt } = exchange
  await authorize(auth, c.req.raw)
  if (encoding === undefined) throw unsupportedType(c.req.header('content-type'))
  const deadlineMs = allowedMs(limits.requestDeadlineMs, remainingMs, c)
  const { wireBytes, inflated, reservation } = await takeIn(c.req.raw, c.env, intake)
  metrics.count('received_bytes', { signal, stage: 'wire' }, wireBytes)
  const reached: IngestRequest['reached'] = (requestId, waitingFor) => {
    Object.assign(exchange, { requestId, waitingFor })
  }
  const work = async (): Promise<IngestResult> => {
    try {
      exchange.waitingFor = 'its decompression'
      const body = await inflated()
      exchange.bytes = body.length
      exchange.waitingFor = 'the destination'
      metrics.count('received_bytes', { signal, stage: 'inflated' }, body.length)
      const deadline = now() + deadlineMs
      return await ingest({ signal, encoding, body, receivedAt: arrivedAt, deadline, reached })
    } finally {
      reservation.release()
    }
  }
  return withDeadline(work(), deadlineMs, 'storing took too long, try again', (error) => {
    const { requestId } = exchange
    if (error === undefined) {
      log('info', 'a request was stored after its deadline', { signal, requestId })
    } else {
      const facts = { signal, requestId, error: describeError(error) }
      log('error', 'a request failed after its deadline', facts)
    }
  })
}

/** Milliseconds that something may take. @throws IngestError `deadline` when the runtime leaves none: then nothing is begun */
const allowedMs = (limit: number, remainingMs: AppOptions['remainingMs'], c: Context): number => {
  const left = remainingMs?.(c.env) ?? limit
  if (left <= 0) throw new IngestError('deadline', 'too little time is left, try again')
  return Math.min(limit, left)
}

const success = (exchange: Exchange, result: IngestResult, refused: Refused): Response => {
  const { signal } = exchange
  const { records, requestId } = result
  Object.assign(exchange, { records, requestId })
  const encoding = answerEncoding(exchange.encoding)
  const partial = partialSuccess(result)
  if (partial !== undefined) {
    refused('records', 'records were rejected', { signal, error: partial.message, requestId })
  }
  return reply(200, encoding, exportResponse(signal, encoding, partial))
}

/** `3 rejected: <reason> (2); <reason> (1)`, or undefined when every record was stored. */
const partialSuccess = ({ rejected }: IngestResult): PartialSuccess | undefined => {
  const reasons = [...rejected].filter(([, count]) => count > 0)
  if (reasons.length === 0) return undefined
  const total = reasons.reduce((sum, [, count]) => sum + count, 0)
  const listed = reasons.map(([reason, count]) => `${reason} (${count})`).join('; ')
  return { rejected: total, message: `${total} rejected: ${listed}` }
}

/** The answer to a request that was not stored; what an operator must know goes to the log. */
const explain = (
  error: unknown,
  { signal, encoding, waitingFor, bytes, requestId }: Exchange,
  { auth, log, metrics }: AppOptions,
  refused: Refused,
): Response => {
  const known = knownOf(error)
  const { kind } = known
  metrics.count('refused_requests', { signal, reason: kind })
  if (kind === 'internal' || kind === 'unavailable') {
    log('error', 'a request could not be stored', { signal, kind, error: describeError(error) })
  } else if (kind === 'deadline') {
    // Where storage hangs for good this is all that there ever is.
    const facts = { bytes: bytes || undefined, requestId: requestId || undefined }
    const all = { signal, error: describeError(error), waitingFor, ...facts }
    log('warn', 'a request was not stored in time', all)
  } else {
    const { status } = failures[kind]
    refused(kind, refusal, { signal, kind, status, error: known.message })
  }
  return failure(known, encoding, auth)
}

/**
 * An error as an answer. `status` decides what a sender does: 503 is sent again, everything else
 * is dropped. `code` is the matching `google.rpc.Code`.
 */
const failures: Record<ErrorKind, { status: number; code: number }> = {
  malformed: { status: 400, code: 3 },
  unauthenticated: { status: 401, code: 16 },
  'too-large': { status: 413, code: 8 },
  unsupported: { status: 415, code: 3 },
  overloaded: { status: 503, code: 14 },
  stalled: { status: 503, code: 14 },
  deadline: { status: 503, code: 14 },
  unavailable: { status: 503, code: 14 },
  internal: { status: 500, code: 13 },
}

/** Of what nobody foresaw a sender is told nothing. */
const knownOf = (error: unknown): IngestError =>
  error instanceof IngestError
    ? error
    : new IngestError('internal', 'internal error', { cause: error })

const failure = (error: unknown, encoding: Encoding | undefined, auth: Auth): Response => {
  const known = knownOf(error)
  const { status, code } = failures[known.kind]
  const challenge = known.kind === 'unauthenticated' ? challengeOf(auth) : undefined
  return statusReply(status, code, known.message, answerEncoding(encoding), {
    ...(known.retryable ? retryAfter : {}),
    ...(known.kind === 'stalled' ? { Connection: 'close' } : {}),
    ...(challenge ? { 'WWW-Authenticate': challenge } : {}),
  })
}

/** `google.rpc.Code.UNIMPLEMENTED` */
const unimplemented = 12

/** To a request by another method. */
const useOther = (c: Context, error: string, Allow: string, refused: Refused): Response => {
  refused('method', refusal, { status: 405, error })
  return refuse(c, 405, error, { Allow })
}

/** An answer to a request for something that is not here. */
const refuse = (
  c: Context,
  status: 404 | 405,
  message: string,
  headers?: Readonly<Record<string, string>>,
): Response =>
  statusReply(
    status,
    unimplemented,
    message,
    answerEncoding(encodingOf(c.req.header('content-type'))),
    headers,
  )

const statusReply = (
  status: number,
  code: number,
  message: string,
  encoding: AnswerEncoding,
  headers?: Readonly<Record<string, string>>,
): Response => reply(status, encoding, rpcStatus(encoding, code, message), headers)

/** `GET`, answered in JSON. */
const probe = (check: (c: Context) => Promise<void>) => async (c: Context) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    return refuse(c, 405, 'use GET', { Allow: 'GET, HEAD' })
  }
  return check(c).then(
    () => reply(200, 'json', '{"status":"ok"}'),
    (error: unknown) => failure(error, 'json', { kind: 'none' }),
  )
}

/** Whether requests could be stored, known within the deadline; whatever the trouble is, it may pass. */
const readiness = (options: AppOptions): ((c: Context) => Promise<void>) => {
  const { ready, limits, remainingMs, log, now = Date.now } = options
  const ask = async (c: Context): Promise<void> => {
    try {
      const deadlineMs = allowedMs(limits.requestDeadlineMs, remainingMs, c)
      await withDeadline(ready(), deadlineMs, 'not ready in time', () => {})
    } catch (error) {
      log('warn', 'not ready', { error: describeError(error) })
      throw error instanceof IngestError && error.retryable
        ? error
        : new IngestError('unavailable', 'not ready', { cause: error })
    }
  }
  return keepAnswer(ask, keepReadyMs, now)
}

/** Counts and logs a request: one line, nothing of its content. */
const report = (
  { signal, encoding, bytes, records, requestId }: Exchange,
  status: number,
  milliseconds: number,
  { log, metrics }: AppOptions,
): void => {
  metrics.count('requests', { signal, encoding: encoding ?? 'unknown', status: String(status) })
  metrics.observe('request_duration', { signal }, milliseconds / 1000)
  log('debug', 'request', {
    signal,
    encoding: encoding ?? 'unknown',
    status,
    records,
    bytes,
    milliseconds,
    requestId,
  })
}
