import pLimit from 'p-limit'
import { IngestError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Sha256 } from '../sha256.ts'
import { type CredentialProvider, cacheCredentials } from './s3-credentials.ts'
import { credentialCodes, type S3Error } from './s3-errors.ts'
import {
  type Body,
  createExchange,
  type ExchangeOptions,
  Late,
  type S3Request,
  type S3Response,
} from './s3-exchange.ts'

/** How often, and how long apart, a call is tried that failed for a reason which may pass. */
export interface RetryPolicy {
  /** Attempts in all. */
  readonly attempts: number
  /** The wait after attempt n is random, up to `baseMs` · 2^n but at most `maxMs`. */
  readonly baseMs: number
  readonly maxMs: number
}

export interface ClientOptions extends ExchangeOptions {
  readonly credentials: CredentialProvider
  readonly retry: RetryPolicy
  /** Calls on their way at once. */
  readonly maxCalls: number
  readonly sha256: Sha256
  readonly log: Log
}

export interface S3Answer extends S3Response {
  /** Whether an earlier attempt may have been carried out, though nobody said so. */
  readonly uncertain: boolean
}

export interface S3Client {
  /**
   * Signs and sends, tries again what may pass, and gives the last answer, good or bad.
   * @throws IngestError `unavailable` when there was no answer
   */
  send(request: S3Request): Promise<S3Answer>
  /** The bytes as a body. */
  bodyOf(bytes: Uint8Array): Promise<Body>
}

/** A client of one bucket. */
export const createS3Client = (options: ClientOptions): S3Client => {
  const limit = pLimit(options.maxCalls)
  const sendUntilDone = createAttempts(options)
  const { log, sha256 } = options
  return {
    async send(request) {
      const answer = await limit(() => sendUntilDone(request))
      if (isWorthALine(request, answer)) {
        log('warn', 'S3 refused', { method: request.method, ...answer.error?.facts })
      }
      return answer
    },
    bodyOf: async (bytes) => ({ bytes, digest: await sha256([bytes]) }),
  }
}

/** What is not there, or is there already, is an answer like any other; HEAD's refusal has no reason. */
const isWorthALine = ({ method }: S3Request, { error, status }: S3Answer): boolean =>
  error !== null && method !== 'HEAD' && !error.isMissing && status !== 412 && status !== 416

/** What an attempt came to: an answer, or none and the reason. */
type Outcome = { readonly response: S3Response } | { readonly lost: unknown }

const createAttempts = (options: ClientOptions) => {
  const { retry, log } = options
  const attempt = createAttempt(options)
  return async (request: S3Request): Promise<S3Answer> => {
    let uncertain = false
    for (let tried = 1; ; tried++) {
      const outcome = await attempt(request)
      if (request.signal?.aborted) throw givenUp(request.signal)
      const waitMs = waitAfter(outcome, tried, retry)
      if (waitMs === null) {
        if ('lost' in outcome) throw unreachable(outcome.lost)
        return { ...outcome.response, uncertain }
      }
      uncertain ||= mayHaveHappened(outcome)
      const why = 'lost' in outcome ? { error: outcome.lost } : outcome.response.error?.facts
      log('debug', 'an S3 call is tried again', { method: request.method, ...why })
      await pause(waitMs, request.signal)
    }
  }
}

/** One exchange, or a second one when its credentials were refused and there are others. */
const createAttempt = (options: ClientOptions) => {
  const exchange = createExchange(options)
  const credentials = cacheCredentials(options.credentials, options.log)
  return async (request: S3Request): Promise<Outcome> => {
    const used = await credentials()
    const outcome = await settle(exchange(request, used))
    if ('lost' in outcome || !credentialCodes.has(outcome.response.error?.code ?? ''))
      return outcome
    const others = await credentials(used)
    return others === used ? outcome : settle(exchange(request, others))
  }
}

const settle = (exchange: Promise<S3Response>): Promise<Outcome> =>
  exchange.then(
    (response) => ({ response }),
    (lost: unknown) => {
      // Ours: nothing was sent.
      if (lost instanceof IngestError) throw lost
      return { lost }
    },
  )

const mayHaveHappened = (outcome: Outcome): boolean =>
  'lost' in outcome || outcome.response.status >= 500

/** S3's words for "not now" that come with statuses which are final otherwise. */
const passing: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
])

const passes = (status: number, error: S3Error | null): boolean =>
  status === 429 || (status >= 500 && status !== 501) || passing.has(error?.code ?? '')

/** Milliseconds until the next attempt ("full jitter"), or null when there should be none. */
const waitAfter = (outcome: Outcome, tried: number, retry: RetryPolicy): number | null => {
  if (tried >= retry.attempts) return null
  const jitter = Math.random() * Math.min(retry.maxMs, retry.baseMs * 2 ** tried)
  if ('lost' in outcome) return jitter
  const { status, error, headers } = outcome.response
  const askedMs = Number(headers.get('retry-after')) * 1000 || 0
  return passes(status, error) && askedMs <= retry.maxMs ? Math.max(askedMs, jitter) : null
}

const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      if (signal !== undefined) reject(givenUp(signal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })

const unavailable = (reason: string, cause: unknown): IngestError =>
  new IngestError('unavailable', `storage is unavailable: ${reason}`, { cause })

const unreachable = (lost: unknown): IngestError =>
  lost instanceof Late
    ? unavailable('the object store does not answer in time', lost)
    : unavailable('the object store cannot be reached', lost)

const givenUp = ({ reason }: AbortSignal): IngestError =>
  unavailable('the call was given up', reason)
