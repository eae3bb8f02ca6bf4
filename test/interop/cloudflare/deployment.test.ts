/**
 * Protects what is deployed to Workers: what Wrangler makes of this repository is within the platform's limits, and starts;
 * infra/test.sh is content with it; what SDKs send it, readers find.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendUntilAcknowledged } from '../../faults/clients.ts'
import type { Entry } from '../../faults/ledger.ts'
import { judgeTables } from '../../faults/table-judge.ts'
import { secretNames } from '../../infra/secrets.ts'
import type { WorkerModules } from '../../tools/bundle-worker.ts'
import {
  bucketName,
  objectsOf,
  type RunningWorker,
  startWorker,
  workerds,
} from '../../tools/worker.ts'
import { asReading, foundRows, wantedRows } from '../compare.ts'
import { filesAtOnce } from '../iceberg-destinations.ts'
import { freePort, here, run, serve, wrangler } from '../programs.ts'
import { icebergReaders } from '../readers/iceberg-readers.ts'
import { readers } from '../readers/readers.ts'
import { startVersitygw } from '../s3-servers.ts'
import { showIn } from './shown.ts'

/** Of a compressed Worker ("Limits", Worker size): 3 MB without a paid plan. */
const maxKiB = 3 * 1024

/** What Wrangler makes of this repository, and what it says. */
let made: { readonly modules: WorkerModules; readonly printed: string }
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-wrangler-'))
  const env = { WRANGLER_SEND_METRICS: 'false', CI: '1' }
  const printed = await run(wrangler, ['deploy', '--dry-run', '--outdir', folder], { env })
  const wasmName = (await readdir(folder)).find((name) => name.endsWith('.wasm')) ?? ''
  const script = await readFile(join(folder, 'cloudflare.js'), 'utf8')
  expect(script).toContain(`"./${wasmName}"`)
  const wasm = await readFile(join(folder, wasmName))
  made = { modules: { script, wasm, wasmName }, printed }
  await rm(folder, { recursive: true })
})

it('wrangler deploy --dry-run: within the size that every plan allows', () => {
  const { printed } = made
  const [, size] = /gzip: ([\d.]+) KiB/.exec(printed) ?? []
  console.log(`the Worker: ${size} KiB compressed`)
  expect(Number(size)).toBeGreaterThan(1000)
  expect(Number(size)).toBeLessThan(maxKiB)
  expect(printed).toMatch(/env\.BUCKET \(otlp2parquet\)\s+R2 Bucket/)
  // What it would be deployed with is printed: no secret is among that.
  expect(printed).toContain('env.OTLP2PARQUET_AUTH ')
  expect(secretNames.filter((name) => printed.includes(name))).toEqual([])
})

/** Milliseconds of CPU that a process has used (proc(5), stat: utime and stime, in hundredths of a second). */
const cpuMs = (pid: string): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

describe('a Worker that asks for a token', () => {
  let worker: RunningWorker
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'interop-worker-'))
    const variables = { OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS: 'one' }
    worker = await startWorker({ variables, modules: made.modules })
  })
  afterAll(async () => {
    await worker.stop()
    await rm(folder, { recursive: true })
  })

  it('starts within the CPU time of 400 ms, and without anything that is for requests alone', async () => {
    const bare = new Miniflare({ modules: true, script: 'export default { fetch() {} }' })
    await bare.ready
    const [first = 0, second = 0] = workerds().map(cpuMs)
    await bare.dispose()
    // The Worker's own was there before.
    console.log(`the Worker's start: ${first - second} ms of CPU above an empty one's`)
    expect(first - second).toBeGreaterThan(0)
    expect(first - second).toBeLessThan(400)
  })

  it('infra/test.sh finds every answer as it has to be', async () => {
    const args = [here('infra/test.sh'), worker.url.replace(/\/$/, '')]
    const env = { OTLP2PARQUET_TOKEN: 'one' }
    expect(await run('bash', args, { env })).toContain('Every answer is what it has to be.')
  })
})

it('npm run dev:worker: infra/test.sh is content with it, too', async () => {
  const { scripts } = JSON.parse(await readFile(here('package.json'), 'utf8'))
  const [program, ...args] = scripts['dev:worker'].split(' ')
  expect(program).toBe('node')
  const port = await freePort()
  const env = { PORT: String(port) }
  const worker = await serve(process.execPath, args, { port, ready: '/ready', env })
  try {
    const printed = await run('bash', [here('infra/test.sh'), worker.url])
    expect(printed).toContain('Every answer is what it has to be.')
  } finally {
    await worker.stop()
  }
})

/** Node's timers that repeat do so thirty times as often: a minute is two seconds. */
const hurried =
  'data:text/javascript,const every = setInterval; globalThis.setInterval = (act, ms) => every(act, ms / 30)'

it('npm run dev:worker: what a request left for later is committed within a minute, by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-dev-worker-'))
  const port = await freePort()
  const variables = { OTLP2PARQUET_ICEBERG_CATALOG: 'file', OTLP2PARQUET_COMMIT: 'deferred' }
  const program = spawn(
    process.execPath,
    ['--import', hurried, here('test/tools/dev-worker.ts')],
    // Its bucket is below the folder that it runs in.
    { cwd: folder, env: { ...process.env, ...variables, PORT: String(port) } },
  )
  const ended = new Promise((resolve) => program.once('close', resolve))
  let printed = ''
  for (const stream of [program.stdout, program.stderr]) {
    stream.on('data', (bytes: Buffer) => (printed += bytes))
  }
  const entries: Entry[] = []
  try {
    await expect.poll(() => printed, { timeout: 60_000 }).toContain('listens on')
    await sendUntilAcknowledged(
      `http://127.0.0.1:${port}`,
      { run: 'd', client: 0, signal: 'logs', first: 0, records: 5, services: 1, hours: 1 },
      entries,
    )
    // It was owed: nothing else is paid.
    await expect.poll(() => printed, { timeout: 60_000 }).toContain('"message":"swept","paid":1')
  } finally {
    program.kill('SIGTERM')
    await ended
  }
  const s3 = await startVersitygw(bucketName)
  const worker = await startWorker({ folder: join(folder, 'data/r2') })
  expect((await objectsOf(worker.bucket, '_receipts/owed/')).size).toBe(0)
  await showIn(s3, worker)
  const ref = { folder: `s3://${bucketName}/otel/logs`, s3 }
  expect(await judgeTables([{ entries, tables: [{ table: 'logs', ref }] }])).toEqual([[]])
  await worker.stop()
  await s3.stop()
  await rm(folder, { recursive: true })
})

/** Has the SDK send to a Worker. @returns the requests, as OTLP/JSON objects */
const sendAll = async (
  { url }: RunningWorker,
  encoding: string,
  compression: string,
): Promise<Record<string, unknown>[]> => {
  const script = here('test/interop/senders/javascript.mjs')
  const args = [script, url.replace(/\/$/, ''), encoding, compression]
  const printed = await run(process.execPath, args)
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).request)
}

describe.each([
  ['json', 'gzip'],
  ['json', 'none'],
  ['protobuf', 'gzip'],
  ['protobuf', 'none'],
])('JavaScript SDK, http/%s, %s', (encoding, compression) => {
  it('every reader finds every field that was sent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'interop-worker-'))
    const worker = await startWorker({ variables: { OTLP2PARQUET_AUTH: 'none' } })
    const sent = await sendAll(worker, encoding, compression)
    const files: string[] = []
    for (const [key, bytes] of await objectsOf(worker.bucket)) {
      await mkdir(dirname(join(folder, key)), { recursive: true })
      await writeFile(join(folder, key), bytes)
      files.push(key)
    }
    await worker.stop()
    for (const name of ['duckdb', 'pyarrow']) {
      const readings = await readers[name]?.(folder, files.sort())
      expect(foundRows(readings ?? [])).toEqual(wantedRows(sent))
    }
    await rm(folder, { recursive: true })
  })
})

it('JavaScript SDK, tables in the bucket itself: every reader finds every field that was sent', async () => {
  const s3 = await startVersitygw(bucketName)
  const worker = await startWorker({ variables: { OTLP2PARQUET_AUTH: 'none', ...filesAtOnce } })
  const sent = await sendAll(worker, 'protobuf', 'gzip')
  await showIn(s3, worker)
  await worker.stop()
  const wanted = wantedRows(sent)
  const names = Object.keys(wanted)
  expect(names).toEqual(expect.arrayContaining(['logs', 'traces', 'metrics_sum']))
  const questions = names.map((name) => ({
    table: { folder: `s3://${bucketName}/otel/${name}`, s3 },
  }))
  for (const name of ['duckdb', 'pyiceberg']) {
    const answers = (await icebergReaders[name]?.read(questions)) ?? []
    const readings = answers.map((answer, i) => asReading(names[i] ?? '', answer))
    expect(foundRows(readings), name).toEqual(wanted)
  }
  await s3.stop()
})
