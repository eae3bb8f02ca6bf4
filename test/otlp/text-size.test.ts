// Protects: what a request's texts may take together follows its body; ids, and what telemetry makes, are not in the way.
import { expect, test } from 'vitest'
import { columnOf } from '../../src/arrow/record-batch.ts'
import type { DictionaryVector } from '../../src/arrow/vector.ts'
import { decode, type Signal } from '../../src/otlp/decode.ts'
import {
  bytes,
  field,
  joined,
  keyValue,
  record,
  repeated,
  resource,
  stringValue,
  text,
} from '../properties/pieces.ts'

const decoded = (body: Uint8Array, signal: Signal = 'logs') =>
  decode({ signal, encoding: 'protobuf', body, requestId: '0'.repeat(32), receivedAt: 0 })

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const control = (length: number) => stringValue(filled(length, 1))
const attribute = (value: Uint8Array) => field(6, keyValue('k', value))

const free = 16 << 20
const tooMuch = (limit: number) =>
  `more than ${limit} bytes of text, as JSON, in a request of this size`

/** Around an attribute `k`: `{"k":""}`, and `{}` of a resource and a scope. */
const around = 12

test('any request may make 16 MiB of text, and not a byte more', () => {
  const most = free - around
  const value = (more: number) =>
    joined(filled((most % 6) + more, 0x61), filled(Math.floor(most / 6), 1))
  expect(decoded(record(attribute(stringValue(value(0))))).records).toBe(1)
  const over = record(attribute(stringValue(value(1))))
  expect(() => decoded(over)).toThrow(tooMuch(free))
})

test('the texts of all columns count together, those of a resource too', () => {
  const third = Math.floor(free / 18)
  const of = (pieces: number) =>
    field(
      1,
      field(1, field(1, keyValue('k', control(third)))),
      field(
        2,
        field(
          2,
          ...[attribute(control(third)), field(5, field(5, field(1, control(third))))].slice(
            0,
            pieces,
          ),
        ),
      ),
    )
  expect(decoded(of(1)).records).toBe(1)
  expect(() => decoded(of(2))).toThrow(tooMuch(free))
})

test('of a larger body, half as much again as its bytes', () => {
  const of = (controls: number) =>
    record(attribute(stringValue(joined(filled(20 << 20, 0x61), filled(controls, 1)))))
  // A control character is a byte of the body and six of the text: 3 (n + m) = 2 (n + 6 m).
  const most = Math.floor((20 << 20) / 9)
  expect(decoded(of(most)).records).toBe(1)
  const over = of(most + 20)
  expect(() => decoded(over)).toThrow(tooMuch(Math.floor(1.5 * over.length)))
})

test('ids do not count: of links there may be as many as fit', () => {
  const link = field(13, field(1, filled(16, 7)), field(2, filled(8, 7)))
  expect(decoded(record(repeated(link, 400_000)), 'traces').records).toBe(1)
})

test('references of entities count as the text they become', () => {
  const reference = field(
    3,
    field(1, text('"u"')),
    field(2, text('t\n')),
    field(3, text('k')),
    field(3),
  )
  const lengthOf = (times: number): number => {
    const [one] = decoded(resource(repeated(reference, times))).batches
    if (one === undefined) throw new Error('no batch')
    const { dictionary } = columnOf(one.batch, 'ResourceEntityRefs') as DictionaryVector
    return dictionary.offsets[1] as number
  }
  const size = lengthOf(2) - lengthOf(1)
  const most = Math.floor(free / (size + 6))
  expect(lengthOf(most)).toBeGreaterThan(0.9 * free)
  expect(() => lengthOf(Math.ceil(free / size))).toThrow(tooMuch(free))
})

test('any request may hold 1,100,000 messages, a larger one one for each 16 bytes', () => {
  const events = (times: number, event: Uint8Array) => record(repeated(event, times))
  const empty = bytes(0x5a, 0)
  // Beside the events: a resource, a scope, a span.
  expect(decoded(events(1_100_000 - 3, empty), 'traces').records).toBe(1)
  expect(() => decoded(events(1_100_000 - 2, empty), 'traces')).toThrow(
    'more than 1100000 messages in a request of this size',
  )
  const timed = joined(bytes(0x5a, 15), bytes(0x09), filled(8, 1), bytes(0x12, 4), text('abcd'))
  expect(decoded(events(1_500_000, timed), 'traces').records).toBe(1)
})
