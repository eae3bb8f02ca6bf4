// Protects the roles of template.yaml: what the program calls, from its first start to paid receipts, is granted to the
// role it runs as, on that very resource; and nothing is granted that it never calls, but what is named here with a reason.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startHandler } from '../../runtimes/lambda/start.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { sha256 } from '../../runtimes/shared/sha256.ts'
import { noLog } from '../../src/log.ts'
import { createReceiptStore } from '../../src/receipts/receipt-store.ts'
import { createS3Storage } from '../../src/storage/s3.ts'
import { type Account, type AwsCall, type Demand, demandsOf } from '../infra/aws-calls.ts'
import { granted, grantsOf, type Statement } from '../infra/policies.ts'
import { environmentOf, type Stack, stackOf } from '../infra/template.ts'
import { logs } from '../ingest/requests.ts'
import { posted } from '../runtimes/function-url-event.ts'
import { sampleSignals, samplesFolder } from '../tools/samples.ts'
import { type Recorder, startRecorder } from './aws-recorder.ts'
import type { RestCatalog } from './catalogs/catalog.ts'
import { startMinistack } from './catalogs/ministack.ts'

const region = 'us-east-1'
const keys = { accessKeyId: 'test', secretAccessKey: 'test' }
const token = 'one'
const tables = stackOf()
const plain = stackOf({ Mode: 'plain' })
const inFolder = stackOf({ StoragePrefix: 'telemetry/prod', Commit: 'deferred' })
const plainInFolder = stackOf({ Mode: 'plain', StoragePrefix: 'telemetry/prod' })
const key = `arn:aws:kms:${region}:123456789012:key/0f0e0d0c-0b0a-0908-0706-050403020100`
const arn = String(tables.outputs.TableBucketArn)

/** Granted, and called by nobody here. */
const reasons: Readonly<Record<string, string>> = {
  'logs:CreateLogStream': 'Lambda itself, for what the program prints',
  'logs:PutLogEvents': 'Lambda itself, for what the program prints',
  's3tables:GetNamespace': 'AWS names it for writers through the Iceberg endpoint; it only reads',
  's3tables:GetTable': 'AWS names it for writers through the Iceberg endpoint; it only reads',
  's3:AbortMultipartUpload': 'after a large object that could not be finished',
}

let catalog: RestCatalog
let recorder: Recorder
beforeAll(async () => {
  catalog = await startMinistack('stack-tables')
  recorder = await startRecorder(new URL(catalog.uri).origin, token)
  vi.stubEnv('AWS_ACCESS_KEY_ID', keys.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', keys.secretAccessKey)
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', recorder.url)
  for (const bucket of ['statebucket', 'databucket']) {
    await fetch(`${recorder.url}/${bucket}`, { method: 'PUT' })
  }
  recorder.take()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await recorder.close()
  await catalog.stop()
})

const wasm = compileParquetWasm()

/** A function of a stack, whose AWS is the recorder. */
const start = async (stack: Stack, name: string) => {
  const elsewhere = {
    OTLP2PARQUET_S3_ENDPOINT: recorder.url,
    ...(stack.outputs.TableBucketArn !== undefined && {
      OTLP2PARQUET_ICEBERG_REST_URI: `${recorder.url}/iceberg`,
      OTLP2PARQUET_ICEBERG_SIGNING_NAME: 's3tables',
      OTLP2PARQUET_ICEBERG_WAREHOUSE: catalog.warehouse ?? '',
    }),
  }
  const env = { AWS_REGION: region, ...environmentOf(stack, name), ...elsewhere }
  const handler = await startHandler({ env, version: '0', wasm, write: () => {} })
  return (event: unknown) =>
    handler(event, { awsRequestId: 'id', getRemainingTimeInMillis: () => 60_000 })
}

const post = (signal: string, body: Uint8Array) =>
  posted(body, signal, { authorization: `Bearer ${token}` })
const ok = expect.objectContaining({ statusCode: 200 })
const sample = (signal: string) => readFileSync(join(samplesFolder, `${signal}.pb`))

/** What AWS would ask for; ministack's table bucket is that of the stack. */
const taken = (bucket: string): readonly Demand[] => demanded(recorder.take(), { bucket })

/** The same of calls that were taken: with a key where all is encrypted, and in another table bucket where it says so. */
const demanded = (
  calls: readonly AwsCall[],
  account: Partial<Account> & Pick<Account, 'bucket'>,
): readonly Demand[] =>
  calls.flatMap((call) => demandsOf(call, { tableBucketArn: arn, ...account }))

const words = ({ action, resource, context = {} }: Demand) =>
  `${action} on ${resource} ${Object.values(context)}`

const missing = (grants: readonly Statement[], demands: readonly Demand[]): string[] => [
  ...new Set(demands.filter((demand) => !granted(grants, demand)).map(words)),
]

const atTables = (demands: readonly Demand[]): readonly Demand[] =>
  demands.filter(({ action }) => action.startsWith('s3tables:'))

/** The actions of those demands that a role's grants cover. */
const covered = (grants: readonly Statement[], demands: readonly Demand[]): Set<string> =>
  new Set(demands.filter((demand) => granted(grants, demand)).map(({ action }) => action))

/** Actions that a role has and that were not called, without those that have a reason. */
const idle = (grants: readonly Statement[], demands: readonly Demand[]): string[] => {
  const called = new Set(demands.map(({ action }) => action))
  return grants
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => Action)
    .filter((action) => !called.has(action) && reasons[action] === undefined)
}

const receipts = () =>
  createReceiptStore(
    createS3Storage({
      bucket: 'statebucket',
      region,
      endpoint: recorder.url,
      credentials: async () => keys,
      sha256,
      log: noLog,
    }),
  )
const receipt = (requestId: string) => ({
  identifier: { namespace: ['otel'], name: 'logs' },
  tableUuid: 'table',
  schemaId: 0,
  requestId: requestId.padStart(32, '0'),
  receivedAt: 0,
  baseSequence: 0,
  files: [],
})

describe('tables', () => {
  const intake: Demand[] = []
  const sweep: Demand[] = []
  /** The same calls, where all is encrypted with a key of the account's own. */
  const withKey = { intake: [] as Demand[], sweep: [] as Demand[] }
  /** And where they are in a table bucket that was there already. */
  const given = 'arn:aws:s3tables:us-east-1:123456789012:bucket/given'
  const inGiven = { intake: [] as Demand[], sweep: [] as Demand[] }

  beforeAll(async () => {
    const invoke = await start(tables, 'IntakeFunction')
    expect(await invoke({ otlp2parquet: 'init' })).toEqual({ status: 'ok' })
    for (const signal of sampleSignals) {
      expect(await invoke(post(signal, sample(signal)))).toEqual(ok)
      // A resend, to an environment that has seen nothing yet.
      const other = await start(tables, 'IntakeFunction')
      expect(await other(post(signal, sample(signal)))).toEqual(ok)
    }
    const others = await Promise.all([1, 2, 3].map(() => start(tables, 'IntakeFunction')))
    const answers = others.map((one, n) => one(post('logs', logs({ name: 'a', records: n + 1 }))))
    expect(await Promise.all(answers)).toEqual([ok, ok, ok])
    const store = receipts()
    await store.write(receipt('1'))
    await store.write(receipt('1'))
    await store.write(receipt('2'))
    expect(await store.owes(receipt('1'), ['some'])).toBe(false)
    const bucket = 'statebucket'
    const received = recorder.take()
    intake.push(...demanded(received, { bucket }))
    withKey.intake.push(...demanded(received, { bucket, key }))
    inGiven.intake.push(...demanded(received, { bucket, tableBucketArn: given }))
    // Files of tables are written and read there, too.
    const files = received.filter(({ service, url }) => service === 's3' && !url.includes(bucket))
    expect(files.map(({ method }) => method)).toEqual(expect.arrayContaining(['GET', 'PUT']))

    const paying = await start(tables, 'SweepFunction')
    await paying({ 'detail-type': 'Scheduled Event' })
    // One more of each that can become of a receipt, whatever was owed.
    await store.write(receipt('3'))
    await store.write(receipt('4'))
    const [one, other] = (await Array.fromAsync(store.owed())).map(({ key }) => key)
    if (one === undefined || other === undefined) throw new Error('they were written')
    await store.quarantine(one, (await store.read(one)) ?? new Uint8Array())
    await store.remove(other)
    expect(await store.read(other)).toBeNull()
    expect((await Array.fromAsync(store.quarantined())).length).toBeGreaterThan(0)
    const swept = recorder.take()
    sweep.push(...demanded(swept, { bucket }))
    withKey.sweep.push(...demanded(swept, { bucket, key }))
    inGiven.sweep.push(...demanded(swept, { bucket, tableBucketArn: given }))
  })

  test('all that the intake calls is granted to it', () => {
    expect(new Set(intake.map(({ action }) => action)).size).toBeGreaterThan(8)
    expect(missing(grantsOf(tables, 'IntakeRole'), intake)).toEqual([])
  })
  test('and nothing that it does not call', () => {
    expect(idle(grantsOf(tables, 'IntakeRole'), intake)).toEqual([])
  })
  test('what a sweep calls besides is granted to it alone', () => {
    const both = [...intake.filter(({ action }) => !/:Create|secret/.test(action)), ...sweep]
    expect(missing(grantsOf(tables, 'SweepRole'), both)).toEqual([])
    expect(idle(grantsOf(tables, 'SweepRole'), both)).toEqual([])
    expect(missing(grantsOf(tables, 'IntakeRole'), sweep).map((one) => one.split(' ')[0])).toEqual(
      expect.arrayContaining(['s3:DeleteObject']),
    )
  })
  test('once the tables are there, nothing needs the right to make them', async () => {
    const invoke = await start(tables, 'IntakeFunction')
    expect(await invoke({ otlp2parquet: 'init' })).toEqual({ status: 'ok' })
    for (const signal of sampleSignals) {
      expect(await invoke(post(signal, sample(signal)))).toEqual(ok)
    }
    const without = grantsOf(stackOf({ CreateTables: 'false' }), 'IntakeRole')
    expect(missing(without, taken('statebucket'))).toEqual([])
    expect(missing(without, intake).length).toBeGreaterThan(0)
  })
  test('any action less would be seen', () => {
    for (const action of new Set(intake.map((demand) => demand.action))) {
      const less = grantsOf(tables, 'IntakeRole').map((statement) => ({
        ...statement,
        Action: statement.Action.filter((one) => one !== action),
      }))
      expect([action, missing(less, intake).length > 0]).toEqual([action, true])
    }
  })
  test('with a key of one’s own, both may use it, and have no right to it that no call needs', () => {
    const encrypted = stackOf({ KmsKeyArn: key })
    for (const [role, demands] of [
      ['IntakeRole', withKey.intake],
      [
        'SweepRole',
        [
          ...withKey.intake.filter(({ action }) => !/:Create|secret/.test(action)),
          ...withKey.sweep,
        ],
      ],
    ] as const) {
      const grants = grantsOf(encrypted, role)
      expect(missing(grants, demands)).toEqual([])
      expect(idle(grants, demands)).toEqual([])
      expect(missing(grantsOf(tables, role), demands).sort()).toEqual([
        `kms:Decrypt on ${key} `,
        `kms:GenerateDataKey on ${key} `,
      ])
    }
  })
  test('a table bucket that is there already is reached in the same way, and the other is not', () => {
    const stack = stackOf({ TableBucketArn: given })
    for (const [role, demands] of [
      ['IntakeRole', inGiven.intake],
      ['SweepRole', inGiven.sweep],
    ] as const) {
      expect(atTables(demands).length).toBeGreaterThan(5)
      expect(missing(grantsOf(stack, role), demands)).toEqual([])
      expect(covered(grantsOf(tables, role), atTables(demands))).toEqual(new Set())
    }
  })
  test('tables of another namespace are reached by nothing, in whichever bucket', async () => {
    const other = stackOf({ Namespace: 'other' })
    const invoke = await start(other, 'IntakeFunction')
    expect(await invoke({ otlp2parquet: 'init' })).toEqual({ status: 'ok' })
    expect(await invoke(post('logs', logs({ name: 'other', records: 1 })))).toEqual(ok)
    const calls = recorder.take()
    for (const [bucket, parameters] of [
      [arn, {}],
      [given, { TableBucketArn: given }],
    ] as const) {
      const demands = atTables(demanded(calls, { bucket: 'statebucket', tableBucketArn: bucket }))
      const own = grantsOf(stackOf({ ...parameters, Namespace: 'other' }), 'IntakeRole')
      expect(missing(own, demands)).toEqual([])
      // What AWS knows no namespace of.
      expect(covered(grantsOf(stackOf(parameters), 'IntakeRole'), demands)).toEqual(
        new Set(['s3tables:GetTableBucket', 's3tables:CreateNamespace']),
      )
    }
    // So what is owed to one is paid before a stack turns to another.
    expect(covered(grantsOf(other, 'SweepRole'), atTables(sweep))).toEqual(
      new Set(['s3tables:GetTableBucket']),
    )
  })
  test('what is deleted is owed, or a note of the sweep’s own; what lies in quarantine cannot be', () => {
    const deleted = sweep
      .filter(({ action }) => action === 's3:DeleteObject')
      .map(({ resource }) => resource.replace(/owed\/.*/, 'owed/'))
    const folder = 'arn:aws:s3:::statebucket/_receipts/'
    const wanted = ['owed/', 'sweep.json', 'notes.json'].map((name) => `${folder}${name}`)
    expect(new Set(deleted)).toEqual(new Set(wanted))
    const aside = { action: 's3:DeleteObject', resource: `${folder}quarantine/otel.logs/a/b.json` }
    expect(granted(grantsOf(tables, 'SweepRole'), aside)).toBe(false)
  })
  test('no object of the state bucket is reached but receipts', () => {
    const elsewhere = { action: 's3:GetObject', resource: 'arn:aws:s3:::statebucket/other' }
    expect(granted(grantsOf(tables, 'SweepRole'), elsewhere)).toBe(false)
    const context = { 's3:prefix': 'other/' }
    const all = { action: 's3:ListBucket', resource: 'arn:aws:s3:::statebucket', context }
    expect(granted(grantsOf(tables, 'SweepRole'), all)).toBe(false)
  })
})

test('receipts in a folder: all that is called is granted there, and at the root is not', async () => {
  const invoke = await start(inFolder, 'IntakeFunction')
  expect(await invoke(post('logs', logs({ name: 'folder', records: 1 })))).toEqual(ok)
  const sweep = await start(inFolder, 'SweepFunction')
  expect(await sweep({ 'detail-type': 'Scheduled Event' })).toMatchObject({ paid: 1 })
  const demands = taken('statebucket').filter(({ action }) => action.startsWith('s3:'))
  expect(new Set(demands.map(({ action }) => action))).toEqual(
    new Set(['s3:GetObject', 's3:PutObject', 's3:ListBucket', 's3:DeleteObject']),
  )
  expect(missing(grantsOf(inFolder, 'SweepRole'), demands)).toEqual([])
  expect(missing(grantsOf(tables, 'SweepRole'), demands).length).toBeGreaterThan(2)
})

test.each([
  ['plain files', plain, ''],
  ['plain files in a folder', plainInFolder, 'telemetry/prod/'],
])('%s: all that is called is granted, and nothing else', async (_name, stack, folder) => {
  const invoke = await start(stack, 'IntakeFunction')
  expect(await invoke({ otlp2parquet: 'init' })).toEqual({ status: 'ok' })
  for (const signal of sampleSignals) {
    expect(await invoke(post(signal, sample(signal)))).toEqual(ok)
    const other = await start(stack, 'IntakeFunction')
    expect(await other(post(signal, sample(signal)))).toEqual(ok)
  }
  // Was it stored? It looks.
  recorder.loseOne()
  expect(await invoke(post('logs', logs({ name: 'lost', records: 1 })))).toEqual(ok)
  const calls = recorder.take()
  const demands = demanded(calls, { bucket: 'databucket' })
  const grants = grantsOf(stack, 'IntakeRole')
  expect(missing(grants, demands)).toEqual([])
  expect(idle(grants, demands)).toEqual([])
  const [inside, outside] = [folder, 'others/'].map((prefix) => ({
    action: 's3:PutObject',
    resource: `arn:aws:s3:::databucket/${prefix}file`,
  }))
  expect([inside, outside].map((one) => one !== undefined && granted(grants, one))).toEqual([
    true,
    folder === '',
  ])
  const encrypted = { Mode: 'plain', StoragePrefix: folder.replace(/\/$/, ''), KmsKeyArn: key }
  const withKey = grantsOf(stackOf(encrypted), 'IntakeRole')
  expect(missing(withKey, demanded(calls, { bucket: 'databucket', key }))).toEqual([])
})
