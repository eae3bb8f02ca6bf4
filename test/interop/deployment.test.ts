/**
 * Protects the ways to run the program, as far as no container runtime is needed: the tools they are written for read
 * them without a complaint, and a Collector with our configuration brings everything, token and all.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { expectedAuthorization, type SignedRequest } from '../iceberg/rest/judge.ts'
import { ask } from '../tools/duckdb.ts'
import { listen } from '../tools/listen.ts'
import { sampleRows, sendSamples } from '../tools/samples.ts'
import { collector, freePort, here, infraPeer, run, type Service, serve } from './programs.ts'
import { startServer } from './server.ts'

const infra = (path: string): string => here(`infra/${path}`)
const configs = (...files: string[]) => files.flatMap((file) => ['--config', file])
const both = [infra('collector/collector.yaml'), infra('collector/durable.yaml')] as const
const signed = ['collector', 'lambda', 'sigv4'].map((name) => infra(`collector/${name}.yaml`))

it.each([
  ['hadolint', infraPeer('hadolint'), [infra('Dockerfile')]],
  [
    'shellcheck',
    infraPeer('shellcheck'),
    [
      '--external-sources',
      ...['samples/send.sh', 'deploy.sh', 'test.sh', 'destroy.sh'].map(infra),
      ...['verify-live.sh', 'verify-cloudflare.sh'].map(infra),
      ...['aws', 'sam', 'npx', 'curl', 'duckdb', 'node', 'sleep'].map((name) =>
        here(`test/infra/stand-ins/${name}`),
      ),
      here('test/interop/install.sh'),
      here('.ci/run'),
    ],
  ],
  ['systemd-analyze', 'systemd-analyze', ['verify', infra('otlp2parquet.service')]],
  ['otelcol, alone', collector, ['validate', ...configs(both[0])]],
  ['otelcol, with its queue on disk', collector, ['validate', ...configs(...both)]],
  [
    'otelcol, to Lambda',
    collector,
    ['validate', ...configs(both[0], infra('collector/lambda.yaml'))],
  ],
])('%s has nothing to say', async (_, program, args) => {
  expect(await run('sh', ['-c', '"$0" "$@" 2>&1 || true', program, ...args])).toBe('')
})

it('docker compose reads compose.yaml, and asks for a token', async () => {
  const args = ['--file', infra('compose.yaml'), 'config', '--format', 'json']
  const env = { OTLP2PARQUET_AUTH_TOKENS: 'one' }
  const { services } = JSON.parse(await run(infraPeer('docker-compose'), args, { env }))
  expect(services.otlp2parquet.environment.OTLP2PARQUET_AUTH_TOKENS).toBe('one')
  expect(services.collector.environment.OTLP2PARQUET_AUTHORIZATION).toBe('Bearer one')
  expect(services.collector.depends_on.otlp2parquet.condition).toBe('service_healthy')
  // The wrapper around it ends with 0 whatever happens.
  const without = await run('sh', ['-c', '"$0" "$@" 2>&1', infraPeer('docker-compose'), ...args])
  expect(without).toContain('required variable OTLP2PARQUET_AUTH_TOKENS is missing')
})

/** Free ports, less patience, and no metrics of its own; all else is as it is given away. */
const inTest = (port: number, grpc: number): string =>
  JSON.stringify({
    receivers: {
      otlp: {
        protocols: {
          http: { endpoint: `127.0.0.1:${port}` },
          grpc: { endpoint: `127.0.0.1:${grpc}` },
        },
      },
    },
    exporters: { otlp_http: { sending_queue: { batch: { flush_timeout: '300ms' } } } },
    service: { telemetry: { metrics: { level: 'none' } } },
  })

it('the Collector signs what it sends to a stack with Auth=iam, as AWS would', async () => {
  const seen: SignedRequest[] = []
  const server = await listen(
    createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        const headers = request.headers as SignedRequest['headers']
        const { method = '', url = '' } = request
        seen.push({ method, url, headers, body: Buffer.concat(chunks) })
        response.end()
      })
    }),
  )
  const folder = await mkdtemp(join(tmpdir(), 'interop-deployment-'))
  const [port, grpc] = [await freePort(), await freePort()]
  await writeFile(join(folder, 'test.yaml'), inTest(port, grpc))
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'hidden', sessionToken: 'session' }
  const env = {
    OTLP2PARQUET_URL: server.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  }
  const options = { port, ready: '/v1/logs', method: 'POST', env } as const
  const service = await serve(collector, configs(...signed, join(folder, 'test.yaml')), options)
  try {
    await sendSamples(service.url)
    await expect.poll(() => new Set(seen.map(({ url }) => url)).size, { timeout: 20_000 }).toBe(3)
    for (const one of seen) {
      const aws = { service: 'lambda', region: 'eu-central-1', applyChecksum: false }
      expect(one.headers.authorization).toBe(
        await expectedAuthorization(one, { ...aws, credentials }),
      )
    }
  } finally {
    await service.stop()
    await server.stop()
    await rm(folder, { recursive: true })
  }
})

it('the Collector gathers and brings every sample, with its queue on disk', async () => {
  const server = await startServer({ OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS: 'one' })
  const folder = await mkdtemp(join(tmpdir(), 'interop-deployment-'))
  const [port, grpc] = [await freePort(), await freePort()]
  await writeFile(join(folder, 'test.yaml'), inTest(port, grpc))
  const env = {
    OTLP2PARQUET_URL: server.url,
    OTLP2PARQUET_AUTHORIZATION: 'Bearer one',
    OTELCOL_QUEUE_DIR: join(folder, 'queue'),
  }
  const options = { port, ready: '/v1/logs', method: 'POST', env } as const
  let service: Service | undefined
  try {
    service = await serve(collector, configs(...both, join(folder, 'test.yaml')), options)
    await sendSamples(service.url)
    await expect.poll(() => rowCounts(server.folder), { timeout: 20_000 }).toEqual(sampleRows)
  } finally {
    await service?.stop()
    await server.stop()
    await rm(folder, { recursive: true })
    await rm(server.folder, { recursive: true })
  }
})

const rowCounts = async (data: string): Promise<Record<string, unknown>> => {
  const counts = Object.keys(sampleRows).map(async (path) => {
    const query = `SELECT count(*)::INT AS n FROM 'data/${path}/**/*.parquet'`
    // No file yet is an error to DuckDB.
    const rows = await ask(query, data).catch(() => [])
    return [path, rows[0]?.n]
  })
  return Object.fromEntries(await Promise.all(counts))
}
