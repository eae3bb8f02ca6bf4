/** Talks to a catalog: says who it is, once more with other credentials when they are refused; tries again what may be. */
import { IngestError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { stringifyJson } from '../json.ts'
import { backoff, type Clock } from '../retry.ts'
import { within } from '../waiting.ts'
import { type Diagnosis, diagnosisOf, refusal } from './advice.ts'
import { errorWords, type Properties } from './answers.ts'
import { deeds, type Question } from './asked.ts'
import { createAuthorizer, type RestAuth } from './auth.ts'
import type { Authorizer } from './authorizer.ts'
import { meaningOf } from './errors.ts'
import { exchange, type Fetch, type HttpAnswer, type HttpRequest, NoAnswer } from './http.ts'

export interface RestClientOptions {
  readonly auth: RestAuth
  /** The catalog's properties as they are known now: at first what this program sets. */
  readonly properties: () => Properties
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Log
  /** For one request and its answer. */
  readonly timeoutMs: number
}

/** A request, and what it is for. */
export interface Call extends Question {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** An answer that says to come later, and stays, is given to the caller as others are. */
  readonly takesThrottled?: boolean
}

export interface RestClient {
  /**
   * Sends a call once, twice when its credentials were refused.
   * @throws NoAnswer; IngestError when nothing was sent, for want of credentials
   */
  once(call: Call): Promise<HttpAnswer>
  /**
   * Sends a call that may be repeated until its answer is one that stays, a few times at most.
   * @throws IngestError when none came
   */
  repeatedly(call: Call): Promise<HttpAnswer>
  /** Logs an answer that was not hoped for. @returns the error to throw */
  refused(call: Call, answer: HttpAnswer): IngestError
  /** What an answer that was not hoped for is about. */
  diagnosis(call: Call, answer: HttpAnswer): Diagnosis
}

const maxAttempts = 6
/** A catalog that wants to be left alone for longer is not waited for. */
const maxRetryAfterMs = 5_000

/** A client of one catalog. */
export const createRestClient = (options: RestClientOptions): RestClient => {
  const { auth, properties, clock } = options
  const bare = (request: HttpRequest, signal?: AbortSignal) => send(request, options, signal)
  const authorizer = createAuthorizer(auth, {
    properties,
    now: clock.now,
    send: (request) => repeat({ ...request, asked: 'getToken' }, () => bare(request), options),
  })
  const once = (call: Call) => authorized(call, authorizer, bare)
  return {
    once,
    repeatedly: (call) => repeat(call, () => once(call), options),
    refused: (call, answer) => refused(call, answer, options),
    diagnosis: (call, answer) => diagnosisOf(call, answer, serviceOf(options)),
  }
}

const serviceOf = ({ auth }: RestClientOptions): string | undefined =>
  auth.type === 'sigv4' ? auth.signingName : undefined

/** Logs an answer in a line of its own. @returns the same for whom the request came from: `cannot load a table: …` */
const refused = (
  call: Call,
  answer: HttpAnswer,
  options: RestClientOptions,
  attempt?: number,
): IngestError => {
  const diagnosis = diagnosisOf(call, answer, serviceOf(options))
  const { advice } = diagnosis
  const { type, message: reason } = errorWords(answer)
  const { status } = answer
  const error = refusal(call, answer, diagnosis)
  const facts = { ...about(call), status, type, reason, ...placeOf(call), attempt, advice }
  options.log('error', error.message, facts)
  return error
}

/** What a call is about, for the log. */
const about = ({ of }: Call) => ({ namespace: of?.namespace.join('.'), table: of?.name })

/** Whom a call asks for what, for the log: a query may hold what is nobody's business. */
const placeOf = ({ url }: Call) => {
  const { host, pathname: path } = new URL(url)
  return { host, path }
}

const send = (
  request: HttpRequest,
  { fetch, timeoutMs, clock }: RestClientOptions,
  signal?: AbortSignal,
): Promise<HttpAnswer> =>
  exchange(fetch, request, { timeoutMs, now: clock.now, ...(signal !== undefined && { signal }) })

type Send = (request: HttpRequest, signal?: AbortSignal) => Promise<HttpAnswer>

const authorized = async (call: Call, auth: Authorizer, send: Send): Promise<HttpAnswer> => {
  const { signal } = call
  const request = requestOf(call)
  const first = await within(auth.authorize(request), signal)
  const answer = await send(first, signal)
  if (!meaningOf(answer).credentials) return answer
  const isWorthIt = await within(auth.renew(first), signal)
  return isWorthIt ? send(await within(auth.authorize(request), signal), signal) : answer
}

const requestOf = ({ method, url, headers = {}, body }: Call): HttpRequest => ({
  method,
  url,
  headers: {
    accept: 'application/json',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  },
  body: body === undefined ? '' : stringifyJson(body),
})

const repeat = async (
  call: Call,
  send: () => Promise<HttpAnswer>,
  options: RestClientOptions,
): Promise<HttpAnswer> => {
  const { clock, log } = options
  const { signal } = call
  const deed = deeds[call.asked]
  for (let attempt = 1; ; attempt++) {
    const result = await send().catch(noAnswer(deed, signal))
    const isAnswer = !(result instanceof NoAnswer)
    const wait = Math.max(backoff(attempt), isAnswer ? (result.retryAfterMs ?? 0) : 0)
    if (isAnswer && !meaningOf(result).passing) return result
    const reason = isAnswer ? `${result.status}` : result.message
    if (attempt === maxAttempts || wait > maxRetryAfterMs) {
      if (isAnswer && call.takesThrottled && meaningOf(result).commit === 'throttled') return result
      if (isAnswer) throw refused(call, result, options, attempt)
      const message = `cannot ${deed}: the catalog does not answer`
      log('error', message, { ...about(call), reason, ...placeOf(call), attempt })
      throw new IngestError('unavailable', message, { cause: result })
    }
    log('debug', `the catalog has to be asked again to ${deed}`, { reason, attempt })
    await within(clock.sleep(wait), signal).catch(gaveUp(deed))
  }
}

/** What may pass is returned; what the caller no longer waits for, and what will not pass, is thrown. */
const noAnswer =
  (deed: string, signal: AbortSignal | undefined) =>
  (error: unknown): NoAnswer => {
    if (signal?.aborted) return gaveUp(deed)(error)
    if (error instanceof NoAnswer) return error
    throw error
  }

const gaveUp =
  (deed: string) =>
  (cause: unknown): never => {
    throw new IngestError('unavailable', `cannot ${deed} in time`, { cause })
  }
