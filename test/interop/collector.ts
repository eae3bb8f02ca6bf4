/** The OpenTelemetry Collector, built from its own modules, with configurations for its three parts in the tests. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collector, freePort, type Service, serve } from './programs.ts'

export interface Collector extends Service {
  /** What it passed on, as OTLP/JSON requests in order; call it after `stop`. */
  passedOn(): Promise<Record<string, unknown>[]>
  /** Removes what it wrote. */
  clean(): Promise<void>
}

const pipeline = (exporters: readonly string[]) => ({
  receivers: ['otlp'],
  processors: ['batch'],
  exporters,
})

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
  const file = join(folder, 'passed-on.jsonl')
  const exporters = {
    file: { path: file },
    ...(endpoint === undefined ? {} : { otlp_http: { endpoint, ...exporter } }),
  }
  const wires = pipeline(Object.keys(exporters))
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { batch: { timeout: '50ms' } },
    exporters,
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { logs: wires, traces: wires, metrics: wires },
    },
  }
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))
  const args = ['--config', join(folder, 'config.yaml')]
  // It has no health check of its own here: its answer to an empty request says as much.
  const service = await serve(collector, args, { port, ready: '/v1/logs', method: 'POST' })
  return {
    ...service,
    passedOn: async () =>
      (await readFile(file, 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    clean: () => rm(folder, { recursive: true }),
  }
}
