// Protects: files for somebody's table are made in its terms: its field ids, its partitions, its order; and a request that
// comes again makes the same files, however late.
import { describe, expect, test } from 'vitest'
import type { Vector } from '../../src/arrow/vector.ts'
import type {
  IcebergType,
  NestedField,
  PartitionField,
  SortField,
  TableMetadata,
} from '../../src/iceberg/table-metadata.ts'
import { fittedBatch, ownColumns, tableColumns } from '../../src/ingest/table-columns.ts'
import { fileText, lastingPartition, partitionSources } from '../../src/ingest/table-partition.ts'
import { fileOrder } from '../../src/ingest/table-sort-order.ts'
import { decode, type Signal } from '../../src/otlp/decode.ts'
import { logs } from '../../src/tables/logs.ts'
import { neverNullColumns } from '../../src/tables/never-null.ts'
import type { Partition } from '../../src/tables/partitions.ts'
import { fieldsOf } from '../../src/tables/table.ts'
import { traces } from '../../src/tables/traces.ts'
import { valuesOf } from '../arrow/values.ts'
import { metadataOf, type TableParts } from '../iceberg/tables.ts'
import { allKinds, arrival, logs as logsRequest, nano, spans } from './requests.ts'

/** Columns of `table` under ids from 501 on, some of other types, and one of their own. */
const theirs = (
  table: typeof logs | typeof traces,
  names: readonly string[],
  types: Readonly<Record<string, IcebergType>> = {},
): NestedField[] => [
  ...names.map((name, i) => {
    const ours = ownColumns(table).fields.find((field) => field.name === name.toLowerCase())
    const type = types[name] ?? ours?.type ?? 'string'
    const renumbered =
      typeof type === 'object' && type.type === 'list' ? { ...type, 'element-id': 900 + i } : type
    return { id: 501 + i, name, required: false, type: renumbered }
  }),
  { id: 800, name: 'region', required: false, type: 'string' },
]

const names = ['body', 'ServiceName', 'timestamp', 'severitynumber', 'ingestedat', 'logattributes']
const logsTable = (
  parts: Partial<TableParts> = {},
  types: Readonly<Record<string, IcebergType>> = {},
) =>
  metadataOf({
    columns: theirs(logs, names, types),
    olderColumns: ownColumns(logs).fields,
    ...parts,
  })

const idOf = (metadata: TableMetadata, name: string): number =>
  metadata.schemas.at(-1)?.fields.find((field) => field.name === name)?.id ?? 0

describe('columns', () => {
  const batch = {
    fields: fieldsOf(logs),
    columns: logs.columns.map(({ id }) => id as never),
    numRows: 1,
  }

  test('stand in our order under their names and ids, without those that the table does not have', () => {
    const { fields, columns } = fittedBatch(batch, tableColumns(logs, logsTable()))
    expect(fields.map(({ id, name }) => `${id} ${name}`)).toEqual([
      '503 timestamp',
      '502 ServiceName',
      '505 ingestedat',
      '504 severitynumber',
      '501 body',
      '506 logattributes',
    ])
    const places = [
      'Timestamp',
      'ServiceName',
      'IngestedAt',
      'SeverityNumber',
      'Body',
      'LogAttributes',
    ]
    expect(columns).toEqual(places.map((name) => logs.columns.find((c) => c.name === name)?.id))
  })

  test('have elements under their ids, and our own types', () => {
    const columns = theirs(traces, ['eventsname', 'duration'])
    const { fields } = tableColumns(
      traces,
      metadataOf({ columns, olderColumns: ownColumns(traces).fields }),
    )
    expect(fields).toEqual([
      { id: 502, name: 'duration', type: 'long' },
      { id: 501, name: 'eventsname', type: { list: 'string', elementId: 900 } },
    ])
  })

  test('are one and the same list as long as the table has the same', () => {
    const [one, same, other] = [logsTable(), logsTable({ properties: { a: 'b' } }), logsTable()]
    const { fields } = tableColumns(logs, one)
    expect(tableColumns(logs, same).fields).toBe(fields)
    expect(tableColumns(logs, logsTable({ columns: theirs(logs, ['body']) })).fields).toHaveLength(
      1,
    )
    expect(tableColumns(logs, other).fields).toEqual(fields)
  })
})

const field = (transform: string, source: number, i = 0): PartitionField => ({
  transform,
  'source-id': source,
  'field-id': 1000 + i,
  name: `p${i}`,
})

const partitionedBy = (...fields: readonly [transform: string, column: string][]) =>
  logsTable({
    spec: {
      'spec-id': 0,
      fields: fields.map(([transform, column], i) =>
        field(transform, idOf(logsTable(), column), i),
      ),
    },
  })

describe('partitions', () => {
  test('have a source for each field: of an hour, of a value, or null', () => {
    const [day, service, region, nothing] = partitionSources(
      logs,
      partitionedBy(
        ['day', 'timestamp'],
        ['truncate[2]', 'ServiceName'],
        ['identity', 'region'],
        ['void', 'body'],
      ),
    )
    expect(day && 'ofHour' in day && [day.column, day.ofHour(49)]).toEqual(['Timestamp', 2])
    const value = new TextEncoder().encode('shop')
    expect(service && 'ofValue' in service && [service.column, service.ofValue(value)]).toEqual([
      'ServiceName',
      'sh',
    ])
    expect([region, nothing]).toEqual([null, null])
  })

  test('of an int in a column of longs are longs', () => {
    const spec = { 'spec-id': 0, fields: [field('identity', 504)] }
    const [source] = partitionSources(logs, logsTable({ spec }, { severitynumber: 'long' }))
    expect(source && 'ofValue' in source && source.ofValue(9)).toBe(9n)
  })

  const partition = (values: Partition['values'], timeless: boolean): Partition => ({
    ...{ values, timeless, timestamp: 0n, count: 1, rows: null },
  })
  const metadata = partitionedBy(
    ['day', 'timestamp'],
    ['identity', 'ServiceName'],
    ['day', 'ingestedat'],
  )
  const text = (values: Partition['values'], timeless = false) =>
    fileText(
      partition(values, timeless),
      lastingPartition(partition(values, timeless), logs, metadata),
    )

  test('of one request have different names', () => {
    const texts = [
      text([1, 'a', 9]),
      text([2, 'a', 9]),
      text([1, 'b', 9]),
      text([1, null, 9]),
      text([1, 'null', 9]),
      text([1, 'a', 9], true),
      text([1, 'b', 9], true),
    ]
    expect(new Set(texts).size).toBe(texts.length)
  })

  test('have the same name when the request comes again, a day later', () => {
    expect(text([1, 'a', 9])).toBe(text([1, 'a', 10]))
    expect(text([9, 'a', 9], true)).toBe(text([10, 'a', 10], true))
    expect(text([9, 'a', 9])).not.toBe(text([10, 'a', 10]))
  })
})

describe('the order of rows is', () => {
  const by = (
    ...fields: readonly [
      column: string,
      direction?: 'asc' | 'desc',
      nulls?: string,
      transform?: string,
    ][]
  ) =>
    logsTable({
      sortOrder: {
        'order-id': 7,
        fields: fields.map(
          ([column, direction = 'asc', nulls = 'nulls-first', transform = 'identity']) =>
            ({
              'source-id': idOf(logsTable(), column),
              direction,
              'null-order': nulls,
              transform,
            }) as SortField,
        ),
      },
    })
  const ours = ['ServiceName', 'timestamp']
  const cases: [string, TableMetadata, unknown][] = [
    [
      "the table's",
      by(['timestamp', 'desc', 'nulls-last'], ['body']),
      {
        columns: [
          { name: 'timestamp', descending: true, nullsFirst: false },
          { name: 'body', descending: false, nullsFirst: true },
        ],
        orderId: 7,
      },
    ],
    [
      "the table's, whatever is null everywhere",
      by(['region'], ['body', 'desc']),
      { columns: [{ name: 'body', descending: true, nullsFirst: true }], orderId: 7 },
    ],
    [
      "ours and the table's, when all of its columns are null",
      by(['region']),
      { columns: ours, orderId: 7 },
    ],
    ['ours, when the table has none', logsTable(), { columns: ours, orderId: 0 }],
    [
      'ours, when the table sorts by a transform',
      by(['timestamp', 'asc', 'nulls-first', 'day']),
      { columns: ours, orderId: 0 },
    ],
  ]
  test.each(cases)('%s', (_, metadata, order) => {
    expect(fileOrder(logs, metadata)).toEqual(order)
  })

  test('ours, when the table sorts by doubles', () => {
    // No column of logs holds doubles; a list cannot be sorted by either.
    const columns = theirs(traces, ['eventsname', 'servicename'])
    const sortOrder = {
      'order-id': 7,
      fields: [
        {
          'source-id': 501,
          direction: 'asc',
          'null-order': 'nulls-first',
          transform: 'identity',
        } as const,
      ],
    }
    expect(fileOrder(traces, metadataOf({ columns, sortOrder }))).toEqual({
      columns: ['servicename'],
      orderId: 0,
    })
  })
})

const requests: [string, Signal, Uint8Array][] = [
  ['logs', 'logs', logsRequest({ records: 2 }, { name: 'a', records: 1, time: 0n })],
  ['spans', 'traces', spans],
  ['points', 'metrics', allKinds(0n)],
  ['points in time', 'metrics', allKinds(nano)],
]
test.each(requests)(
  'columns that a table may require have a value in every row: %s',
  (_, signal, body) => {
    const { batches } = decode({
      ...{ signal, encoding: 'protobuf', body, requestId: '0'.repeat(32), receivedAt: arrival },
    })
    expect(batches.length).toBeGreaterThan(0)
    for (const { batch } of batches) {
      for (const name of neverNullColumns) {
        const at = batch.fields.findIndex((field) => field.name === name)
        expect(valuesOf(batch.columns[at] as Vector)).not.toContain(null)
      }
    }
  },
)
