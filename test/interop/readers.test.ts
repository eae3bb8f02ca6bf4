/**
 * Protects large files: values that are hard to order, cut or compress, over many row groups, come out of every
 * reader as they went in.
 */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { foundRows, wantedRows } from './compare.ts'
import { randomRequests } from './random-requests.ts'
import { readers, withoutNullLists } from './readers/readers.ts'
import { post } from './requests.ts'
import { type Server, startServer } from './server.ts'

const requests = randomRequests(Number(process.env.INTEROP_SEED ?? 1), 800)
let server: Server
let files: string[]

beforeAll(async () => {
  server = await startServer({ OTLP2PARQUET_ROW_GROUP_SIZE: '128' })
  for (const [signal, request] of Object.entries(requests))
    expect(await post(server.url, signal, JSON.stringify(request))).toBe(200)
  files = await server.files()
})
afterAll(async () => {
  await server.stop()
  await rm(server.folder, { recursive: true })
})

it.each(Object.entries(readers))('%s', async (name, read) => {
  const readings = await read(server.folder, files)
  const wanted = wantedRows(Object.values(requests))
  if (name !== 'clickhouse') return expect(foundRows(readings)).toEqual(wanted)
  const byDuckdb = (await readers.duckdb?.(server.folder, files)) ?? []
  expect(foundRows(readings)).toEqual(foundRows(byDuckdb.map(withoutNullLists)))
})
