/** The application as the contract tests it: in this process, and behind the real Node server. */
import { contentCodings } from '../../runtimes/node/content-codings.ts'
import { receiveIncoming } from '../../runtimes/node/receive.ts'
import { serve } from '../../runtimes/node/server.ts'
import { type AppOptions, createApp } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import type { Ingest } from '../../src/ingest.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { decode } from '../../src/otlp/decode.ts'
import type { Configuration } from './case.ts'

/** Decodes, and stores nothing: the contract is about what is answered. */
export const decoding: Ingest = async (request) => {
  const requestId = '0'.repeat(32)
  const decoded = decode({ ...request, requestId })
  return { ...decoded, requestId, files: 0, duplicates: 0, bytes: 0 }
}

/** Options for an application, as a group of cases or a test wants it. */
export const optionsFor = (
  { auth, corsOrigins = [], basePath = '', maxPayloadBytes, maxInflightBytes }: Configuration = {},
  ingest: Ingest = decoding,
): AppOptions => ({
  ingest,
  ready: async () => {},
  inflate: contentCodings(),
  auth: auth ? { kind: auth.kind, tokens: () => auth.tokens } : { kind: 'none' },
  limits: {
    maxPayloadBytes: maxPayloadBytes ?? 8 << 20,
    maxInflightBytes: maxInflightBytes ?? 64 << 20,
    requestDeadlineMs: 8000,
  },
  basePath,
  corsOrigins,
  metrics: noMetrics,
  log: noLog,
})

/** Serves an application on a free port; `close` drains the server. */
export const serveOn = async (options: AppOptions) => {
  const app = createApp({ ...options, receive: receiveIncoming })
  const { requestDeadlineMs } = options.limits
  const config = { listenAddr: { host: '127.0.0.1', port: 0 }, requestDeadlineMs } as Config
  const { url, drain } = await serve(app, config, noLog)
  return { url, close: drain }
}
