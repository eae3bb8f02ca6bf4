// Protects what is uploaded to Lambda: the archive is small, and what is in it is the whole function.
import { execFile } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FakeServer, startFakeServer } from '../iceberg/rest/fake-server.ts'
import { logs } from '../ingest/requests.ts'
import { ask } from '../tools/duckdb.ts'
import { type Listening, listen } from '../tools/listen.ts'
import { root, runProgram, temporaryFolder } from './program.ts'

const execute = promisify(execFile)

/** The archive may measure this much, in bytes: most of it is parquet-wasm. */
const maxZipped = 2_000_000

let archive: string
let task: string
beforeAll(async () => {
  const folder = temporaryFolder()
  await execute(process.execPath, ['test/tools/build-lambda.ts', folder], { cwd: root })
  archive = join(folder, 'lambda.zip')
  task = join(folder, 'task')
  await execute('unzip', ['-q', archive, '-d', task])
})

test('is small, and holds the function with what belongs to it', () => {
  expect(statSync(archive).size).toBeLessThanOrEqual(maxZipped)
  expect(readdirSync(task).sort()).toEqual([
    'LICENSE',
    'THIRD-PARTY-LICENSES.txt',
    'aws-credentials.mjs',
    'lambda.mjs',
    'otlp2parquet.mjs',
    'parquet_wasm_bg.wasm',
  ])
})

test('V8 is told what a cold start calls: to read a request, to commit, to leave a receipt', async () => {
  const code = await readFile(join(task, 'otlp2parquet.mjs'), 'utf8')
  const isHinted = (name: string) => new RegExp(`\\b${name}\\d*=\\((?:\\(|\\w+=>)`).test(code)
  const called = ['readProtobuf', 'logBatches', 'writeManifest', 'commitBody', 'receiptBytes']
  expect(called.filter((name) => !isHinted(name))).toEqual([])
  expect(code).toMatch(/\breadJson\d*=\(/)
  expect(isHinted('readJson')).toBe(false)
})

test('everybody may read what is in it', () => {
  const modes = readdirSync(task).map((name) => statSync(join(task, name)).mode & 0o777)
  expect(new Set(modes)).toEqual(new Set([0o644]))
})

test('the same sources make the same archive', async () => {
  const folder = temporaryFolder()
  await execute(process.execPath, ['test/tools/build-lambda.ts', folder], { cwd: root })
  await execute('cmp', [archive, join(folder, 'lambda.zip')])
})

/** What Lambda does with a function, in short; `after`: what is run then. */
const invoked = (event: object, env: Readonly<Record<string, string>>, after = '') => {
  const script = `const { handler } = await import('./lambda.mjs')
    const context = { awsRequestId: 'id-1', getRemainingTimeInMillis: () => 60_000 }
    console.log(JSON.stringify(await handler(${JSON.stringify(event)}, context)))
    ${after}`
  return runProgram({ command: ['--input-type=module', '--eval', script], cwd: task, env })
}

const event = {
  requestContext: { http: { method: 'POST' } },
  rawPath: '/v1/logs',
  headers: { 'content-type': 'application/x-protobuf' },
  body: Buffer.from(logs({ name: 'shop', records: 3 })).toString('base64'),
  isBase64Encoded: true,
}

const toFolder = (folder: string) => ({
  OTLP2PARQUET_STORAGE_BACKEND: 'fs',
  OTLP2PARQUET_STORAGE_PATH: folder,
  OTLP2PARQUET_AUTH: 'none',
})

test('with nothing beside it, it stores a request', async () => {
  const data = temporaryFolder()
  const { stdout, stderr } = await invoked(event, toFolder(data))
  expect(stderr).toBe('')
  const answer = stdout.trimEnd().split('\n').at(-1) ?? ''
  expect(JSON.parse(answer)).toMatchObject({ statusCode: 200, body: '' })
  const rows = await ask("SELECT count(*)::INTEGER AS rows FROM 'data/logs/**/*.parquet'", data)
  expect(rows).toEqual([{ rows: 3 }])
})

test.each([
  ['the token', 'Bearer letmein', 200],
  ['another', 'Bearer letmeout', 401],
])('%s: %s is answered with %i', async (_, authorization, status) => {
  const env = {
    ...toFolder(temporaryFolder()),
    OTLP2PARQUET_AUTH: 'bearer',
    OTLP2PARQUET_AUTH_TOKENS: 'letmein',
  }
  const headers = { ...event.headers, authorization }
  const { stdout } = await invoked({ ...event, headers }, env)
  expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    statusCode: status,
  })
})

test('AWS credentials that are not in the environment come from the file beside it', async () => {
  const env = {
    OTLP2PARQUET_S3_BUCKET: 'bucket',
    OTLP2PARQUET_S3_ENDPOINT: 'http://127.0.0.1:9',
    OTLP2PARQUET_AUTH: 'none',
    AWS_PROFILE: 'nobody',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
  const ready = { requestContext: { http: { method: 'GET' } }, rawPath: '/ready' }
  const { stdout } = await invoked(ready, env)
  expect(stdout).toContain('"statusCode":503')
  expect(stdout).toContain('Could not load credentials')
})

describe("what of Node's own a request needs: each part is dear at a cold start", () => {
  const parts = /undici|http2|tls|webcrypto|fs\/promises|readline|perf_hooks/
  let bucket: Listening
  let catalog: FakeServer
  beforeEach(async () => {
    const server = createServer((request, response) =>
      request.resume().on('end', () => response.end()),
    )
    bucket = await listen(server)
    catalog = await startFakeServer()
  })
  afterEach(() => Promise.all([bucket.stop(), catalog.close()]))

  const toBucket = () => ({
    OTLP2PARQUET_AUTH: 'none',
    OTLP2PARQUET_S3_BUCKET: 'bucket',
    OTLP2PARQUET_S3_ENDPOINT: bucket.url,
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
  })
  const toTables = () => ({
    ...toBucket(),
    OTLP2PARQUET_ICEBERG_REST_URI: catalog.uri,
    OTLP2PARQUET_ICEBERG_SIGNING_NAME: 's3tables',
  })

  test.each([
    ['a bucket', toBucket],
    ['tables, one commit each', () => ({ ...toTables(), OTLP2PARQUET_COMMIT: 'inline' })],
    ['tables, with receipts', () => ({ ...toTables(), OTLP2PARQUET_STATE_BUCKET: 'state' })],
  ])('%s: neither undici nor TLS, and what it has in another way not once more', async (_, of) => {
    const print = 'console.log(JSON.stringify(process.moduleLoadList))'
    const { stdout } = await invoked(event, of(), print)
    const [answer = '', loaded = ''] = stdout.trimEnd().split('\n').slice(-2)
    expect(JSON.parse(answer)).toMatchObject({ statusCode: 200 })
    expect(loaded).toContain('NativeModule http')
    expect((JSON.parse(loaded) as string[]).filter((name) => parts.test(name))).toEqual([])
  })
})
