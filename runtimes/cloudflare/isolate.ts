import { createApp } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { KnownError } from '../../src/errors.ts'
import { createMaking } from '../../src/iceberg/rest/catalog.ts'
import type { Log } from '../../src/log.ts'
import { createCommitClaims } from '../../src/receipts/commit-claims.ts'
import { authOf } from '../shared/auth.ts'
import { tellCannotStart } from '../shared/cannot-start.ts'
import { contentCodings } from '../shared/content-codings.ts'
import { encoderOf, ingestOf } from '../shared/ingest.ts'
import { createLog } from '../shared/logging.ts'
import { createAdmissionOfIsolate } from './admission.ts'
import { type Bindings, bucketOf, configOf } from './bindings.ts'
import { comeAgain } from './come-again.ts'
import { createConsoleMetrics } from './console-metrics.ts'
import { openDestination } from './destination.ts'
import { createInstances } from './instances.ts'
import { createOwnFiles, inflateOnce, ingestOnce } from './own-memory.ts'
import { createPending } from './pending.ts'
import { receiveInto } from './receive.ts'
import { createSubrequests } from './subrequests.ts'
import { createTurn } from './turn.ts'

export interface WorkerOptions {
  /** parquet-wasm's module; a Worker may not compile one itself. */
  readonly wasm: WebAssembly.Module
  /** The program's version, for the files' footers. */
  readonly version: string
}

/** What of an execution context is used. */
export interface ExecutionContext {
  /** Lets work go on for a while when the sender is gone, or has its answer. */
  waitUntil(work: Promise<unknown>): void
}

export interface IsolateOptions extends WorkerOptions {
  readonly env: Bindings
  /** Takes a line without its end. */
  readonly write: (line: string) => void
}

/** One isolate: what it does for a request, and when its time has come. Neither, where it could not start. */
export interface Isolate {
  readonly answer?: (request: Request, context: ExecutionContext) => Promise<Response>
  /** A turn of the cron trigger, which was planned for `scheduledTime` (milliseconds since 1970). */
  readonly turn?: (scheduledTime: number) => Promise<void>
}

/** Starts an isolate: reads its variables, and logs all that is wrong with them. */
export const startIsolate = (options: IsolateOptions): Isolate => {
  const { env, write } = options
  try {
    const config = configOf(env)
    const log = createLog({ level: config.logLevel, format: config.logFormat, write })
    return runIsolate(options, config, log)
  } catch (error) {
    tellCannotStart(error, write)
    return {}
  }
}

const noBucket = 'BUCKET: no bucket of R2 is bound by that name (wrangler.toml, r2_buckets)'

/** An instance of wasm that has grown beyond is not kept: an isolate has 128 MB for everything. */
const maxMemoryBytes = 40 << 20

/** Calls to other services that a request, or a turn of the cron trigger, may make on Workers Paid ("Limits", subrequests). */
const maxSubrequests = 10_000

/**
 * In one commit. Each takes two calls, one that is old five: as many as these are paid and removed in any case, so that each
 * turn leaves less.
 */
const maxReceipts = 1_500

const runIsolate = (options: IsolateOptions, config: Config, log: Log): Isolate => {
  const { wasm, version, env, write } = options
  const metrics = createConsoleMetrics({ write })
  const bucket = bucketOf(env)
  if (config.storageBackend === 'r2' && bucket === undefined) throw new KnownError(noBucket)
  const encoder = encoderOf(wasm, version, config, maxMemoryBytes)
  const { maxInflightBytes: limit, requestDeadlineMs: deadlineMs } = config
  const admission = createAdmissionOfIsolate({ limit, deadlineMs })
  const making = createMaking()
  const claims = createCommitClaims(config.commitInterval * 1000, Date.now)
  const open = async () => {
    const pending = createPending()
    const subrequests = createSubrequests()
    const callsLeft = (): number => maxSubrequests - subrequests.made()
    const destination = await openDestination({
      ...{ config, version, log, metrics, maxReceipts, callsLeft, claims },
      ...{
        env,
        pending,
        making,
        bucket: bucket && subrequests.counted(bucket),
        fetch: subrequests.fetch,
      },
    })
    return { destination, pending, subrequests }
  }
  const instances = createInstances(async () => {
    const { destination, pending, subrequests } = await open()
    const files = createOwnFiles(encoder)
    const ingest = ingestOf(destination.to(files.encoder), config, { log, metrics })
    const app = createApp({
      ingest: (request) => pending.add(ingestOnce(ingest, request)),
      ready: () => pending.add(destination.ready()),
      inflate: inflateOnce(contentCodings()),
      receive: receiveInto,
      auth: authOf(config.auth),
      limits: config,
      admission,
      basePath: config.basePath ?? '',
      corsOrigins: config.corsOrigins ?? [],
      metrics,
      log,
    })
    return { fetch: app.fetch, pending, subrequests, files }
  })
  return {
    async answer(request, context) {
      const instance = await instances.take().catch((error: unknown) => {
        log('error', 'the storage or the catalog cannot be opened', { error })
        return null
      })
      if (instance === null) return comeAgain('the storage is unavailable, try again')
      const { pending, subrequests, files } = instance
      const before = subrequests.made()
      const answer = await instance.fetch(request, env)
      metrics.tally('subrequests', subrequests.made() - before)
      metrics.flush()
      // Whatever still runs does so for this request alone: its calls end with it.
      if (pending.none()) files.free()
      if (pending.none() && answer.status < 500) instances.giveBack(instance)
      else context.waitUntil(pending.settled())
      return answer
    },
    turn: createTurn({ log, metrics, open }),
  }
}
