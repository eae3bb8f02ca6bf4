/** Records that cannot be stored exactly are rejected by themselves: counts are exact, the rest is stored. */
import { type Case, json, protobuf } from '../case.ts'
import {
  bytes,
  fix64,
  float64,
  hex,
  len,
  logsOf,
  metricsOf,
  num,
  spansOf,
  str,
  varint,
} from '../wire.ts'

const traceId = hex('0102030405060708090a0b0c0d0e0f10')
const spanId = hex('0102030405060708')
const good = str(3, 'INFO')
const tooLate = 2n ** 63n

const rejected = (count: number, message = /./) => ({ status: 200, rejected: count, message })

const logs = (name: string, body: Uint8Array, count: number) =>
  protobuf(`log with ${name}`, body, rejected(count))
const spans = (name: string, body: Uint8Array, count: number) =>
  protobuf(`span with ${name}`, body, rejected(count), { signal: 'traces' })
const points = (name: string, body: Uint8Array, count: number) =>
  protobuf(`point with ${name}`, metricsOf(bytes(str(1, 'm'), body)), rejected(count), {
    signal: 'metrics',
  })
const jsonLogs = (name: string, records: string, count: number) =>
  json(
    `JSON log with ${name}`,
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${records}]}]}]}`,
    rejected(count),
  )

/** An AnyValue of arrays within arrays. */
const nested = (depth: number): Uint8Array => {
  let value: Uint8Array = str(1, 'x')
  for (let i = 0; i < depth; i++) value = len(5, len(1, value))
  return value
}

// biome-ignore format: a case is a line
export const partialSuccess: readonly Case[] = [
  logs('a trace id of 15 bytes', logsOf(len(9, traceId.subarray(1))), 1),
  logs('a trace id of 17 bytes', logsOf(len(9, traceId, 1)), 1),
  logs('a trace id of one byte, between good ones', logsOf(good, len(9, bytes(1)), good), 1),
  logs('a span id of 7 bytes', logsOf(len(10, spanId.subarray(1))), 1),
  logs('a span id of 16 bytes', logsOf(len(10, traceId)), 1),
  logs('both ids wrong counts once', logsOf(bytes(len(9, bytes(1)), len(10, bytes(1)))), 1),
  logs('three of five wrong', logsOf(len(9, bytes(1)), good, len(9, bytes(1)), good, len(10, bytes(1))), 3),
  logs('a time of 2^63', logsOf(fix64(1, tooLate)), 1),
  logs('a time of 2^64-1', logsOf(fix64(1, -1)), 1),
  logs('an observed time of 2^63', logsOf(fix64(11, tooLate)), 1),
  logs('a body nested 101 deep', logsOf(len(5, nested(101)), good), 1),
  logs('an attribute nested 101 deep', logsOf(len(6, str(1, 'k'), len(2, nested(101))), good), 1),
  protobuf('log with a body nested 99 deep is stored', logsOf(len(5, nested(99))), 200),
  logs('wrong ids in two scopes', len(1, len(2, len(2, len(9, bytes(1)))), len(2, len(2, len(9, bytes(1))), len(2, good))), 2),
  logs('wrong ids in 1,000 records', logsOf(...Array.from({ length: 1000 }, () => len(9, bytes(1)))), 1000),
  spans('a trace id of 8 bytes', spansOf(len(1, spanId)), 1),
  spans('a span id of 4 bytes', spansOf(len(2, bytes(1, 2, 3, 4))), 1),
  spans('a parent id of 16 bytes', spansOf(len(4, traceId)), 1),
  spans('a link whose trace id is short', spansOf(len(13, len(1, bytes(1)))), 1),
  spans('a link whose span id is short, among good ones', spansOf(good, len(13, len(2, bytes(1))), good), 1),
  spans('a start of 2^63', spansOf(fix64(7, tooLate)), 1),
  spans('an end of 2^63', spansOf(fix64(8, tooLate)), 1),
  spans('an event at 2^63', spansOf(len(11, fix64(1, tooLate))), 1),
  points('a time of 2^63', len(5, len(1, fix64(3, tooLate)), len(1, fix64(6, 1))), 1),
  points('a start of 2^63', len(7, len(1, fix64(2, tooLate), fix64(6, 1)), num(2, 2)), 1),
  points('a count of 2^63', len(9, len(1, fix64(4, tooLate))), 1),
  points('a bucket of 2^63', len(9, len(1, len(6, new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0x80])), len(7, float64(1)))), 1),
  points('an exponential bucket of 2^64-1', len(10, len(1, len(8, len(2, varint(-1))))), 1),
  points('a zero count of 2^63', len(10, len(1, fix64(7, tooLate))), 1),
  points('a summary count of 2^63', len(11, len(1, fix64(4, tooLate))), 1),
  points('an exemplar whose trace id is short', len(5, len(1, fix64(6, 1), len(5, len(5, bytes(1))))), 1),
  points('an exemplar at 2^63', len(5, len(1, fix64(6, 1), len(5, fix64(2, tooLate)))), 1),
  jsonLogs('a trace id of 2 digits', '{"traceId":"01"},{}', 1),
  jsonLogs('a span id of 14 digits', '{"spanId":"01020304050607"},{}', 1),
  jsonLogs('a time of 2^63', '{"timeUnixNano":"9223372036854775808"}', 1),
  jsonLogs('a time of 2^64-1 as a number', '{"timeUnixNano":18446744073709551615}', 1),
]
