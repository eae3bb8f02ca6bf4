/** The OpenTelemetry Collector, built from its own modules, with configurations for its three parts in the tests. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collector, freePort, type Service, serve } from './programs.ts'

export interface Collector extends Service {
  /** What it passed on, as OTLP/JSON requests, each signal's in order; call it after `stop`. */
  passedOn(): Promise<Record<string, unknown>[]>
  /** Removes what it wrote. */
  clean(): Promise<void>
}

const signals = ['logs', 'traces', 'metrics'] as const

/**
 * Starts a Collector that receives OTLP/HTTP and writes what it gets to a file, and sends it to `endpoint` when
 * one is given. JSON is YAML, so its configuration needs no library.
 */
export const startCollector = async (
  endpoint?: string,
  exporter: Readonly<Record<string, unknown>> = {},
): Promise<Collector> => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-collector-'))
  const port = await freePort()
  const senders = endpoint === undefined ? {} : { otlp_http: { endpoint, ...exporter } }
  const fileOf = (signal: string): string => join(folder, `${signal}.jsonl`)
  // A file for each signal: one exporter for all is closed by the first pipeline that stops, and the
  // last batch of the others makes it panic.
  const files = signals.map((signal) => [`file/${signal}`, { path: fileOf(signal) }])
  const pipelines = signals.map((signal) => [
    signal,
    {
      receivers: ['otlp'],
      processors: ['batch'],
      exporters: [`file/${signal}`, ...Object.keys(senders)],
    },
  ])
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { batch: { timeout: '50ms' } },
    exporters: { ...Object.fromEntries(files), ...senders },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: Object.fromEntries(pipelines),
    },
  }
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))
  const args = ['--config', join(folder, 'config.yaml')]
  // It has no health check of its own here: its answer to an empty request says as much.
  const service = await serve(collector, args, { port, ready: '/v1/logs', method: 'POST' })
  return {
    ...service,
    passedOn: async () => {
      const texts = await Promise.all(signals.map((signal) => readFile(fileOf(signal), 'utf8')))
      return texts.flatMap((text) =>
        text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line)),
      )
    },
    clean: () => rm(folder, { recursive: true }),
  }
}
