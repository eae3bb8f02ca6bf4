/** Protects that it does not matter where the program runs: the same requests leave the same objects with the same values. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEmbeddedMetrics } from '../../runtimes/lambda/embedded-metrics.ts'
import { createHandler } from '../../runtimes/lambda/handler.ts'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { startServer } from '../../runtimes/node.ts'
import { readConfig } from '../../src/config.ts'
import { noLog } from '../../src/log.ts'
import { allKinds, logs, spans } from '../ingest/requests.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import type { Row } from '../judge/row.ts'
import { samplesFolder } from '../tools/samples.ts'
import { objectsOf, startWorker } from '../tools/worker.ts'
import { throughInvocations } from './lambda-bridge.ts'

/** Objects by their keys, and the rows in each. */
type Stored = ReadonlyMap<string, unknown>

const protobuf = 'application/x-protobuf'
const sample = (name: string) => readFile(join(samplesFolder, name))

/** Every signal in both encodings, several services and hours, and rows without a time. */
const requests = async (): Promise<readonly [string, string, Uint8Array][]> => [
  ['logs', protobuf, logs({ name: 'shop', records: 3 }, { records: 2, time: 1n })],
  ['traces', protobuf, spans],
  ['metrics', protobuf, allKinds()],
  ...(await Promise.all(
    ['logs', 'traces', 'metrics'].flatMap((signal) => [
      sample(`${signal}.pb`).then((body) => [signal, protobuf, body] as const),
      sample(`${signal}.json`).then((body) => [signal, 'application/json', body] as const),
    ]),
  ).then((all) =>
    all.map(([signal, type, body]): [string, string, Uint8Array] => [signal, type, body]),
  )),
]

const sendAll = async (send: (request: Request) => Promise<Response>): Promise<void> => {
  for (const [signal, type, body] of await requests()) {
    const headers = { 'Content-Type': type, 'Content-Length': String(body.length) }
    const request = new Request(`http://127.0.0.1/v1/${signal}`, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
    })
    const answer = await send(request)
    expect([signal, answer.status, await answer.text()]).toEqual([signal, 200, expect.anything()])
  }
}

const elsewhere = (url: string) => async (request: Request) =>
  fetch(url.replace(/\/$/, '') + new URL(request.url).pathname, {
    method: 'POST',
    headers: request.headers,
    body: await request.arrayBuffer(),
  })

/** A row without a time lies in the hour of its arrival: whenever that was. */
const timeless = /year=\d+\/month=\d+\/day=\d+\/hour=\d+\/0-/

const rowsOf = async (objects: ReadonlyMap<string, Uint8Array>): Promise<Stored> => {
  const stored = new Map<string, unknown>()
  for (const key of [...objects.keys()].sort()) {
    const rows = await rowsOfParquet(objects.get(key) as Uint8Array)
    stored.set(key.replace(timeless, '(now)/0-'), rows.map(withoutArrival))
  }
  return stored
}

/** When a request came is not the request's; it is the time of a row that has none. */
const withoutArrival = ({ IngestedAt: arrival, ...row }: Row): Row =>
  row.Timestamp === arrival ? { ...row, Timestamp: 'arrival' } : row

const inFolder = async (folder: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith('.parquet'),
  )
  const read = names.map(
    async (name) => [name.split(sep).join('/'), await readFile(join(folder, name))] as const,
  )
  return new Map(await Promise.all(read))
}

const wasm = compileParquetWasm()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-same-'))
})
afterAll(() => rm(folder, { recursive: true }))

const onNode = async (): Promise<Stored> => {
  const variables = {
    OTLP2PARQUET_STORAGE_PATH: `${folder}/node`,
    OTLP2PARQUET_LISTEN_ADDR: '127.0.0.1:0',
  }
  const config = readConfig(variables, 'node')
  const { url, ready, drain } = await startServer({ config, version: '0', wasm, log: noLog })
  await ready
  await sendAll(elsewhere(url))
  await drain()
  return rowsOf(await inFolder(`${folder}/node`))
}

const onLambda = async (): Promise<Stored> => {
  const variables = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: `${folder}/lambda`,
    OTLP2PARQUET_AUTH: 'none',
  }
  const config = readConfig(variables, 'lambda')
  const metrics = createEmbeddedMetrics({ write: () => {} })
  const handler = await createHandler({ config, version: '0', wasm, log: noLog, metrics })
  const context = { awsRequestId: 'id', getRemainingTimeInMillis: () => 60_000 }
  const invoke = (event: unknown) => handler(event, context) as never
  await sendAll(throughInvocations('Function URL', invoke))
  return rowsOf(await inFolder(`${folder}/lambda`))
}

const onWorkers = async (): Promise<Stored> => {
  const worker = await startWorker({ variables: { OTLP2PARQUET_AUTH: 'none' } })
  try {
    await sendAll(elsewhere(worker.url))
    return await rowsOf(await objectsOf(worker.bucket))
  } finally {
    await worker.stop()
  }
}

test('Node, Lambda and Workers store the same', async () => {
  const [node, lambda, workers] = [await onNode(), await onLambda(), await onWorkers()]
  expect(node.size).toBeGreaterThan(20)
  expect(lambda).toEqual(node)
  expect(workers).toEqual(node)
})
