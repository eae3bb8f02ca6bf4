/** The Collector's OTLP/HTTP receiver, answering only when what it understood has arrived here. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { listen } from '../tools/listen.ts'
import type { PassedOn } from './passed-on.ts'
import { collector, freePort, type Service, serve } from './programs.ts'

export interface Receiver extends Service {
  /** The requests it passed on since the last call. */
  readonly takeRequests: () => PassedOn[]
}

/**
 * Starts the Collector before a server of our own; without a queue and batches, each request is passed on by itself.
 * It takes 20 MiB where nothing else is said.
 */
export const startReceiver = async (maxPayloadBytes?: number): Promise<Receiver> => {
  const sink = await startSink()
  const folder = await mkdtemp(join(tmpdir(), 'interop-receiver-'))
  const file = join(folder, 'config.yaml')
  const port = await freePort()
  await writeFile(file, JSON.stringify(configuration(port, sink.url, maxPayloadBytes)))
  const options = { port, ready: '/v1/logs', method: 'POST' } as const
  const service = await serve(collector, ['--config', file], options)
  const stop = async () => {
    const code = await service.stop()
    await sink.close()
    await rm(folder, { recursive: true })
    return code
  }
  return { url: service.url, stop, takeRequests: sink.takeRequests }
}

const configuration = (port: number, endpoint: string, maxPayloadBytes = 0) => {
  const http = { endpoint: `127.0.0.1:${port}`, max_request_body_size: maxPayloadBytes }
  const exporter = {
    endpoint,
    compression: 'none',
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
  }
  const pipeline = { receivers: ['otlp'], exporters: ['otlp_http'] }
  return {
    receivers: { otlp: { protocols: { http } } },
    exporters: { otlp_http: exporter },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { logs: pipeline, traces: pipeline, metrics: pipeline },
    },
  }
}

/** Takes every request as good and keeps it. */
const startSink = async () => {
  let requests: PassedOn[] = []
  const server = createServer(async (incoming, outgoing) => {
    requests.push({ path: incoming.url ?? '', body: await buffer(incoming) })
    outgoing.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end()
  })
  const { url, stop: close } = await listen(server)
  const takeRequests = () => {
    const taken = requests
    requests = []
    return taken
  }
  return { url, takeRequests, close }
}
