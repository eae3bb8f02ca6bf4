import { AsyncLocalStorage } from 'node:async_hooks'
import { createApp } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { withDeadline } from '../../src/http/deadline.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import { awsCredentials } from '../node/credentials.ts'
import { openDestination } from '../node/open-destination.ts'
import { contentCodings } from '../shared/content-codings.ts'
import type { OpenDestination } from '../shared/destination.ts'
import { encoderOf, ingestOf } from '../shared/ingest.ts'
import { inflateOnce, ingestThenFree } from '../shared/own-memory.ts'
import type { EmbeddedMetrics } from './embedded-metrics.ts'
import { kindOf } from './event-kind.ts'
import { createGiveBack, memoryOf } from './give-back.ts'
import { answerEvent, type EventEnv, receiveEvent } from './http.ts'
import { createInit } from './init.ts'
import { readSecret } from './secret.ts'
import { openAuth } from './tokens.ts'
import { createTurn } from './turn.ts'
import { warmUpAll } from './warm-up.ts'

export interface LambdaOptions {
  readonly config: Config
  /** The program's version, for the files' footers. */
  readonly version: string
  readonly wasm: Promise<WebAssembly.Module>
  readonly log: Log
  readonly metrics: EmbeddedMetrics
}

/** What of Lambda's context is read. */
export interface LambdaContext {
  readonly awsRequestId: string
  getRemainingTimeInMillis(): number
}

export type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>

/**
 * Milliseconds before Lambda's timeout at which whoever asks is answered: time to say so, and to log it. With less than
 * that at its start nothing is begun.
 */
const marginMs = 1500

/** Bytes of the encoder's memory that stay between events: what a batch of 10,000 records takes, and half as much again. */
const maxMemoryBytes = 64 << 20

/**
 * Everything that Lambda has, put together: when the promise resolves, the first event finds all of it
 * loaded, and the encoder warm.
 */
export const createHandler = async (options: LambdaOptions): Promise<Handler> => {
  const { config, version, wasm, metrics } = options
  // One event at a time; but what an event's answer did not wait for goes on amid the next one, and is none of that.
  const invocation = new AsyncLocalStorage<string>()
  const log: Log = (level, message, facts) =>
    options.log(level, message, { ...facts, awsRequestId: invocation.getStore() })
  const opened = openDestination({ config, version, log, metrics })
  const prefetched = opened.then(prefetch).catch(() => {})
  const [destination, { auth, renew }, module] = await Promise.all([
    opened,
    authFor(config, log),
    wasm,
  ])
  const encoder = encoderOf(module, version, config, maxMemoryBytes)
  await warmUpAll(encoder, config)
  await prefetched
  const ingest = ingestOf(destination.to(encoder), config, { log, metrics })
  const app = createApp({
    ingest: (request) => ingestThenFree(ingest, request),
    ready: destination.ready,
    inflate: inflateOnce(contentCodings()),
    receive: receiveEvent,
    remainingMs: (env) => (env as EventEnv).remainingMs - marginMs,
    auth,
    limits: config,
    basePath: config.basePath ?? '',
    corsOrigins: config.corsOrigins ?? [],
    metrics,
    log,
  })
  const noRequest = () => reportNoRequest(log, metrics)
  const init = createInit(destination, log)
  const turn = createTurn(destination, log)
  const giveBack = createGiveBack(memoryOf(process.env))
  const answer = async (event: unknown, context: LambdaContext): Promise<unknown> => {
    const asked = kindOf(event)
    if (asked.kind === 'http') {
      await renew()
      return answerEvent(asked.event, context.getRemainingTimeInMillis(), app.fetch, noRequest)
    }
    const remainingMs = context.getRemainingTimeInMillis()
    if (asked.kind === 'init') return init(remainingMs - marginMs)
    return turn(Date.now() + remainingMs - marginMs)
  }
  const answerOrTell = async (event: unknown, context: LambdaContext): Promise<unknown> => {
    try {
      return await answer(event, context)
    } catch (error) {
      log('error', 'an invocation failed', { error })
      throw error
    } finally {
      metrics.flush()
      giveBack()
    }
  }
  return (event, context) =>
    invocation.run(context.awsRequestId, () => answerOrTell(event, context))
}

/** As the application counts and logs what it refuses. Why is not told: a header's value, of which it might be said, may be a token. */
const reportNoRequest = (log: Log, metrics: Metrics): void => {
  const labels = { signal: 'unknown', encoding: 'unknown' }
  metrics.count('refused_requests', { signal: 'unknown', reason: 'malformed' })
  metrics.count('requests', { ...labels, status: '400' })
  log('debug', 'request', { ...labels, status: 400 })
}

/** Milliseconds that an init waits for a catalog: a question that is open when a function is frozen may never be answered. */
const prefetchMs = 1000

/** Asks the catalog what requests need to know. What is wrong there, they are told. */
const prefetch = async ({ prefetch }: OpenDestination): Promise<void> => {
  if (prefetch !== undefined) await withDeadline(prefetch(), prefetchMs, 'too long', () => {})
}

/** Tokens may be in a secret; AWS's own name for another endpoint of it counts here too. */
const authFor = ({ auth }: Config, log: Log): ReturnType<typeof openAuth> => {
  const { AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint } = process.env
  const credentials = awsCredentials(process.env)
  const read = (arn: string, patient: boolean) =>
    readSecret({ arn, credentials, endpoint, attempts: patient ? 3 : 1 })
  return openAuth(auth, { read, log })
}
