/** A function on Lambda in each trouble that an alarm is for, and what it writes into its log of it. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { startHandler } from '../../runtimes/lambda/start.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { playHosts, type WireAnswer, type WireRequest } from '../iceberg/rest/aws/hosts.ts'
import { createTableObjects } from '../iceberg/rest/aws/objects.ts'
import {
  createService,
  credentials,
  errorAnswer,
  frontAnswer,
  type Refusal,
  s3TablesIn,
} from '../iceberg/rest/aws/service.ts'
import { FakeTables } from '../iceberg/rest/fake-tables.ts'
import { logs, spans } from '../ingest/requests.ts'
import { sampleSignals, samplesFolder } from '../tools/samples.ts'
import { posted } from './function-url-event.ts'

const wasm = compileParquetWasm()

/** A function whose lines are kept; an invocation that fails is in them, too. */
const start = async (env: Readonly<Record<string, string>>) => {
  const lines: string[] = []
  const write = (line: string): void => {
    const { time: _, ...rest } = JSON.parse(line)
    lines.push(JSON.stringify(rest))
  }
  const handler = await startHandler({
    env: { OTLP2PARQUET_AUTH: 'none', ...env },
    version: '0',
    wasm,
    write,
  })
  const invoke = async (event: unknown, remainingMs = 60_000): Promise<void> => {
    const context = { awsRequestId: '…', getRemainingTimeInMillis: () => remainingMs }
    await handler(event, context).catch(() => {})
  }
  return { lines, invoke }
}

/** A sample as it is, and as its JSON, so that both are requests of their own. */
const samples = sampleSignals.flatMap((signal) =>
  [
    ['pb', 'application/x-protobuf'],
    ['json', 'application/json'],
  ].map(([ending, type = '']) =>
    posted(readFileSync(join(samplesFolder, `${signal}.${ending}`)), signal, {
      'content-type': type,
    }),
  ),
)

const post = (name: string, body: Uint8Array = logs({ name, records: 3 })) => posted(body)
const sweep = { otlp2parquet: 'sweep' }
const isNothingOwed = (line: string): boolean => line.includes('"receipts_owed":0')

/** With a file catalog in a folder of its own. */
const inFolder = async (
  act: (
    folder: string,
    open: (commit: string) => ReturnType<typeof start>,
  ) => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-troubles-'))
  const open = (commit: string) =>
    start({
      OTLP2PARQUET_STORAGE_BACKEND: 'fs',
      OTLP2PARQUET_STORAGE_PATH: folder,
      OTLP2PARQUET_ICEBERG_CATALOG: 'file',
      OTLP2PARQUET_COMMIT: commit,
    })
  try {
    return await act(folder, open)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A request of twenty minutes ago, and what is owed of it. */
const longAgo = async (
  folder: string,
  invoke: (event: unknown) => Promise<void>,
): Promise<void> => {
  const then = Date.now() - 1_200_000
  const clock = vi.spyOn(Date, 'now').mockReturnValue(then)
  await invoke(post('a'))
  clock.mockRestore()
  const owed = join(folder, '_receipts/owed')
  for (const name of await readdir(owed, { recursive: true })) {
    if (name.endsWith('.json')) await utimes(join(owed, name), then / 1000, then / 1000)
  }
}

const region = 'eu-central-1'
const s3tables = s3TablesIn(region, 'otlp2parquet-tables')
const denied = (role: string, what: string) =>
  `User: arn:aws:sts::123456789012:assumed-role/otlp2parquet-${role} is not authorized to perform: ${what}`

/** Before S3 Tables, which refuses or takes its time, and a state bucket that denies. */
const atAws = async (
  { refusals = [], delayMs = 0 }: { refusals?: readonly Refusal[]; delayMs?: number },
  more: Readonly<Record<string, string>>,
  event: unknown,
  remainingMs?: number,
): Promise<readonly string[]> => {
  const service = createService(
    s3tables,
    new FakeTables({ locationOf: (key) => `s3://troubles--table-s3/${key}` }),
  )
  for (const refusal of refusals) service.refuse(refusal)
  const objects = createTableObjects()
  const answer = async (request: WireRequest): Promise<WireAnswer> => {
    if (request.host.includes('--table-s3.')) return objects(request)
    if (request.host.startsWith('state.')) return { status: 403, body: noList }
    if (request.host.startsWith('mute.')) return new Promise(() => {})
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    return service.answer(request)
  }
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', credentials.sessionToken ?? '')
  const hosts = await playHosts(answer)
  try {
    const { lines, invoke } = await start({
      AWS_REGION: region,
      OTLP2PARQUET_ICEBERG_REST_URI: `https://s3tables.${region}.amazonaws.com/iceberg`,
      OTLP2PARQUET_ICEBERG_WAREHOUSE: s3tables.warehouse,
      ...more,
    })
    await invoke(event, remainingMs)
    return lines
  } finally {
    vi.unstubAllEnvs()
    await hosts.close()
  }
}

const noList = `<Error><Code>AccessDenied</Code><Message>${denied('SweepRole/otlp2parquet-sweep', 's3:ListBucket on resource: "arn:aws:s3:::state"')}</Message></Error>`

/** By name, what is written: lines without their time. */
export const troubles = {
  none: () =>
    inFolder(async (_, open) => {
      const { lines, invoke } = await open('deferred')
      await invoke({ otlp2parquet: 'init' })
      await invoke(post('a'))
      await invoke(post('a', new Uint8Array(3)))
      await invoke(sweep)
      return lines
    }),

  'none, with samples of everything': () =>
    inFolder(async (_, open) => {
      const { lines, invoke } = await open('auto')
      for (const sample of samples) await invoke(sample)
      await invoke(sweep)
      return lines
    }),

  'a request that is stored too late': () =>
    inFolder(async (_, open) => {
      const { lines, invoke } = await open('deferred')
      await invoke(post('a'), 1501)
      await vi.waitFor(() => {
        if (!lines.some((line) => line.includes('after its deadline'))) throw new Error('not yet')
      }, 60_000)
      // What was counted meanwhile leaves with the next.
      return lines
    }),

  'a catalog that takes too long': () =>
    atAws({ delayMs: 2000 }, { OTLP2PARQUET_REQUEST_DEADLINE_MS: '1000' }, post('a')),

  'an event of something else': () =>
    inFolder(async (_, open) => {
      const { lines, invoke } = await open('deferred')
      await invoke({ Records: [] })
      return lines
    }),

  'a permission that is lost': () => {
    const reason = denied('IntakeRole/otlp2parquet-intake', 's3tables:GetTableMetadataLocation')
    const refused = frontAnswer(403, 'AccessDeniedException', reason)
    return atAws({ refusals: [{ on: /^GET .*\/tables\/logs\?/, answer: refused }] }, {}, post('a'))
  },

  'a slow catalog, and a faster writer': () => {
    const conflict = errorAnswer(409, 'conflict', 'Provided version token does not match')
    const refusals = [{ on: /^POST .*\/tables\/logs$/, answer: conflict, times: 1 }]
    return atAws({ refusals, delayMs: 50 }, {}, post('a'))
  },

  'receipts that cannot be listed': () => atAws({}, { OTLP2PARQUET_STATE_BUCKET: 'state' }, sweep),

  'a bucket of receipts that does not answer': () =>
    atAws({}, { OTLP2PARQUET_STATE_BUCKET: 'mute' }, sweep, 8_000),

  'a sweep whose time is over': () =>
    inFolder(async (folder, open) => {
      const { lines, invoke } = await open('deferred')
      await invoke(post('a'))
      await invoke({ ...post('', spans), rawPath: '/v1/traces' })
      const second = join(folder, 'otel/logs/metadata/v2.metadata.json')
      const now = Date.now
      // As if the first commit had taken nearly all of it.
      const clock = vi
        .spyOn(Date, 'now')
        .mockImplementation(() => now() + (existsSync(second) ? 52_000 : 0))
      await invoke(sweep)
      clock.mockRestore()
      return lines
    }),

  'a sweep with too little time, and one with enough': () =>
    inFolder(async (_, open) => {
      const { lines, invoke } = await open('deferred')
      await invoke(post('a'))
      await invoke(sweep, 8_400)
      // Enough to begin with; a busy machine may need more to come to the end, and then the next one does.
      for (let sweeps = 0; sweeps < 10 && !lines.some(isNothingOwed); sweeps++) {
        await invoke(sweep, 10_000)
      }
      return lines
    }),

  'a table that is gone': () =>
    inFolder(async (folder, open) => {
      const { lines, invoke } = await open('deferred')
      await longAgo(folder, invoke)
      await rename(join(folder, 'otel'), join(folder, 'away'))
      await invoke(sweep)
      return lines
    }),

  'a table that was made anew': () =>
    inFolder(async (folder, open) => {
      const before = await open('deferred')
      await longAgo(folder, before.invoke)
      await rm(join(folder, 'otel'), { recursive: true })
      const { lines, invoke } = await open('deferred')
      await invoke({ otlp2parquet: 'init' })
      await invoke(sweep)
      await invoke(sweep)
      return lines
    }),

  'a request of a time that its table has forgotten': () =>
    inFolder(async (folder, open) => {
      const before = await open('inline')
      for (const name of ['a', 'b']) await before.invoke(post(name))
      // Its file is there, and nothing tells any more whether it was in the table.
      const owing = await open('deferred')
      await owing.invoke(post('c'))
      await rm(join(folder, '_receipts'), { recursive: true })
      const newest = join(folder, 'otel/logs/metadata/v3.metadata.json')
      const metadata = JSON.parse(await readFile(newest, 'utf8'))
      metadata.snapshots = metadata.snapshots.slice(-1)
      // One more was made, and is forgotten with its manifest.
      metadata['last-sequence-number']++
      await writeFile(newest, JSON.stringify(metadata))
      const { lines, invoke } = await open('inline')
      await invoke(post('c'))
      return lines
    }),

  'metadata that has grown': () =>
    inFolder(async (folder, open) => {
      const before = await open('inline')
      await before.invoke(post('a'))
      const newest = join(folder, 'otel/logs/metadata/v2.metadata.json')
      const metadata = JSON.parse(await readFile(newest, 'utf8'))
      metadata.properties.note = 'x'.repeat(17 * 1024 * 1024)
      await writeFile(newest, JSON.stringify(metadata))
      const { lines, invoke } = await open('inline')
      await invoke(post('b'))
      return lines
    }),
} as const

export type Trouble = keyof typeof troubles
