/**
 * Protects both modes of the function, under AWS's emulator: Iceberg tables in a catalog and plain files in a bucket hold
 * every value of what was sent over HTTP, whatever stands before the function.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createS3Storage } from '../../../src/storage/s3.ts'
import { tables } from '../../../src/tables/tables.ts'
import { type EventKind, eventKinds } from '../../runtimes/lambda-bridge.ts'
import { asReading, foundRows, wantedRows } from '../compare.ts'
import { icebergDestinations } from '../iceberg-destinations.ts'
import { icebergReaders } from '../readers/iceberg-readers.ts'
import { readers } from '../readers/readers.ts'
import { deliver, requests } from '../requests.ts'
import { type S3Server, startMoto, startVersitygw } from '../s3-servers.ts'
import type { Server } from '../server.ts'
import { startBridge } from './bridge.ts'
import { builtFunction } from './built.ts'
import { type EmulatedFunction, startFunction } from './emulator.ts'

let built: { folder: string; task: string }
beforeAll(async () => {
  built = await builtFunction()
})
afterAll(() => rm(built.folder, { recursive: true }))

const undone: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const undo of undone.splice(0).toReversed()) await undo()
})

const start = async (env: Readonly<Record<string, string>>): Promise<EmulatedFunction> => {
  const started = await startFunction({
    task: built.task,
    env: { OTLP2PARQUET_AUTH: 'none', ...env },
  })
  undone.push(started.stop)
  return started
}

/** Every kind of event in turn: each signal comes through another door. */
const kinds = Object.keys(eventKinds) as EventKind[]

const deliverAll = async ({ invoke }: EmulatedFunction, firstKind: number): Promise<void> => {
  for (const [i, [signal, request]] of Object.entries(requests).entries()) {
    const kind = kinds[(firstKind + i) % kinds.length] ?? 'Function URL'
    const bridge = await startBridge(kind, invoke)
    try {
      await deliver(bridge.url, signal, JSON.stringify(request))
    } finally {
      await bridge.stop()
    }
  }
}

const wanted = wantedRows(Object.values(requests))

test.each([
  ['Java on versitygw', 0],
  ['ministack', 3],
])('Iceberg: init makes the tables, and DuckDB finds every value: %s', async (place, firstKind) => {
  const destination = await icebergDestinations[place]?.()
  if (destination === undefined) throw new Error(`no destination is called ${place}`)
  undone.push(destination.stop)
  const started = await start(destination.env)
  expect(await started.invoke({ otlp2parquet: 'init' })).toEqual({ status: 'ok' })
  await deliverAll(started, firstKind)
  const names = tables.map(({ name }) => name)
  // These are in a catalog: no folder is asked for.
  const questions = names.map((name) => ({ table: destination.table({} as Server, name) }))
  const answers = (await icebergReaders.duckdb?.read(questions)) ?? []
  const readings = answers.map((answer, i) => asReading(names[i] ?? '', answer))
  expect(foundRows(readings)).toEqual(wanted)
})

describe.each([
  ['versitygw', startVersitygw, 2],
  ['moto', startMoto, 5],
] as const)('plain files on %s', (_name, startS3, firstKind) => {
  let s3: S3Server
  beforeAll(async () => {
    s3 = await startS3()
  })
  afterAll(() => s3.stop())

  test('DuckDB finds every value', async () => {
    const started = await start({
      OTLP2PARQUET_S3_BUCKET: s3.bucket,
      OTLP2PARQUET_S3_REGION: s3.region,
      OTLP2PARQUET_S3_ENDPOINT: s3.endpoint,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    })
    await deliverAll(started, firstKind)
    const folder = await mkdtemp(join(built.folder, 'bucket-'))
    const readings = (await readers.duckdb?.(folder, await fetched(s3, folder))) ?? []
    expect(foundRows(readings)).toEqual(wanted)
  })
})

/** Brings a bucket's objects into a folder; their keys. */
const fetched = async (s3: S3Server, folder: string): Promise<string[]> => {
  const storage = createS3Storage({ ...s3, credentials: async () => s3 })
  const keys = (await Array.fromAsync(storage.list(''))).map(({ key }) => key)
  for (const key of keys) {
    await mkdir(dirname(join(folder, key)), { recursive: true })
    await writeFile(join(folder, key), (await storage.get(key)) ?? '')
  }
  return keys
}
