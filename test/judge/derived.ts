/**
 * The columns that say a second time, for queries, what others say exactly: checked against the
 * record that the exact columns gave. `requestOfRows` does not look at them.
 */
import { isDeepStrictEqual } from 'node:util'
import type { KeyValue } from './gen/common_pb.ts'
import type { Exemplar } from './gen/metrics_pb.ts'
import { anyValueOf } from './json-text.ts'
import { type Entry, pointsOf } from './request.ts'
import { optional, type Row } from './row.ts'
import { entryOf, type TableRow } from './rows.ts'

/** What is wrong with a row's derived columns, a sentence each; the request arrived at `receivedAt` milliseconds. */
export const derivedProblems = (row: TableRow, receivedAt: number): string[] => {
  const entry = entryOf(row)
  const expected = derivedColumns(entry, receivedAt)
  const wrong = Object.keys(expected).filter(
    (name) => !isDeepStrictEqual(row.row[name], expected[name]),
  )
  return [
    ...wrong.map((name) => `${name} is ${row.row[name]}, not ${expected[name]}`),
    ...serviceProblems(row.row, entry.resource?.attributes ?? []),
  ]
}

const services = {
  ServiceName: 'service.name',
  ServiceNamespace: 'service.namespace',
  ServiceInstanceId: 'service.instance.id',
}

/** Of equal keys the last counts; a string stands as it is, any other value as JSON text. */
const serviceProblems = (row: Row, attributes: readonly KeyValue[]): string[] =>
  Object.entries(services).flatMap(([column, key]) => {
    const text = optional(row, column, 'string')
    const value = attributes.findLast((attribute) => attribute.key === key)?.value
    if (value?.value.case === 'stringValue') return text === value.value.value ? [] : [column]
    if (value === undefined || text === null)
      return value === undefined && text === null ? [] : [column]
    return isDeepStrictEqual(anyValueOf(text), value) ? [] : [`${column} is ${text}`]
  })

/** What the derived columns of an entry's row hold; the request arrived at `receivedAt` milliseconds. */
const derivedColumns = (entry: Entry, receivedAt: number): Row => {
  const arrived = BigInt(receivedAt) * 1000n
  const times = timesOf(entry)
  return {
    Timestamp: times.Timestamp === 0n ? arrived : micros(times.Timestamp),
    ...times.more,
    IngestedAt: arrived,
  }
}

const micros = (nanos: bigint): bigint => nanos / 1000n

const timesOf = (entry: Entry): { Timestamp: bigint; more: Row } => {
  if (entry.kind === 'log') {
    const { timeUnixNano, observedTimeUnixNano } = entry.item
    const Timestamp = timeUnixNano === 0n ? observedTimeUnixNano : timeUnixNano
    return { Timestamp, more: { ObservedTimestamp: micros(observedTimeUnixNano) } }
  }
  if (entry.kind === 'span') {
    const { startTimeUnixNano, endTimeUnixNano, events } = entry.item
    const EventsTimestamp = events.map((event) => micros(event.timeUnixNano))
    const Duration = endTimeUnixNano - startTimeUnixNano
    return { Timestamp: startTimeUnixNano, more: { Duration, EventsTimestamp } }
  }
  const [point] = pointsOf(entry.item) as readonly Point[]
  if (point === undefined) throw new Error('a metric without points has no row')
  const start = point.startTimeUnixNano
  const more = { StartTimestamp: start === 0n ? null : micros(start) }
  if (point.exemplars === undefined) return { Timestamp: point.timeUnixNano, more }
  const ExemplarsTimestamp = point.exemplars.map((exemplar) => micros(exemplar.timeUnixNano))
  return { Timestamp: point.timeUnixNano, more: { ...more, ExemplarsTimestamp } }
}

interface Point {
  readonly timeUnixNano: bigint
  readonly startTimeUnixNano: bigint
  readonly exemplars?: readonly Exemplar[]
}
