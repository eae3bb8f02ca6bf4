/** The log record that every figure is compared on: 442 bytes of protobuf. */
import { create, toBinary } from '@bufbuild/protobuf'
import { any } from '../golden/literals.ts'
import { type LogRecord, LogRecordSchema } from '../judge/gen/logs_pb.ts'
import { schemas } from '../judge/request.ts'
import { type Draws, draws, named, resource, scopesOf, words } from './values.ts'

/** Bytes of a record, a body of about 150 and eight attributes among them. */
export const logRecordBytes = 442

/** A request of so many log records. */
export const logsRequest = (count: number) => {
  const dice = draws(count)
  const records = Array.from({ length: count }, (_, i) => logRecord(i, dice))
  return create(schemas.logs, {
    resourceLogs: [
      {
        resource: resource(),
        scopeLogs: scopesOf(records).map(({ scope, records }) => ({ scope, logRecords: records })),
      },
    ],
  })
}

const severities = [
  { severityNumber: 9, severityText: 'INFO' },
  { severityNumber: 5, severityText: 'DEBUG' },
  { severityNumber: 13, severityText: 'WARN' },
  { severityNumber: 17, severityText: 'ERROR' },
] as const

const logRecord = (i: number, dice: Draws): LogRecord => {
  const time = dice.time(i)
  const route = dice.pick(words.routes)
  const method = dice.pick(words.methods)
  const status = dice.pick(words.statuses)
  const record = create(LogRecordSchema, {
    ...dice.pick(severities),
    timeUnixNano: time,
    observedTimeUnixNano: time + BigInt(dice.below(1_000_000)),
    traceId: dice.bytes(16),
    spanId: dice.bytes(8),
    flags: 1,
    attributes: named({
      'http.method': method,
      'http.route': route,
      'http.status': status,
      'user.id': `u-${dice.below(1e9)}`,
      'thread.id': BigInt(dice.below(64)),
      'code.function': dice.pick(['handleRequest', 'loadCart', 'chargeCard']),
      'duration.ms': dice.below(100_000) / 64,
      'cache.hit': dice.oneIn(2),
    }),
  })
  return filled(record, `${method} ${route} answered ${status} for order "${dice.below(1e9)}"`)
}

const filler =
  ': payment authorised by the provider, stock reserved in warehouse 7, confirmation queued for delivery, see the trace for all steps of this order and its retries, if any'

/** Gives the record a body of the length that makes it 442 bytes. */
const filled = (record: LogRecord, sentence: string): LogRecord => {
  const withBody = (length: number) => {
    record.body = any((sentence + filler.repeat(2)).slice(0, length))
    return toBinary(LogRecordSchema, record).length
  }
  const wanted = 150 + logRecordBytes - withBody(150)
  const size = withBody(wanted)
  if (size !== logRecordBytes) withBody(wanted + logRecordBytes - size)
  return record
}
