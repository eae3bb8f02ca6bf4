/** An application whose parts a test holds in its hands. */
import { contentCodings } from '../../runtimes/shared/content-codings.ts'
import { type AppOptions, createApp, type Limits } from '../../src/app.ts'
import type { Ingest, IngestResult } from '../../src/ingest.ts'
import type { LogLevel } from '../../src/log.ts'
import type { Metrics } from '../../src/metrics.ts'

/** A result of an ingest that stored one record. */
export const stored: IngestResult = {
  requestId: '0'.repeat(32),
  records: 1,
  rejected: new Map(),
  files: 1,
  duplicates: 0,
  bytes: 1,
  unknownFields: 0,
  repairedStrings: 0,
}

/** A line of the log. */
export interface Line {
  readonly level: LogLevel
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

type Parts = Partial<Omit<AppOptions, 'limits'>> & { readonly limits?: Partial<Limits> }

/** An application that stores nothing, unless told otherwise, with what it logged and counted. */
export const start = ({ limits, ...parts }: Parts = {}) => {
  const lines: Line[] = []
  const counts: Record<string, number> = {}
  const seen = { inflight: 0 }
  const metrics: Metrics = {
    count: (name, labels, by = 1) => {
      const key = [name, ...Object.values(labels)].join(' ')
      counts[key] = (counts[key] ?? 0) + by
    },
    observe() {},
    gauge: (_, value) => {
      seen.inflight = value
    },
  }
  const app = createApp({
    ingest: async () => stored,
    ready: async () => {},
    inflate: contentCodings(),
    auth: { kind: 'none' },
    limits: {
      maxPayloadBytes: 10_000,
      maxInflightBytes: 10_000,
      requestDeadlineMs: 8000,
      ...limits,
    },
    metrics,
    log: (level, message, facts = {}) => lines.push({ level, message, facts }),
    ...parts,
  })
  const send = async (body: Body = new Uint8Array(), headers: Headers = {}, path = '/v1/logs') =>
    app.fetch(requestOf(path, body, headers))
  const get = async (path: string) => app.fetch(new Request(`http://x${path}`))
  /** The log above debug: what an operator reads. */
  const log = () => lines.filter(({ level }) => level !== 'debug')
  return { send, get, lines, log, counts, inflight: () => seen.inflight }
}

type Body = Uint8Array | ReadableStream<Uint8Array>
type Headers = Readonly<Record<string, string>>

/** A `POST` of protobuf; bytes with their `Content-Length`, a stream without. */
const requestOf = (path: string, body: Body, headers: Headers): Request => {
  const length = body instanceof Uint8Array ? { 'Content-Length': String(body.length) } : undefined
  return new Request(`http://x${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-protobuf', ...length, ...headers },
    body,
    duplex: 'half',
  } as RequestInit)
}

/** A body that tells how many of its chunks were asked for. */
export const countedBody = (chunks: number, chunk = new Uint8Array(1000)) => {
  const seen = { taken: 0 }
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (seen.taken++ < chunks) controller.enqueue(chunk.slice())
    else controller.close()
  }
  return { seen, body: new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 }) }
}

/** An ingest that waits until it is told how to end; `begun` resolves when it is called. */
export const heldIngest = () => {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<IngestResult>()
  const ingest: Ingest = () => {
    begun.resolve()
    return end.promise
  }
  return { ingest, begun: begun.promise, store: () => end.resolve(stored), fail: end.reject }
}

/** What a sender looks at. */
export const answerOf = (answer: Response) => ({
  status: answer.status,
  retryAfter: answer.headers.get('retry-after'),
})

/** The answer to a request that may be sent again. */
export const tryAgain = { status: 503, retryAfter: '1' }
