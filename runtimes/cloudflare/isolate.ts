import { createRefusals } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { KnownError } from '../../src/errors.ts'
import type { VersionedTable } from '../../src/iceberg/file/versions.ts'
import { createMaking } from '../../src/iceberg/rest/catalog.ts'
import type { Log } from '../../src/log.ts'
import { createCommitClaims } from '../../src/receipts/commit-claims.ts'
import { tellCannotStart } from '../shared/cannot-start.ts'
import { encoderOf, ingestOf } from '../shared/ingest.ts'
import { createLog } from '../shared/logging.ts'
import { createOwnFiles } from '../shared/own-memory.ts'
import { createAdmissionOfIsolate } from './admission.ts'
import { type Bindings, bucketOf, configOf } from './bindings.ts'
import { createConsoleMetrics } from './console-metrics.ts'
import { openDestination } from './destination.ts'
import { createHandler, type Way } from './handler.ts'
import { createInstances } from './instances.ts'
import { type Calls, createLazy } from './lazy.ts'
import type { SharedMetadata } from './shared-metadata.ts'
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
  // Each would else hold metadata of its own, of a megabyte for a thousand snapshots: an isolate has 128 MB.
  const lastSeen = new Map<string, VersionedTable>()
  const metadata: SharedMetadata = new Map()
  const openFor = ({ pending, subrequests }: Calls) =>
    openDestination({
      ...{ config, version, log, metrics, maxReceipts, env, pending },
      ...{ making, claims, lastSeen, metadata },
      bucket: bucket && subrequests.counted(bucket),
      fetch: subrequests.fetch,
      callsLeft: () => maxSubrequests - subrequests.made(),
    })
  const openWay = async (calls: Calls): Promise<Way> => {
    const { to, ready } = await openFor(calls)
    const { encoder: own, free } = createOwnFiles(encoder)
    return { ingest: ingestOf(to(own), config, { log, metrics }), ready, free }
  }
  const ways = createInstances(() => createLazy(openWay))
  const { take } = ways
  const refused = createRefusals(log, Date.now)
  const parts = { config, admission, refused, log, metrics, take }
  const handlers = createInstances(() => createHandler(parts))
  return {
    async answer(request, context) {
      const handler = handlers.take()
      const answer = await handler.fetch(request, env)
      const used = handler.release()
      if (used !== undefined) metrics.tally('subrequests', used.made())
      metrics.flush()
      const way = used?.way
      // Whatever still runs does so for this request alone: its calls end with it.
      if (way?.pending.none() === false) {
        context.waitUntil(way.pending.settled())
        return answer
      }
      way?.opened()?.free()
      if (answer.status >= 500) return answer
      if (way !== undefined) ways.giveBack(way)
      handlers.giveBack(handler)
      return answer
    },
    turn: createTurn({ log, metrics, create: () => createLazy(openFor) }),
  }
}
