// Protects: the files of each table have exactly the columns promised, in the types promised, for
// readers that know nothing of us.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileMetaData, parquetMetadata, type SchemaTree } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createEncoder } from '../../src/parquet/encoder.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { tables } from '../../src/tables/tables.ts'
import { allKinds, arrival, logs, spans } from '../ingest/requests.ts'
import { ask } from '../tools/duckdb.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import { writtenColumns } from './written-columns.ts'

const files = new Map<string, Uint8Array<ArrayBuffer>>()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-schema-'))
  const storage = createMemoryStorage()
  const { encode } = createEncoder({ module: await compileParquetWasm(), version: '1.2.3' })
  const options = { maxFiles: 9, dedupe: true, log: noLog, metrics: noMetrics }
  const ingest = createPlainIngest({ storage, encode, ...options })
  const bodies = { logs: logs({ name: 'a', records: 1 }), traces: spans, metrics: allKinds() }
  for (const [signal, body] of Object.entries(bodies)) {
    const request = { signal: signal as keyof typeof bodies, body, receivedAt: arrival }
    await ingest({ ...request, encoding: 'protobuf' })
  }
  for await (const { key } of storage.list('')) {
    const table = key.replace(/\/[^/]+\/year=.*/, '')
    files.set(table, (await storage.get(key))?.slice() ?? new Uint8Array())
    await writeFile(join(folder, fileName(table)), files.get(table) ?? '')
  }
})

afterAll(() => rm(folder, { recursive: true }))

const fileName = (table: string): string => `${table.replace('/', '-')}.parquet`

test('seven tables', () => {
  expect([...files.keys()].sort()).toEqual(Object.keys(writtenColumns).sort())
  expect(tables.map(({ folder }) => folder).sort()).toEqual(Object.keys(writtenColumns).sort())
})

const metadataOf = (table: string): FileMetaData =>
  parquetMetadata((files.get(table) ?? new Uint8Array()).buffer)

/** A leaf as Parquet says it: physical type and, where there is one, the logical one. */
const parquetTypes: Readonly<Record<string, readonly unknown[]>> = {
  boolean: ['BOOLEAN', undefined],
  int: ['INT32', undefined],
  long: ['INT64', undefined],
  double: ['DOUBLE', undefined],
  string: ['BYTE_ARRAY', { type: 'STRING' }],
  timestamptz: ['INT64', { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' }],
}

const duckTypes: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
}

const elementOf = (type: string): string | undefined => /^list<(.*)>$/.exec(type)?.[1]

describe.each(Object.entries(writtenColumns))('%s', (table, columns) => {
  test('Parquet: names, types, all optional, lists of `list.element`', () => {
    const { schema } = metadataOf(table)
    const leaves = schema.slice(1).filter((element) => element.num_children === undefined)
    const groups = schema.slice(1).filter((element) => element.num_children !== undefined)
    const found = topLevel(metadataOf(table)).map((column) => [column.element.name, typeOf(column)])
    expect(Object.fromEntries(found)).toEqual(columns)
    expect(found.length).toBe(Object.keys(columns).length)
    expect(leaves.every(({ repetition_type }) => repetition_type === 'OPTIONAL')).toBe(true)
    expect(groups.length).toBe(2 * Object.values(columns).filter(elementOf).length)
  })

  test('ids: one for each column and list element, none twice', () => {
    const ids = topLevel(metadataOf(table)).flatMap(idsOf)
    const lists = Object.values(columns).filter(elementOf).length
    expect(new Set(ids).size).toBe(Object.keys(columns).length + lists)
    expect(ids.every((id) => Number.isInteger(id) && Number(id) > 0)).toBe(true)
  })

  test('DuckDB: the same columns', async () => {
    const described = await ask(`DESCRIBE FROM 'data/${fileName(table)}'`, folder)
    const found = described.map(({ column_name, column_type, null: nullable }) => {
      expect(nullable).toBe('YES')
      return [column_name, column_type]
    })
    const expected = Object.entries(columns).map(([name, type]) => {
      const element = elementOf(type)
      return [name, element === undefined ? duckTypes[type] : `${duckTypes[element]}[]`]
    })
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
  })
})

/** The columns as trees: hyparquet's own tree needs no rows. */
const topLevel = ({ schema }: FileMetaData): Pick<SchemaTree, 'element' | 'children'>[] => {
  const elements = schema.values()
  const next = (): SchemaTree => {
    const element = elements.next().value as SchemaTree['element']
    const children = Array.from({ length: element.num_children ?? 0 }, next)
    return { element, children, count: 0, path: [] }
  }
  return next().children
}

/** Which of our types a column has; what is none of them as Parquet spells it. */
const typeOf = ({ element, children }: Pick<SchemaTree, 'element' | 'children'>): string => {
  if (element.logical_type?.type !== 'LIST') return leafType(element)
  const [list, item] = [children[0]?.element, children[0]?.children[0]?.element]
  const shape = [element.repetition_type, list?.name, list?.repetition_type, item?.name]
  expect(shape).toEqual(['OPTIONAL', 'list', 'REPEATED', 'element'])
  return `list<${item && leafType(item)}>`
}

const leafType = ({ type, logical_type }: SchemaTree['element']): string => {
  const spelled = JSON.stringify([type, logical_type])
  const known = Object.entries(parquetTypes).find(([, said]) => JSON.stringify(said) === spelled)
  return known?.[0] ?? spelled
}

const idsOf = ({ element, children }: Pick<SchemaTree, 'element' | 'children'>): unknown[] =>
  element.logical_type?.type === 'LIST'
    ? [element.field_id, children[0]?.children[0]?.element.field_id]
    : [element.field_id]
