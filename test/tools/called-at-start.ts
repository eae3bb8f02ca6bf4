/** What of the function for Lambda runs from its start to its first answers. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startFakeServer } from '../iceberg/rest/fake-server.ts'
import { logs } from '../ingest/requests.ts'
import { posted } from '../runtimes/function-url-event.ts'
import { accessKeyId, secretAccessKey, startS3Fake } from '../storage/s3-server.ts'
import { listen } from './listen.ts'
import { sampleSignals, samplesFolder } from './samples.ts'

const execute = promisify(execFile)

type Environment = Readonly<Record<string, string>>

/**
 * Starts the function beside stand-ins for a bucket, a catalog and a secret with the token, once for plain files, once with a commit for each request
 * and once with receipts, and sends the samples of all signals.
 *
 * @param folder the function's
 * @param file of its code, whose functions are told by the places at which they begin
 * @throws when a request is not answered with 200
 */
export const calledAtStart = async (folder: string, file: string): Promise<ReadonlySet<number>> => {
  const [bucket, catalog] = [await startS3Fake(), await startFakeServer()]
  const secrets = await listen(
    createServer((_request, response) => response.end(JSON.stringify({ SecretString: token }))),
  )
  const coverage = await mkdtemp(join(tmpdir(), 'otlp2parquet-coverage-'))
  const plain = {
    OTLP2PARQUET_AUTH: 'bearer',
    OTLP2PARQUET_AUTH_TOKENS_SECRET: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:tokens',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    OTLP2PARQUET_S3_BUCKET: 'lake',
    OTLP2PARQUET_S3_REGION: bucket.region,
    OTLP2PARQUET_S3_ENDPOINT: bucket.endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }
  // Of its own each time: what is there already takes another way.
  const tables = (namespace: string) => ({
    ...plain,
    OTLP2PARQUET_ICEBERG_REST_URI: catalog.uri,
    OTLP2PARQUET_ICEBERG_NAMESPACE: namespace,
    OTLP2PARQUET_ICEBERG_SIGNING_NAME: 's3tables',
    OTLP2PARQUET_STATE_BUCKET: 'lake',
  })
  const cover = { NODE_V8_COVERAGE: coverage }
  try {
    const events = await samples()
    await answered(folder, events, { ...plain, ...cover })
    for (const mode of ['inline', 'deferred']) {
      // Most functions that start find tables, with rows in them.
      const first = { ...tables(mode), OTLP2PARQUET_COMMIT: 'inline' }
      await answered(
        folder,
        [{ otlp2parquet: 'init' }, requestOf(logs({ name: 'shop', records: 3 }))],
        first,
      )
      await answered(folder, events, { ...tables(mode), OTLP2PARQUET_COMMIT: mode, ...cover })
    }
    return await calledIn(coverage, file)
  } finally {
    await Promise.all([
      bucket.stop(),
      catalog.close(),
      secrets.stop(),
      rm(coverage, { recursive: true }),
    ])
  }
}

const token = 'letmein'

const requestOf = (body: Uint8Array, signal?: string): object =>
  posted(body, signal, { authorization: `Bearer ${token}` })

/** A request for the samples of each signal. */
const samples = (): Promise<object[]> =>
  Promise.all(
    sampleSignals.map(async (signal) =>
      requestOf(await readFile(join(samplesFolder, `${signal}.pb`)), signal),
    ),
  )

/** On a busy machine no time is up that would not be on another one: what is called then has no place in the archive. */
const patience = `const patient = (wait) => (ms, ...rest) => wait(ms < 500 ? ms : 60 * ms, ...rest)
    const { setTimeout: after } = globalThis
    globalThis.setTimeout = (work, ...rest) => patient((ms, ...more) => after(work, ms, ...more))(...rest)
    AbortSignal.timeout = patient(AbortSignal.timeout.bind(AbortSignal))`

/** Invokes a function that was just started with one event after the other. */
const answered = async (folder: string, events: readonly object[], env: Environment) => {
  const script = `${patience}
    const { handler } = await import('./lambda.mjs')
    const context = { awsRequestId: 'id', getRemainingTimeInMillis: () => 60_000 }
    for (const event of ${JSON.stringify(events)}) {
      const { status, statusCode = status } = await handler(event, context)
      if (statusCode !== 200 && status !== 'ok') throw new Error('answered with ' + statusCode)
    }
    process.exit()`
  await execute(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, env })
}

/** V8's coverage: https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-ScriptCoverage */
interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[]
    }[]
  }[]
}

const calledIn = async (folder: string, file: string): Promise<ReadonlySet<number>> => {
  const called = new Set<number>()
  for (const name of await readdir(folder)) {
    const { result }: Coverage = JSON.parse(await readFile(join(folder, name), 'utf8'))
    const functions = result
      .filter(({ url }) => url.endsWith(`/${file}`))
      .flatMap((s) => s.functions)
    for (const { ranges } of functions) {
      const [whole] = ranges
      if (whole !== undefined && whole.count > 0) called.add(whole.startOffset)
    }
  }
  return called
}
