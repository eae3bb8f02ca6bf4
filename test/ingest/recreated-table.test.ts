// Protects: a table that somebody removes and makes anew while a request is on its way gets that request's rows under its own
// field ids, at once and once; what is not stored in time is never acknowledged.
import { parquetMetadata } from 'hyparquet'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { Catalog, TableCreation } from '../../src/iceberg/catalog.ts'
import { newTableMetadata } from '../../src/iceberg/new-table.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { tableCreation } from '../../src/ingest/table-creation.ts'
import type { Ingest, IngestRequest } from '../../src/ingest.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { logs } from '../../src/tables/logs.ts'
import { manifestsOf } from '../faults/model/rows.ts'
import { createMemoryCatalog, memoryFileIO } from '../iceberg/memory-catalog.ts'
import { createIcebergIngest } from '../tools/iceberg-ingest.ts'
import { arrival, logs as logsRequest } from './requests.ts'

const key = 'otel/logs'
let encoder: Encoder
beforeAll(async () => {
  encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
})

let tables: Map<string, TableMetadata>
let storage: Storage
let catalog: Catalog
let ingest: Ingest
/** What happens just before a commit. */
let beforeCommit: () => void

beforeEach(() => {
  tables = new Map()
  storage = createMemoryStorage()
  beforeCommit = () => {}
  catalog = createMemoryCatalog({
    tables,
    io: memoryFileIO(storage),
    before: (call) => (call === 'commit' ? beforeCommit() : undefined),
  })
  ingest = createIcebergIngest(catalog, 'otel', encoder)
})

/** Somebody removes the table and makes one with the same columns under ids from 1001 on. */
const makeAnew = (): void => {
  const { schema, spec, sortOrder, properties } = tableCreation(logs, 'day')
  const shifted = JSON.stringify({ schema, spec, sortOrder }).replace(
    /"((?:source-|element-)?id|key-id|value-id)":(\d+)/g,
    (_, name: string, id: string) => `"${name}":${Number(id) + 1000}`,
  )
  const parts = JSON.parse(shifted) as Pick<TableCreation, 'schema' | 'spec' | 'sortOrder'>
  tables.set(key, newTableMetadata(`memory://lake/${key}`, { ...parts, properties }, Date.now()))
}

/** Just before each of the next commits. */
const makeAnewBefore = (commits: number): void => {
  let left = commits
  beforeCommit = () => {
    if (left-- > 0) makeAnew()
  }
}

const send = (more: Partial<IngestRequest> = {}) =>
  ingest({
    signal: 'logs',
    encoding: 'protobuf',
    body: logsRequest({ name: 'shop', records: 3 }),
    receivedAt: arrival,
    deadline: Date.now() + 8_000,
    ...more,
  })

/** For each file of the table as it is now: how many rows it has, and the lowest id of a column. */
const filesNow = async (): Promise<{ rows: number; lowestId: number }[]> => {
  const table = await catalog.load({ namespace: ['otel'], name: 'logs' })
  const manifests = table === null ? [] : await manifestsOf(table)
  const files = manifests.flatMap(({ entries }) => entries.map((entry) => entry.data_file))
  return Promise.all(
    files.map(async ({ file_path: path }) => {
      const bytes = (await table?.io.get(path)) ?? new Uint8Array()
      const { schema, num_rows: rows } = parquetMetadata(bytes.slice().buffer)
      const ids = schema.flatMap(({ field_id: id }) => (id === undefined ? [] : [id]))
      return { rows: Number(rows), lowestId: Math.min(...ids) }
    }),
  )
}

describe('a table made anew under a request', () => {
  it('gets its rows at once, under its own ids', async () => {
    makeAnewBefore(1)
    expect(await send()).toMatchObject({ records: 3, files: 1, duplicates: 0 })
    expect(await filesNow()).toEqual([{ rows: 3, lowestId: 1001 }])
  })

  it('has them once when the request comes again', async () => {
    makeAnewBefore(1)
    await send()
    expect(await send()).toMatchObject({ files: 0, duplicates: 1 })
    expect(await filesNow()).toEqual([{ rows: 3, lowestId: 1001 }])
  })

  it.each([
    ['it is made anew once more', 2, {}],
    ['the body is gone by then', 1, { read: () => {} }],
  ])('gets them from the sender where %s', async (_, times, more) => {
    makeAnewBefore(times)
    const refused: unknown = await send(more).catch((error: unknown) => error)
    expect(refused).toMatchObject({ kind: 'unavailable', retryable: true })
    expect(await filesNow()).toEqual([])
    expect(await send()).toMatchObject({ files: 1, duplicates: 0 })
    expect(await filesNow()).toEqual([{ rows: 3, lowestId: 1001 }])
  })
})
