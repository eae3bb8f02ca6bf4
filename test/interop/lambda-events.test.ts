// Protects who connects the function with AWS: events as AWS itself publishes them are understood, with the least that
// makes a request of OTLP out of them; answers have the form that AWS shows; every event of another kind is refused.
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Handler } from '../../runtimes/lambda/handler.ts'
import { startHandler } from '../../runtimes/lambda/start.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { logs } from '../ingest/requests.ts'
import { temporaryFolder } from '../runtimes/program.ts'
import { ask } from '../tools/duckdb.ts'
import { peers } from './programs.ts'

type Members = Record<string, unknown>

const libraryFolder = `${peers}/lambda/go`
const commandFolder = `${peers}/lambda/samcli/lib/generated_sample_events/events`

/** A sample of the library's; one of them is malformed on purpose. */
const fromLibrary = (name: string): Members =>
  JSON.parse(readFileSync(`${libraryFolder}/${name}`, 'utf8'))

/** A sample of the command's, its holes filled; one that is a number's place is filled with a number. */
const fromCommand = (path: string): Members =>
  JSON.parse(
    readFileSync(`${commandFolder}/${path}`, 'utf8').replaceAll(
      /\{\{\{(\w+)\}\}\}/g,
      (_hole, name: string) => ({ method: 'POST', path: 'somewhere' })[name] ?? '1',
    ),
  )

/** Requests over HTTP, and the published answer to such a one. */
const requests = [
  ['a REST API', fromLibrary('apigw-request.json'), 'apigw-response.json'],
  [
    'a REST API from OpenAPI',
    fromLibrary('apigw-restapi-openapi-request.json'),
    'apigw-response.json',
  ],
  ['a REST API, generated', fromCommand('apigateway/AwsProxy.json'), 'apigw-response.json'],
  ['an HTTP API', fromLibrary('apigw-v2-request-no-authorizer.json'), 'lambda-urls-response.json'],
  ['an HTTP API, IAM', fromLibrary('apigw-v2-request-iam.json'), 'lambda-urls-response.json'],
  [
    'an HTTP API, JWT',
    fromLibrary('apigw-v2-request-jwt-authorizer.json'),
    'lambda-urls-response.json',
  ],
  [
    'an HTTP API, an authorizer',
    fromLibrary('apigw-v2-request-lambda-authorizer.json'),
    'lambda-urls-response.json',
  ],
  ['an HTTP API, generated', fromCommand('apigateway/HttpApi.json'), 'lambda-urls-response.json'],
  ['a Function URL', fromLibrary('lambda-urls-request.json'), 'lambda-urls-response.json'],
  [
    'a load balancer',
    fromLibrary('alb-lambda-target-request-headers-only.json'),
    'alb-lambda-target-response.json',
  ],
  [
    'a load balancer, lists of headers',
    fromLibrary('alb-lambda-target-request-multivalue-headers.json'),
    'alb-lambda-target-response.json',
  ],
  [
    'a load balancer, generated',
    fromCommand('alb/ALBRequest.json'),
    'alb-lambda-target-response.json',
  ],
] as const

const wasm = compileParquetWasm()

const start = async () => {
  const data = temporaryFolder()
  const env = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: data,
    OTLP2PARQUET_AUTH: 'none',
  }
  const handler: Handler = await startHandler({ env, version: '0', wasm, write: () => {} })
  const invoke = async (event: Members) =>
    (await handler(event, {
      awsRequestId: 'id-1',
      getRemainingTimeInMillis: () => 60_000,
    })) as Members
  return { invoke, data }
}

/** A sample with another method, path, media type and body; all else stays. */
const asExport = (sample: Members): Members => {
  const { requestContext, headers, multiValueHeaders, ...rest } = structuredClone(sample)
  const { http, ...context } = requestContext as Members
  const type = 'application/x-protobuf'
  const where =
    http === undefined ? { httpMethod: 'POST', path: '/v1/logs' } : { rawPath: '/v1/logs' }
  return {
    ...rest,
    ...where,
    requestContext: {
      ...context,
      ...(http !== undefined && { http: { ...http, method: 'POST' } }),
    },
    ...(headers !== undefined && { headers: withType(headers, type) }),
    ...(multiValueHeaders !== undefined && {
      multiValueHeaders: withType(multiValueHeaders, [type]),
    }),
    body: Buffer.from(logs({ name: 'shop', records: 3 })).toString('base64'),
    isBase64Encoded: true,
  }
}

const withType = (headers: unknown, type: unknown): Members => {
  const others = Object.entries(headers as Members).filter(([name]) => !/^content-/i.test(name))
  return { ...Object.fromEntries(others), 'Content-Type': type }
}

describe.each(requests)('%s', (_name, sample, published) => {
  test('is no path of ours as it is', async () => {
    const { invoke } = await start()
    expect(await invoke(sample)).toMatchObject({ statusCode: 404 })
  })

  test('is stored as a request of OTLP, and answered in the published form', async () => {
    const { invoke, data } = await start()
    const answer = await invoke(asExport(sample))
    expect(answer).toMatchObject({ statusCode: 200, body: '', isBase64Encoded: false })
    const rows = await ask("SELECT count(*)::INTEGER AS rows FROM 'data/logs/**/*.parquet'", data)
    expect(rows).toEqual([{ rows: 3 }])
    // Where a sample says nothing of it, false is meant.
    const known = Object.entries({ isBase64Encoded: false, ...fromLibrary(published) })
    for (const [name, value] of Object.entries(answer)) {
      const like = known.find(([one]) => one === name)?.[1]
      expect([name, typeof value]).toEqual([name, typeof like])
    }
  })
})

test('a rule with a schedule', async () => {
  const { invoke } = await start()
  const answer = await invoke(fromCommand('cloudwatch/ScheduledEvent.json'))
  expect(answer).toEqual({ status: 'nothing to sweep' })
})

describe('every other event is refused', () => {
  const understood = new Set(requests.map(([, sample]) => JSON.stringify(sample)))
  const others = [
    ...readdirSync(libraryFolder)
      .filter((name) => !/malformed|response/.test(name))
      .map((name) => [name, () => fromLibrary(name)] as const),
    ...readdirSync(commandFolder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.json') && basename(path) !== 'ScheduledEvent.json')
      .map((path) => [path, () => fromCommand(path)] as const),
  ].filter(([, read]) => !understood.has(JSON.stringify(read())))

  test('of which there are many', () => {
    expect(others.length).toBeGreaterThan(100)
  })
  test.each(others)('%s', async (_path, read) => {
    const { invoke } = await start()
    await expect(invoke(read())).rejects.toMatchObject({ kind: 'unsupported' })
  })
})
