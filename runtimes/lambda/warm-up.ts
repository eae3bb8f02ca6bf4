import { createApp } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { createPlainDestination } from '../../src/ingest/plain.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'
import { warmUp } from '../../src/parquet/warm-up.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { contentCodings } from '../shared/content-codings.ts'
import { ingestOf } from '../shared/ingest.ts'
import { sha256 } from '../shared/sha256.ts'
import { answerEvent, receiveEvent } from './http.ts'
import type { HttpEvent } from './http-event.ts'

/** A request for one log record with a body, an attribute and ids, as a Function URL hands it over. */
const event: HttpEvent = {
  requestContext: { stage: '$default', http: { method: 'POST' } },
  rawPath: '/v1/logs',
  headers: { 'content-type': 'application/x-protobuf' },
  body: 'CloKFQoTCgxzZXJ2aWNlLm5hbWUSAwoBYRJBEj8JAADzI4Rb1xgQCRoESU5GTyoGCgR3YXJtMggKAWESAwoBYkoQCvdlGRbNQ92ESOshHIAxnFIIt61rcWkgMzE=',
  isBase64Encoded: true,
}

/** The platform ends an init after 10 s; nothing here should do it before. */
const patienceMs = 60_000

/**
 * Goes the whole way of a request once, but for the storage, which is memory: so that what is loaded or compiled when
 * first used is so in the init phase, which has more CPU than most functions are given afterwards.
 *
 * @throws when that request is not stored: then none would be
 */
export const warmUpAll = async (encoder: Encoder, config: Config): Promise<void> => {
  warmUp(encoder)
  const { encode } = encoder
  const destination = createPlainDestination({
    storage: createMemoryStorage(),
    encode,
    sha256,
    metrics: noMetrics,
  })
  const app = createApp({
    ingest: ingestOf(destination, config, { log: noLog, metrics: noMetrics }),
    ready: async () => {},
    inflate: contentCodings(),
    receive: receiveEvent,
    auth: { kind: 'none' },
    limits: { ...config, requestDeadlineMs: patienceMs },
    metrics: noMetrics,
    log: noLog,
  })
  const { statusCode } = await answerEvent(event, patienceMs, app.fetch)
  if (statusCode !== 200) throw new Error(`the warm-up was answered with ${statusCode}`)
}
