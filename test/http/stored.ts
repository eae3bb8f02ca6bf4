/** Compares the rows that a case left with what it sent. */
import { isDeepStrictEqual } from 'node:util'
import { normalize } from '../judge/normalize.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import { entriesOf, requestOf } from '../judge/request.ts'
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
  const { status, rejected = 0, text } = test.expect
  if (status !== 200 || text !== undefined || test.request.method !== 'POST') {
    return rows.length === 0 ? [] : [`${rows.length} rows were stored`]
  }
  const signal = signalOf(test.request.path)
  const sent = entriesOf(meaningOf(test))
  const places = rows.map(({ row }) => Number(row.RequestRow)).sort((a, b) => a - b)
  if (places.length !== sent.length - rejected) {
    return [`${places.length} rows of ${sent.length} records, ${rejected} of them rejected`]
  }
  const kept = sent.filter((_, place) => places.includes(place))
  const wanted = normalize(requestOf(signal, kept))
  const found = requestOfRows(signal, rows)
  if (!isDeepStrictEqual(found, wanted)) return [`stored ${show(found)} instead of ${show(wanted)}`]
  return rows.filter(({ row }) => !wholeIds(row)).map(() => 'a record with a broken id was stored')
}

const wholeIds = ({ TraceId = '', SpanId = '', ParentSpanId = '' }: Row): boolean =>
  /^(.{32})?$/.test(`${TraceId}`) &&
  /^(.{16})?$/.test(`${SpanId}`) &&
  /^(.{16})?$/.test(`${ParentSpanId}`)

const show = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)).slice(0, 1000)
