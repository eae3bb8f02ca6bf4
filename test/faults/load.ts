/** Requests whose every record can be known again: by run, client and sequence number. */
import { createHash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import type { Signal } from '../../src/otlp/decode.ts'
import type { Row } from '../interop/rows.ts'
import type { SeverityNumber } from '../judge/gen/logs_pb.ts'
import type { Random } from '../judge/random.ts'
import { schemas, toProtobuf } from '../judge/request.ts'

/** Everything that a request's bytes follow from; an entry of the ledger holds it. */
export interface Sent {
  /** Which run of the test, in hex. */
  readonly run: string
  readonly client: number
  readonly signal: Signal
  /** The sequence number of the first record, of all that this client sends. */
  readonly first: number
  readonly records: number
  /** Over how many services and hours the records are spread: as many files, at most. */
  readonly services: number
  readonly hours: number
}

/** A row that a reader must find. */
export interface ExpectedRow {
  readonly table: string
  readonly row: Row
}

/** The table of each signal; of the metrics only sums are sent. */
export const tableOfSignal = { logs: 'logs', traces: 'traces', metrics: 'metrics_sum' } as const

/** The column that holds a record's identity. */
const identityColumn = { logs: 'Body', traces: 'SpanName', metrics: 'MetricName' } as const

/** What a table's rows are known by. */
export const identityOf = (table: string, row: Row): string => {
  const [signal] = Object.entries(tableOfSignal).find(([, name]) => name === table) ?? []
  return String(row[identityColumn[(signal ?? 'logs') as Signal]])
}

/** The next request of a client: mostly small, one in five over several services and hours. */
export const nextRequest = (run: string, client: number, first: number, random: Random): Sent => {
  const spread = random.oneIn(5)
  return {
    run,
    client,
    signal: (['logs', 'traces', 'metrics'] as const)[random.below(3)] as Signal,
    first,
    records: 1 + random.below(random.oneIn(10) ? 1000 : 30),
    services: spread ? 1 + random.below(3) : 1,
    hours: spread ? 1 + random.below(2) : 1,
  }
}

const base = BigInt(Date.UTC(2026, 10, 25, 9)) * 1_000_000n
const hour = 3_600_000_000_000n

interface Item {
  readonly id: string
  readonly sequence: number
  readonly service: string
  readonly time: bigint
}

/** The records, in the order of the wire: those of one service stand together. */
const itemsOf = ({ run, client, first, records, services, hours }: Sent): Item[] =>
  Array.from({ length: records }, (_, i) => ({
    id: `${run}/${client}/${first + i}`,
    sequence: first + i,
    service: `client ${client}, part ${Math.floor((i * services) / records)}`,
    time: base + BigInt(i % hours) * hour + BigInt(first + i),
  }))

const text = (value: string) => ({ value: { case: 'stringValue' as const, value } })
const integer = (value: number) => ({ value: { case: 'intValue' as const, value: BigInt(value) } })
const attributesOf = ({ sequence, service }: Item) => [
  { key: 'sequence', value: integer(sequence) },
  { key: 'of', value: text(service) },
]
const attributeText = ({ sequence, service }: Item): string =>
  JSON.stringify({ sequence, of: service })

const groupsOf = (sent: Sent) =>
  [...Map.groupBy(itemsOf(sent), ({ service }) => service)].map(([service, items]) => ({
    resource: { attributes: [{ key: 'service.name', value: text(service) }] },
    items,
  }))

const makers = {
  logs: (sent: Sent) =>
    create(schemas.logs, {
      resourceLogs: groupsOf(sent).map(({ resource, items }) => ({
        resource,
        scopeLogs: [
          {
            logRecords: items.map((item) => ({
              timeUnixNano: item.time,
              body: text(item.id),
              severityNumber: (item.sequence % 25) as SeverityNumber,
              attributes: attributesOf(item),
            })),
          },
        ],
      })),
    }),
  traces: (sent: Sent) =>
    create(schemas.traces, {
      resourceSpans: groupsOf(sent).map(({ resource, items }) => ({
        resource,
        scopeSpans: [
          {
            spans: items.map((item) => ({
              startTimeUnixNano: item.time,
              endTimeUnixNano: item.time + 5n,
              name: item.id,
              attributes: attributesOf(item),
            })),
          },
        ],
      })),
    }),
  metrics: (sent: Sent) =>
    create(schemas.metrics, {
      resourceMetrics: groupsOf(sent).map(({ resource, items }) => ({
        resource,
        scopeMetrics: [
          {
            metrics: items.map((item) => {
              const value = { case: 'asInt' as const, value: BigInt(item.sequence) }
              const dataPoint = { timeUnixNano: item.time, value, attributes: attributesOf(item) }
              return {
                name: item.id,
                data: { case: 'sum' as const, value: { dataPoints: [dataPoint] } },
              }
            }),
          },
        ],
      })),
    }),
}

/** A request's body: the same bytes each time. */
export const bodyOf = (sent: Sent): Uint8Array<ArrayBuffer> => toProtobuf(makers[sent.signal](sent))

const columnsOf = {
  logs: (item: Item) => ({
    SeverityNumber: String(item.sequence % 25),
    LogAttributes: attributeText(item),
  }),
  traces: (item: Item) => ({
    EndTimeUnixNano: String(item.time + 5n),
    Duration: '5',
    SpanAttributes: attributeText(item),
  }),
  metrics: (item: Item) => ({ IntValue: String(item.sequence), Attributes: attributeText(item) }),
}

/** The rows that a request must become, in the spelling of the readers. */
export const rowsOf = (sent: Sent): ExpectedRow[] => {
  const { signal } = sent
  const hash = createHash('sha256').update(`${signal}\0`).update(bodyOf(sent)).digest('hex')
  return itemsOf(sent).map((item, i) => ({
    table: tableOfSignal[signal],
    row: {
      [identityColumn[signal]]: item.id,
      ServiceName: item.service,
      Timestamp: String(item.time / 1000n),
      TimeUnixNano: String(item.time),
      ResourceAttributes: JSON.stringify({ 'service.name': item.service }),
      RequestId: hash.slice(0, 32),
      RequestRow: String(i),
      ...columnsOf[signal](item),
    },
  }))
}
