// Protects: what a request becomes, column by column and value by value, against literal expectations: every field of
// every signal and metric kind, what is absent, what is rejected; as protobuf and as JSON.
import { describe, expect, it } from 'vitest'
import type { TableBatch } from '../../src/otlp/batch.ts'
import { decode } from '../../src/otlp/decode.ts'
import { valuesOf } from '../arrow/values.ts'
import type { Row } from '../judge/row.ts'
import { bodies, cases } from './bodies.ts'
import { type Expected, receivedAt, requestId } from './expected.ts'
import { logsRows } from './rows-logs.ts'
import { metricsRows, mixedPlaces } from './rows-metrics.ts'
import { tracesRows } from './rows-traces.ts'

const expected: Readonly<Record<string, Expected>> = { ...logsRows, ...tracesRows, ...metricsRows }

const decoded = ({ signal, encoding, bytes }: (typeof bodies)[number]) =>
  decode({ signal, encoding, body: bytes, requestId, receivedAt })

/** A batch's rows as plain values, by column name. */
const rowsOf = ({ batch }: TableBatch): Row[] => {
  const columns = batch.columns.map(valuesOf)
  return Array.from({ length: batch.numRows }, (_, row) =>
    Object.fromEntries(batch.fields.map(({ name }, i) => [name, columns[i]?.[row]])),
  )
}

const tablesOf = (batches: readonly TableBatch[]) =>
  Object.fromEntries(batches.map((one) => [one.table.name, rowsOf(one)]))

describe('a golden request', () => {
  const whole = bodies.filter(({ name }) => name in expected)

  it.each(whole)('$name, $encoding', (body) => {
    const { tables, rejected = {} } = expected[body.name] as Expected
    const result = decoded(body)
    expect(tablesOf(result.batches)).toStrictEqual(tables)
    expect(Object.fromEntries(result.rejected)).toEqual(rejected)
    expect(result).toMatchObject({
      records: Object.values(tables).flat().length,
      unknownFields: 0,
      repairedStrings: 0,
    })
  })

  const mixed = bodies.filter(({ name }) => name === 'metrics-mixed')

  it.each(mixed)('$name, $encoding: each point in its table, numbered over all', (body) => {
    const places = Object.entries(tablesOf(decoded(body).batches)).map(([table, rows]) => {
      const byName: Record<string, unknown[]> = {}
      for (const { MetricName, RequestRow } of rows) {
        byName[MetricName as string] ??= []
        byName[MetricName as string]?.push(RequestRow)
      }
      return [table, byName]
    })
    expect(Object.fromEntries(places)).toEqual(mixedPlaces)
  })

  it('has its rows written down', () => {
    expect([...Object.keys(expected), 'metrics-mixed'].sort()).toEqual(Object.keys(cases).sort())
  })
})
