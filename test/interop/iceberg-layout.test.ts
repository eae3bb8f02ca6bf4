/**
 * Protects how tables that we make are laid out: in every catalog they have the partition that is configured and the order of
 * their signal; rows are split by that partition, a file for each, and independent readers find every row.
 */
import { readFile, rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tables } from '../../src/tables/tables.ts'
import { asReading, foundRows, wantedRows } from './compare.ts'
import { arrival, expectedRows } from './expected.ts'
import type { Filter } from './filters.ts'
import { type IcebergDestination, icebergDestinations } from './iceberg-destinations.ts'
import type { Answer, TableRef } from './readers/iceberg.ts'
import { byMetadata, loadTable } from './readers/iceberg-paths.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { deliver, logsRequest, metricsRequest, tracesRequest } from './requests.ts'
import { type Server, startServer } from './server.ts'

const hour = 3_600_000_000n

/** By `OTLP2PARQUET_ICEBERG_PARTITION`: the partition of microseconds, and where it begins. */
const partitions: Readonly<Record<string, (micros: bigint) => string>> = {
  none: () => '',
  hour: (micros) => String(micros / hour),
  month: (micros) => new Date(Number(micros / 1000n)).toISOString().slice(0, 7),
}

/** The sort orders of the tables, and catalogs that do not keep one. */
const metricsOrder = ['metricname', 'servicename', 'timestamp']
const orderOf = (name: string): readonly string[] =>
  name.startsWith('metrics_') ? metricsOrder : ['servicename', 'timestamp']
const unsorted: readonly string[] = ['ministack']

/** A request with its times moved by hours. */
const moved = <T>(request: T, hours: number): T => {
  const by = BigInt(hours) * hour * 1000n
  const text = JSON.stringify(request)
  return JSON.parse(text.replace(/"179\d{16}"/g, (time) => `"${BigInt(time.slice(1, -1)) + by}"`))
}

/** Each one request, of two hours in one month and another month. */
const moments = [0, 1, 40 * 24]
const sent = {
  traces: tracesRequest,
  logs: { resourceLogs: moments.flatMap((hours) => moved(logsRequest, hours).resourceLogs) },
  metrics: {
    resourceMetrics: moments.flatMap((hours) => moved(metricsRequest, hours).resourceMetrics),
  },
}
const rowsOf = (table: string) =>
  Object.values(sent)
    .flatMap((request) => expectedRows(request))
    .filter((row) => row.table === table)
const read = ['logs', 'metrics_gauge'] as const

/** Files that the rows of a table are in: one for each partition, and one for rows whose time is that of their arrival. */
const filesOf = (table: string, by: string): number =>
  new Set(
    rowsOf(table).map(({ row: { Timestamp } }) =>
      Timestamp === arrival ? arrival : partitions[by]?.(BigInt(String(Timestamp))),
    ),
  ).size

const always: Filter = {
  column: 'timestamp',
  type: 'timestamptz',
  operator: 'between',
  values: ['0', '4000000000000000'],
}

interface Place {
  readonly name: string
  readonly by: string
  readonly ref: (table: string) => TableRef
}
/** Days are in every catalog, in the tests of every value. */
const layouts: Readonly<Record<string, readonly string[]>> = {
  'files on disk': ['none', 'hour', 'month'],
  'Java on disk': ['none', 'hour'],
  Nessie: ['month'],
  ministack: ['hour'],
}
const cases = Object.entries(layouts).flatMap(([name, all]) => all.map((by) => [name, by] as const))
const places = new Map<string, Place>()
const destinations: IcebergDestination[] = []
const servers: Server[] = []
const found = new Map<string, Answer[]>()

/** A program that partitions so, in a namespace of its own; it is sent everything. */
const fill = async (name: string, destination: IcebergDestination, by: string): Promise<void> => {
  const namespace = `by_${by}`
  const server = await startServer({
    ...destination.env,
    OTLP2PARQUET_ICEBERG_NAMESPACE: namespace,
    OTLP2PARQUET_ICEBERG_PARTITION: by,
  })
  servers.push(server)
  for (const [signal, request] of Object.entries(sent)) {
    await deliver(server.url, signal, JSON.stringify(request))
  }
  const ref = (table: string): TableRef => {
    const usual = destination.table(server, table)
    return 'catalog' in usual
      ? { ...usual, namespace }
      : { folder: `${server.folder}/${namespace}/${table}` }
  }
  places.set(`${name} ${by}`, { name, by, ref })
}

beforeAll(async () => {
  for (const [name, all] of Object.entries(layouts)) {
    const destination = (await icebergDestinations[name]?.()) as IcebergDestination
    destinations.push(destination)
    for (const by of all) await fill(name, destination, by)
  }
  const questions = [...places.values()].flatMap(({ ref }) =>
    read.map((table) => ({ table: ref(table), filters: [always] })),
  )
  for (const reader of ['duckdb', 'pyiceberg', 'java']) {
    found.set(reader, (await icebergReaders[reader]?.read(questions)) ?? [])
  }
}, 400_000)
afterAll(async () => {
  for (const server of servers) {
    await server.stop()
    await rm(server.folder, { recursive: true })
  }
  for (const destination of destinations) await destination.stop()
})

interface Metadata {
  readonly 'current-schema-id': number
  readonly schemas: readonly { 'schema-id': number; fields: { id: number; name: string }[] }[]
  readonly 'default-spec-id': number
  readonly 'partition-specs': readonly { 'spec-id': number; fields: Field[] }[]
  readonly 'default-sort-order-id': number
  readonly 'sort-orders': readonly { 'order-id': number; fields: Field[] }[]
}

interface Field {
  readonly 'source-id': number
  readonly transform: string
  readonly 'field-id'?: number
  readonly name?: string
  readonly direction?: string
  readonly 'null-order'?: string
}

/** A table's metadata, not as our own program reads it. */
const metadataOf = async (ref: TableRef): Promise<Metadata> => {
  if ('catalog' in ref) return (await loadTable(ref)).metadata as unknown as Metadata
  const { table } = await byMetadata({ table: ref })
  if (!('metadata' in table)) throw new Error('no metadata file')
  return JSON.parse(await readFile(table.metadata, 'utf8')) as Metadata
}

/** The default spec and order of a table, its columns by name. */
const layoutOf = (metadata: Metadata) => {
  const schema = metadata.schemas.find((one) => one['schema-id'] === metadata['current-schema-id'])
  const nameOf = (id: number) => schema?.fields.find((field) => field.id === id)?.name
  const spec = metadata['partition-specs'].find(
    (one) => one['spec-id'] === metadata['default-spec-id'],
  )
  const order = metadata['sort-orders'].find(
    (one) => one['order-id'] === metadata['default-sort-order-id'],
  )
  return {
    spec: spec?.fields.map((field) => [
      nameOf(field['source-id']),
      field.transform,
      field['field-id'],
      field.name,
    ]),
    order: order?.fields.map((field) => [
      nameOf(field['source-id']),
      field.transform,
      field.direction,
      field['null-order'],
    ]),
  }
}

describe.each(cases)('%s, by %s', (name, by) => {
  const place = (): Place => {
    const there = places.get(`${name} ${by}`)
    if (there === undefined) throw new Error('it did not start')
    return there
  }

  it('every table has that partition and its order', async () => {
    for (const table of tables) {
      const order = unsorted.includes(name) ? [] : orderOf(table.name)
      expect(layoutOf(await metadataOf(place().ref(table.name))), table.name).toEqual({
        spec: by === 'none' ? [] : [['timestamp', by, 1000, `timestamp_${by}`]],
        order: order.map((column) => [column, 'identity', 'asc', 'nulls-first']),
      })
    }
  })

  it.each(['duckdb', 'pyiceberg', 'java'])(
    '%s reads every row, a file for each partition',
    (reader) => {
      const at = [...places.keys()].indexOf(`${name} ${by}`) * read.length
      const answers = found.get(reader)?.slice(at, at + read.length) ?? []
      const readings = read.map((table, i) => asReading(table, answers[i] as Answer))
      const { logs, metrics_gauge } = wantedRows(Object.values(sent))
      expect(foundRows(readings)).toEqual({ logs, metrics_gauge })
      expect(answers.map(({ count, problems = [] }) => [count, problems])).toEqual(
        read.map((table) => [rowsOf(table).length, []]),
      )
      expect(answers.map(({ filtered }) => filtered[0]?.fileCount)).toEqual(
        read.map((table) => filesOf(table, by)),
      )
    },
  )
})

it('what was sent is in more files the finer the partition', () => {
  const [none = 0, hour = 0, month = 0] = ['none', 'hour', 'month'].map((by) => filesOf('logs', by))
  expect(none).toBeLessThan(month)
  expect(month).toBeLessThan(hour)
})
