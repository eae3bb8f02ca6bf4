/**
 * Protects readers that trust a footer, as Java's library reads it: it names columns by their ids, counts rows and
 * nulls, and every value of a row group lies within the bounds that it states.
 */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { tables } from '../../src/tables/tables.ts'
import { randomRequests } from './random-requests.ts'
import { type Bound, type Footer, footerOf, parquetTool } from './readers/footers.ts'
import { hyparquet } from './readers/hyparquet.ts'
import { post } from './requests.ts'
import { type Cell, type Reading, tableOf } from './rows.ts'
import { type Server, startServer } from './server.ts'

const seed = Number(process.env.INTEROP_SEED ?? 1)
const records = 1000
const rowGroupSize = 128

let server: Server
const readings: Record<string, Reading> = {}
const footers: Record<string, Footer> = {}

beforeAll(async () => {
  server = await startServer({ OTLP2PARQUET_ROW_GROUP_SIZE: String(rowGroupSize) })
  for (const [signal, request] of Object.entries(randomRequests(seed, records)))
    expect(await post(server.url, signal, JSON.stringify(request))).toBe(200)
  const files = await server.files()
  expect(files).toHaveLength(tables.length)
  for (const reading of await hyparquet(server.folder, files)) {
    readings[tableOf(reading.file)] = reading
    footers[tableOf(reading.file)] = await footerOf(`${server.folder}/${reading.file}`)
  }
})
afterAll(async () => {
  await server.stop()
  await rm(server.folder, { recursive: true })
})

const pathOf = (name: string): string => `${server.folder}/${readings[name]?.file}`

it('no statistics are called corrupt', async () => {
  const paths = tables.map(({ name }) => pathOf(name))
  const said = (await parquetTool('check-stats', ...paths)).trim().split('\n')
  expect(said).toEqual(paths.map((path) => `${path} has no corrupt stats`))
})

describe.each(tables)('$name', ({ name, columns }) => {
  it('who wrote it, and every column by its id', () => {
    expect(footers[name]?.createdBy).toBe(`otlp2parquet version ${manifest.version}`)
    const ids = columns.map((column) => [column.name, column.id])
    expect(Object.entries(footers[name]?.fieldIds ?? {})).toEqual(ids)
  })

  // Not the lists: the tool scans through Avro, whose projection finds no list whose element has a field id,
  // in PyArrow's files neither.
  it('every record is scanned', async () => {
    const flat = columns.flatMap((column) => (column.type.startsWith('list') ? [] : column.name))
    const scanned = await parquetTool('scan', pathOf(name), '--columns', flat.join(','))
    expect(scanned).toContain(`Scanned ${records} records from 1 file(s)`)
  })

  it('row groups of the configured size hold all rows', () => {
    const rows = footers[name]?.rowGroups.map((group) => group.rows) ?? []
    const full = Array.from({ length: Math.floor(records / rowGroupSize) }, () => rowGroupSize)
    expect(rows).toEqual([...full, records % rowGroupSize])
  })

  it('nulls are counted, and bounds hold every value', () => {
    const wrong: unknown[] = []
    let bounded = 0
    for (const { group, path, physical, nulls, bounds, values } of chunksOf(name)) {
      const present = values.filter((value) => value !== null)
      if (nulls !== undefined && nulls !== values.length - present.length)
        wrong.push({ group, path, nulls, counted: values.length - present.length })
      if (bounds === undefined) continue
      bounded++
      const outside = present.filter((value) => !within(value, bounds, physical))
      if (outside.length > 0) wrong.push({ group, path, bounds, outside })
    }
    expect(wrong).toEqual([])
    // Bounds that are left out hide nothing, but let nothing be skipped either.
    expect(bounded).toBeGreaterThan(columns.length)
  })

  it('what queries look for has bounds in every row group', () => {
    const sought = ['Timestamp', 'TimeUnixNano', 'ServiceName', ...(soughtIn[name] ?? [])]
    for (const { path, bounds, values } of chunksOf(name))
      if (sought.includes(path) && values.some((value) => value !== null))
        expect([path, bounds]).not.toEqual([path, undefined])
  })
})

const soughtIn: Readonly<Record<string, readonly string[]>> = {
  logs: ['SeverityNumber', 'TraceId'],
  traces: ['TraceId', 'SpanName', 'Duration'],
}

/** Every chunk of a table's file that is no list, with the values of its rows. */
const chunksOf = (name: string) => {
  let first = 0
  return (footers[name]?.rowGroups ?? []).flatMap(({ rows, chunks }, group) => {
    const [from, to] = [first, first + rows]
    first = to
    return chunks
      .filter(({ path }) => !path.includes('.'))
      .map((chunk) => {
        const held = readings[name]?.rows.slice(from, to) ?? []
        return { ...chunk, group, values: held.map((row) => row[chunk.path] ?? null) }
      })
  })
}

/** Whether a value lies between two bounds, in the order that Parquet gives its type. */
const within = (value: Cell, [min, max]: readonly [Bound, Bound], physical: string): boolean => {
  switch (physical) {
    case 'BINARY': {
      const bytes = Buffer.from(String(value))
      return Buffer.compare(min as Buffer, bytes) <= 0 && Buffer.compare(bytes, max as Buffer) <= 0
    }
    case 'DOUBLE':
      // NaN has no place in the order, and is never a bound ("Statistics", parquet.thrift).
      return value === 'NaN'
        ? min !== 'NaN' && max !== 'NaN'
        : Number(min) <= Number(value) && Number(value) <= Number(max)
    case 'BOOLEAN':
      return Number(min) <= Number(value) && Number(value) <= Number(max)
    default:
      return (
        BigInt(min as string) <= BigInt(value as string) &&
        BigInt(value as string) <= BigInt(max as string)
      )
  }
}
