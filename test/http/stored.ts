/** Compares what a case left behind with what it sent. */
import { isDeepStrictEqual } from 'node:util'
import { normalize } from '../judge/normalize.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import { type Entry, entriesOf, type Request, requestOf } from '../judge/request.ts'
import type { Row } from '../judge/row.ts'
import { requestOfRows, type TableRow } from '../judge/rows.ts'
import type { Case } from './case.ts'
import { meaningOf, signalOf } from './meaning.ts'

/** The rows of a data file; its key names the table: `logs/…`, `metrics/gauge/…`. */
export const rowsOfFile = async (key: string, bytes: Uint8Array): Promise<TableRow[]> => {
  const [folder = '', kind] = key.split('/')
  const table = folder === 'metrics' ? `metrics_${kind}` : folder
  return (await rowsOfParquet(bytes)).map((row) => ({ table, row }))
}

/**
 * What is wrong with the rows that a case left behind: a 200 stores every record but the rejected,
 * each as the judge reads it and once; all else stores nothing.
 */
export const storedProblems = (test: Case, rows: readonly TableRow[]): string[] => {
  const { status, rejected = 0 } = test.expect
  if (status !== 200 || !isExport(test)) {
    return rows.length === 0 ? [] : [`${rows.length} rows were stored`]
  }
  const sent = entriesOf(meaningOf(test))
  if (rows.length !== sent.length - rejected) {
    return [`${rows.length} rows of ${sent.length} records, ${rejected} of them rejected`]
  }
  const places = rows.map(({ row }) => row.RequestRow)
  const kept = rejected === 0 ? sent : sent.filter((_, place) => places.includes(place))
  const found = requestOfRows(signalOf(test.request.path), rows)
  const broken = rows.filter(({ row }) => !wholeIds(row))
  return [...differences(test, found, kept), ...broken.map(() => 'a broken id was stored')]
}

/** Whether a case sends records, not a probe. */
export const isExport = ({ request, expect }: Case): boolean =>
  request.method === 'POST' && expect.text === undefined

const differences = (test: Case, found: Request, sent: readonly Entry[]): string[] => {
  const wanted = normalize(requestOf(signalOf(test.request.path), sent))
  return isDeepStrictEqual(found, wanted) ? [] : [`${show(found)} instead of ${show(wanted)}`]
}

const wholeIds = ({ TraceId = '', SpanId = '', ParentSpanId = '' }: Row): boolean =>
  /^(.{32})?$/.test(`${TraceId}`) &&
  /^(.{16})?$/.test(`${SpanId}`) &&
  /^(.{16})?$/.test(`${ParentSpanId}`)

const show = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)).slice(0, 1000)
