import { type Admission, type AppOptions, createApp, type Refused } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { IngestError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'
import { authOf } from '../shared/auth.ts'
import { contentCodings } from '../shared/content-codings.ts'
import { inflateOnce, ingestOnce } from '../shared/own-memory.ts'
import type { Lazy } from './lazy.ts'
import { receiveInto } from './receive.ts'

export interface HandlerOptions {
  readonly config: Config
  readonly admission: Admission
  readonly refused: Refused
  readonly log: Log
  readonly metrics: Metrics
  /** A way that no other request is on. */
  readonly take: () => Lazy<Way>
}

/** Where requests go, and whether they could. */
export interface Way extends Pick<AppOptions, 'ingest' | 'ready'> {
  /** Gives back the memory of files that were stored. No call may be under way that reads them. */
  free(): void
}

/** What a request needed. */
export interface Used {
  readonly way: Lazy<Way>
  /** Calls that were made for it so far. */
  made(): number
}

/** Answers one request at a time. */
export interface Handler {
  readonly fetch: (request: Request, env: unknown) => Response | Promise<Response>
  /** What the last request needed; undefined where it needed nothing. The next one begins anew. */
  release(): Used | undefined
}

/** A handler that takes a way only for a request that is let in. */
export const createHandler = (options: HandlerOptions): Handler => {
  const { config, admission, refused, log, metrics, take } = options
  let used: Used | undefined
  const use = (): Lazy<Way> => {
    used ??= usedOf(take())
    return used.way
  }
  const app = createApp({
    ingest(request) {
      const way = use()
      return way.pending.add(opened(way).then(({ ingest }) => ingestOnce(ingest, request)))
    },
    ready() {
      const way = use()
      return way.pending.add(opened(way).then(({ ready }) => ready()))
    },
    inflate: inflateOnce(contentCodings()),
    receive: receiveInto,
    auth: authOf(config.auth),
    limits: config,
    admission,
    refused,
    basePath: config.basePath ?? '',
    corsOrigins: config.corsOrigins ?? [],
    metrics,
    log,
  })
  return {
    fetch: app.fetch,
    release() {
      const last = used
      used = undefined
      return last
    },
  }
}

const usedOf = (way: Lazy<Way>): Used => {
  const { made } = way.subrequests
  const before = made()
  return { way, made: () => made() - before }
}

/** What is wrong there may pass, or be mended: the sender is to come again. */
const opened = ({ open }: Lazy<Way>): Promise<Way> =>
  open().catch((cause: unknown) => {
    throw new IngestError('unavailable', 'the storage or the catalog cannot be opened', { cause })
  })
