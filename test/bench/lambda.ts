/**
 * The function on Lambda, under AWS's emulator and runtime: cold starts beside an empty function's, what batches of
 * several sizes take, and sweeps. Its bucket is a stand-in that answers at once, so that no other program is measured.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { join } from 'node:path'
import { startFakeServer } from '../iceberg/rest/fake-server.ts'
import { builtFunction } from '../interop/lambda/built.ts'
import { type EmulatedFunction, startFunction } from '../interop/lambda/emulator.ts'
import { selfSigned } from '../runtimes/certificate.ts'
import { posted } from '../runtimes/function-url-event.ts'
import { listen } from '../tools/listen.ts'
import { sweepLines } from './lambda-sweeps.ts'
import { cpuOf, median, peakMemoryOf } from './measure.ts'
import { payloadOf } from './payloads.ts'
import { coldComparisons } from './targets.ts'

/** What any function costs: the process, the runtime, and the way there and back. */
const emptyFunction = `export const handler = async () => ({ statusCode: 200, body: '' })`

const sizes = [100, 1000, 10_000]

/** Measures all of it; the lines to print. @throws when a figure is missing: a look would take the rest for all there is */
export const lambdaLines = async (smoke: boolean): Promise<string[]> => {
  const { folder, task } = await builtFunction()
  const bucket = await startBucket()
  const env = environmentOf(bucket.url)
  try {
    const starts = await startLines(folder, task, env, smoke ? 1 : 11)
    const batches: string[] = []
    for (const records of sizes) batches.push(await batchLine(task, env, records, smoke ? 2 : 9))
    const tables = await tableLines(task, env, smoke)
    const sweeps = await sweepLines(task, smoke)
    return whole([...starts, '', batchHead, 'plain files', ...batches, ...tables, '', ...sweeps])
  } finally {
    await bucket.stop()
    await rm(folder, { recursive: true })
  }
}

const environmentOf = (endpoint: string): Environment => ({
  OTLP2PARQUET_AUTH: 'none',
  OTLP2PARQUET_S3_BUCKET: 'bucket',
  OTLP2PARQUET_S3_REGION: 'us-east-1',
  OTLP2PARQUET_S3_ENDPOINT: endpoint,
  AWS_ACCESS_KEY_ID: 'AKIDBENCH',
  AWS_SECRET_ACCESS_KEY: 'secret',
})

/**
 * Cold starts, beside an empty function's: the program's own work, and then as the template deploys it, with TLS to every
 * service and a token that is in a secret.
 */
const startLines = async (
  folder: string,
  task: string,
  env: Environment,
  rounds: number,
): Promise<string[]> => {
  const certificate = selfSigned()
  const bucket = await startBucket(certificate)
  const empty = join(folder, 'empty')
  await mkdir(empty)
  await writeFile(join(empty, 'lambda.mjs'), emptyFunction)
  await writeFile(join(folder, 'ca.pem'), certificate.cert)
  const deployed = {
    ...environmentOf(bucket.url),
    OTLP2PARQUET_AUTH: 'bearer',
    OTLP2PARQUET_AUTH_TOKENS_SECRET: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:tokens',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: bucket.url,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  }
  const tls = { ...deployed, ...signs }
  const tables = await Promise.all([
    openTables(env, 'inline'),
    openTables(env, 'deferred'),
    openTables(tls, 'inline', certificate),
    openTables(tls, 'deferred', certificate),
  ])
  const [inline, deferred, inlineTls, deferredTls] = tables
  try {
    const ways = {
      'empty function': { task: empty, env: {} },
      'plain files': { task, env },
      'Iceberg, inline': { task, env: inline.env },
      'Iceberg, deferred': { task, env: deferred.env },
      'plain files, as deployed': { task, env: deployed },
      'Iceberg, inline, as deployed': { task, env: inlineTls.env },
      'Iceberg, deferred, as deployed': { task, env: deferredTls.env },
    }
    return await coldStarts(ways, rounds)
  } finally {
    await Promise.all([bucket.stop(), ...tables.map(({ close }) => close())])
  }
}

/** As Amazon S3 Tables has requests signed. */
const signs = { OTLP2PARQUET_ICEBERG_SIGNING_NAME: 's3tables' }

/** What the secret holds. */
const token = 'letmein'

const whole = (lines: readonly string[]): string[] => {
  const broken = lines.filter((line) => /NaN|Infinity|undefined/.test(line))
  if (broken.length > 0) throw new Error(`figures are missing:\n${broken.join('\n')}`)
  return [...lines]
}

/** The same where requests become rows of Iceberg tables: each with its commit, and each with a receipt. */
const tableLines = async (task: string, env: Environment, smoke: boolean): Promise<string[]> => {
  const lines: string[] = []
  for (const mode of ['inline', 'deferred']) {
    lines.push(`Iceberg, ${mode}`)
    for (const records of sizes) {
      const tables = await openTables(env, mode)
      try {
        const line = await batchLine(task, tables.env, records, smoke ? 2 : 9)
        if (tables.isCommitted() !== (mode === 'inline')) throw new Error(`${mode}: wrong commits`)
        lines.push(line)
      } finally {
        await tables.close()
      }
    }
  }
  return lines
}

interface Tables {
  /** The environment that makes the function write to them. */
  readonly env: Environment
  readonly isCommitted: () => boolean
  readonly close: () => Promise<void>
}

/** Tables in a catalog of their own, a stand-in that answers at once. */
const openTables = async (
  env: Environment,
  mode: string,
  certificate?: Certificate,
): Promise<Tables> => {
  const catalog = await startFakeServer({ ...(certificate && { certificate }) })
  return {
    env: {
      ...env,
      OTLP2PARQUET_ICEBERG_REST_URI: catalog.uri,
      OTLP2PARQUET_STATE_BUCKET: 'state',
      OTLP2PARQUET_COMMIT: mode,
    },
    isCommitted: () => [...catalog.tables.tables.values()].some((one) => one.snapshots.length > 0),
    close: catalog.close,
  }
}

type Certificate = ReturnType<typeof selfSigned>

/**
 * A bucket that holds what was put, as far as a function's own keys go: the next commit reads what the last one wrote. Asked as
 * Secrets Manager is, it tells the token.
 */
const startBucket = async (certificate?: Certificate) => {
  const objects = new Map<string, Buffer>()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url = '', headers } = request
    const body = Buffer.concat(await Array.fromAsync(request))
    if (headers['x-amz-target'] !== undefined) {
      response.end(JSON.stringify({ SecretString: token }))
      return
    }
    if (method === 'PUT') objects.set(url, body)
    const found = objects.get(url)
    const missing = '<Error><Code>NoSuchKey</Code></Error>'
    response.writeHead(found === undefined ? 404 : 200, { etag: '"0"' })
    response.end(method === 'GET' ? (found ?? missing) : undefined)
  }
  return listen(
    certificate === undefined ? createServer(answer) : createTlsServer(certificate, answer),
  )
}

const answered = async (started: EmulatedFunction, event: object): Promise<void> => {
  const answer = (await started.invoke(event)) as { statusCode?: number }
  const troubles = started.lines().filter(({ level }) => level === 'error' || level === 'warn')
  if (answer.statusCode === 200 && troubles.length === 0) return
  throw new Error(`no 200, or with trouble: ${JSON.stringify(answer)}\n${started.log()}`)
}

type Environment = Readonly<Record<string, string>>

/** From the first invocation, which starts a process for it, to its answer; and the CPU time of that process. */
const startOnce = async (task: string, env: Environment, event: object) => {
  const started = await startFunction({ task, env })
  try {
    const before = performance.now()
    await answered(started, event)
    return { wall: performance.now() - before, cpu: cpuOf(started.pid() ?? 0) / 1000 }
  } finally {
    await started.stop()
  }
}

/** An event with the token, which is asked for where there is one. */
const asked = (body: Uint8Array) => posted(body, 'logs', { authorization: `Bearer ${token}` })

/** A function that is started, and what it is told. */
interface Way {
  readonly task: string
  readonly env: Environment
}

/**
 * Starts the functions in turns, so that what else the machine does hits all of them. The first round warms the
 * machine's caches, makes the tables, and is not counted. The first function is what the others are divided by.
 */
const coldStarts = async (
  ways: Readonly<Record<string, Way>>,
  rounds: number,
): Promise<string[]> => {
  const payload = payloadOf('logs', 100, 'protobuf')
  const measured = Object.entries(ways).map(([name, way]) => ({
    ...way,
    name,
    starts: [] as Start[],
  }))
  for (let round = -1; round < rounds; round++) {
    for (const { task, env, starts } of measured) {
      const start = await startOnce(task, env, asked(payload.next()))
      if (round >= 0) starts.push(start)
    }
  }
  const base = medians(measured[0]?.starts ?? [])
  const ratios = measured.slice(1).map(({ name, starts }) => {
    return { name, ratio: medians(starts).wall / base.wall }
  })
  return [
    `cold start to first 200, a request of 100 logs (median of ${rounds})`,
    `${''.padEnd(31)} ${'time'.padStart(9)} ${'ratio'.padStart(7)} ${'CPU'.padStart(9)} ${'ratio'.padStart(7)}`,
    ...measured.map(({ name, starts }) => coldLine(name, medians(starts), base)),
    // One start says nothing.
    ...(rounds > 1 ? coldComparisons(ratios) : []),
  ]
}

const coldLine = (name: string, start: Start, base: Start): string => {
  const columns = (['wall', 'cpu'] as const).flatMap((one) => [
    `${start[one].toFixed(0)} ms`.padStart(9),
    (start[one] / base[one]).toFixed(2).padStart(7),
  ])
  return [name.padEnd(31), ...columns].join(' ')
}

interface Start {
  /** Milliseconds. */
  readonly wall: number
  readonly cpu: number
}

const medians = (starts: readonly Start[]): Start => ({
  wall: median(starts.map(({ wall }) => wall)),
  cpu: median(starts.map(({ cpu }) => cpu)),
})

const batchHead =
  'records      body    first ms    warm ms   CPU ms  peak memory   (first: after init; warm: median)'

/** A fresh function: the durations that the emulator reports, and the most memory that the process ever held. */
const batchLine = async (
  task: string,
  env: Environment,
  records: number,
  rounds: number,
): Promise<string> => {
  const payload = payloadOf('logs', records, 'protobuf')
  const started = await startFunction({ task, env })
  try {
    // Init, which the emulator counts as part of the first invocation.
    await started.invoke({ requestContext: { http: { method: 'GET' } }, rawPath: '/health' })
    const pid = started.pid() ?? 0
    await answered(started, posted(payload.next()))
    const before = cpuOf(pid)
    for (let round = 0; round < rounds; round++) await answered(started, posted(payload.next()))
    const cpu = (cpuOf(pid) - before) / 1000 / rounds
    const [, first = Number.NaN, ...warm] = durations(started.log())
    const columns = [
      `${records}`.padStart(7),
      `${(payload.size / 1e6).toFixed(2)} MB`.padStart(9),
      first.toFixed(0).padStart(11),
      median(warm).toFixed(0).padStart(10),
      cpu.toFixed(0).padStart(8),
      `${(peakMemoryOf(pid) / 2 ** 20).toFixed(0)} MiB`.padStart(12),
    ]
    return columns.join(' ')
  } finally {
    await started.stop()
  }
}

/** Milliseconds of each invocation, as the emulator says in its reports. */
const durations = (log: string): number[] =>
  [...log.matchAll(/^REPORT .*?\tDuration: ([\d.]+) ms/gm)].map(([, ms]) => Number(ms))
