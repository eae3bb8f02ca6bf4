/** Compares what readers found with what was sent. */
import type { Column } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'
import { arrival, type ExpectedRow, expectedRows } from './expected.ts'
import { type Cell, canonicalJson, type Reading, type Row, tableOf } from './rows.ts'

const columnsOf = (table: string): readonly Column[] => {
  const found = tables.find(({ name }) => name === table)
  if (found === undefined) throw new Error(`no table is called ${table}`)
  return found.columns
}

/** The types a reader must find in a table's files. */
export const typesOf = (table: string): Record<string, string> =>
  Object.fromEntries(
    columnsOf(table).map(({ name, type }) => [name, type.replace('json', 'string')]),
  )

/** A row with its JSON texts in one spelling. */
const canonical = (table: string, row: Row): Row =>
  Object.fromEntries(
    columnsOf(table).flatMap(({ name, type }) => {
      const value = row[name]
      if (value === undefined) return []
      const isJson =
        type.endsWith('json') ||
        type === 'list<json>' ||
        (name === 'Body' && row.BodyType !== 'string')
      return [[name, isJson ? canonicalCell(value) : value]]
    }),
  )

const canonicalCell = (cell: Cell): Cell =>
  typeof cell === 'string'
    ? canonicalJson(cell)
    : Array.isArray(cell)
      ? cell.map(canonicalCell)
      : cell

const sorted = (rows: readonly ExpectedRow[]): ExpectedRow[] => {
  const keyed = rows.map((row) => ({ row, key: JSON.stringify(row) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1))
  return keyed.map(({ row }) => row)
}

const byTable = (rows: readonly ExpectedRow[]): Record<string, Row[]> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(sorted(rows), ({ table }) => table)).map(
      ([table, group = []]) => [table, group.map(({ row }) => row)],
    ),
  )

/** The rows that requests must give, by table, in an order of their own. */
export const wantedRows = (requests: readonly Record<string, unknown>[]): Record<string, Row[]> =>
  byTable(
    requests
      .flatMap((request) => expectedRows(request))
      .map(({ table, row }) => ({ table, row: canonical(table, row) })),
  )

/**
 * The rows that a reader found, in the same order and spelling. `RequestId` and `IngestedAt`, which no sender
 * knows, are left out; a `Timestamp` that is the time of arrival is said so.
 */
export const foundRows = (readings: readonly Reading[]): Record<string, Row[]> =>
  byTable(
    readings.flatMap(({ file, rows }) =>
      rows.map(({ RequestId: _, IngestedAt, ...row }) => {
        const unset = row.TimeUnixNano === '0' && (row.ObservedTimeUnixNano ?? '0') === '0'
        const Timestamp = unset && row.Timestamp === IngestedAt ? arrival : (row.Timestamp ?? null)
        return { table: tableOf(file), row: canonical(tableOf(file), { ...row, Timestamp }) }
      }),
    ),
  )

/** How many different requests rows come from. */
export const requestIds = (readings: readonly Reading[]): string[] => [
  ...new Set(readings.flatMap(({ rows }) => rows.map((row) => String(row.RequestId)))),
]

/**
 * What a reader found in an Iceberg table, as if in a plain file: the columns there are the tables' in lower case.
 * A column that is none of them keeps its name.
 */
export const asReading = (
  table: string,
  { types, rows }: Pick<Reading, 'types' | 'rows'>,
): Reading => {
  const names = new Map(columnsOf(table).map(({ name }) => [name.toLowerCase(), name]))
  const renamed = <T>(entries: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(entries).map(([name, value]) => [names.get(name) ?? name, value]),
    )
  const file = `${table.replace('metrics_', 'metrics/')}/table`
  return { file, types: renamed(types), rows: rows.map(renamed) }
}
