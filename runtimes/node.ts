import { createApp } from '../src/app.ts'
import { isLoopback } from '../src/config/values.ts'
import type { Config } from '../src/config.ts'
import { withDeadline } from '../src/http/deadline.ts'
import type { Ingest } from '../src/ingest.ts'
import type { Log } from '../src/log.ts'
import type { Encoder } from '../src/parquet/encoder.ts'
import { warmUp } from '../src/parquet/warm-up.ts'
import { createQueues } from '../src/turns.ts'
import { addMetricsRoute } from './node/metrics-route.ts'
import { nowAndThen } from './node/now-and-then.ts'
import { openDestination } from './node/open-destination.ts'
import { createPrometheus } from './node/prometheus.ts'
import { receiveIncoming } from './node/receive.ts'
import { type HttpServer, serve } from './node/server.ts'
import { authOf } from './shared/auth.ts'
import { contentCodings } from './shared/content-codings.ts'
import { encoderOf, ingestOf } from './shared/ingest.ts'

export interface StartOptions {
  readonly config: Config
  /** The program's version, for the files' footers. */
  readonly version: string
  /** parquet-wasm, compiled or about to be. */
  readonly wasm: Promise<WebAssembly.Module>
  readonly log: Log
}

/** Milliseconds from the encoder's being ready to its warm-up. */
const warmUpAfterMs = 250

/** A program that runs. */
export interface RunningServer extends HttpServer {
  /** Settled when the encoder is there: until then requests wait. */
  readonly ready: Promise<unknown>
}

/**
 * Starts the program on Node: everything that this runtime has, put together. It listens before
 * the encoder is ready; a request that comes so early waits for it.
 *
 * @throws when the storage cannot be opened, the address is taken, or the certificate is no good
 */
export const startServer = async ({
  config,
  version,
  wasm,
  log,
}: StartOptions): Promise<RunningServer> => {
  const prometheus = createPrometheus(log)
  const { metrics } = prometheus
  const encoder = wasm.then((module) => encoderOf(module, version, config))
  const destination = await openDestination({ config, version, log, metrics })
  const ingest = encoder.then((encoder) =>
    warmUnlessAsked(ingestOf(destination.to(encoder), config, { log, metrics }), encoder, log),
  )
  const auth = authOf(config.auth)
  const app = createApp({
    ingest: async (request) => (await ingest)(request),
    ready: async () => {
      await ingest
      await destination.ready()
    },
    inflate: contentCodings(),
    receive: receiveIncoming,
    auth,
    limits: config,
    basePath: config.basePath ?? '',
    corsOrigins: config.corsOrigins ?? [],
    metrics,
    log,
  })
  addMetricsRoute(app, prometheus, isLoopback(config.listenAddr) ? { kind: 'none' } : auth)
  const server = await serve(app, config, log)
  const { retain, receipts } = destination
  if (retain !== undefined) nowAndThen(retain, 'a round of retention failed', log)
  if (receipts === undefined) return { ...server, ready: ingest }
  const inQueue = createQueues()
  // One after the other: a last sweep beside another would take what that one is paying for what cannot be paid, and leave it.
  const sweep = (inTurn: boolean, until = Date.now() + sweepMs) =>
    inQueue('sweep', () => receipts.sweep(until, inTurn))
  const everyMs = config.sweepIntervalSeconds * 1000
  nowAndThen(() => sweep(true), 'a sweep failed: receipts wait for the next one', log, everyMs)
  const drain = async (): Promise<number> => {
    const latest = Date.now() + config.requestDeadlineMs + stopSlackMs
    const cut = await server.drain()
    await lastSweep((until) => sweep(false, until), latest, log)
    return cut
  }
  return { ...server, ready: ingest, drain }
}

/** Milliseconds that a sweep may take: what it does not come to is the next one's. */
const sweepMs = 60_000

/**
 * What a stop may take beyond a request's deadline, in milliseconds: the drain has most of it at its worst. Together below the
 * 30 s that Kubernetes waits before it kills.
 */
const stopSlackMs = 20_000

/** With less, in milliseconds, a sweep begins nothing. */
const leastSweepMs = 7_500

/** The longest that a stop waits for the last sweep, in milliseconds. */
const lastSweepMs = 12_000

/**
 * Who stops a program wants to see its rows. The sweep ends by itself: one that is cut amid a table would keep the next program
 * from that table for a while.
 */
const lastSweep = async (
  sweep: (until: number) => Promise<unknown>,
  latest: number,
  log: Log,
): Promise<void> => {
  const ms = Math.min(latest - Date.now(), lastSweepMs)
  if (ms < leastSweepMs) {
    log('info', 'a stop has no time left for a sweep: what is owed waits for the next program')
    return
  }
  const message = 'the last sweep failed: receipts wait for the next program'
  const late = 'the last sweep takes too long'
  await withDeadline(sweep(Date.now() + ms), ms + 500, late, () => {}).catch((error: unknown) =>
    log('warn', message, { error }),
  )
}

/**
 * Warms the encoder up while nobody waits. A request that comes before does that by itself, and
 * finds nothing of it in its way.
 */
const warmUnlessAsked = (ingest: Ingest, encoder: Encoder, log: Log): Ingest => {
  const timer = setTimeout(() => {
    try {
      warmUp(encoder)
    } catch (error) {
      log('warn', 'cannot warm up', { error })
    }
  }, warmUpAfterMs)
  timer.unref()
  return (request) => {
    clearTimeout(timer)
    return ingest(request)
  }
}
