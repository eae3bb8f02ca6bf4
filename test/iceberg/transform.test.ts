// Protects: what a partition transform makes of a value is what the specification says, and so what every other writer
// and every reader's filter makes of it.
import { describe, expect, test } from 'vitest'
import { murmur3 } from '../../src/iceberg/murmur3.ts'
import type { IcebergType } from '../../src/iceberg/table-metadata.ts'
import {
  parseTransform,
  type SourceValue,
  type Transform,
  type TransformedValue,
} from '../../src/iceberg/transform.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const hex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'))
const micros = (time: string) => BigInt(Date.parse(time)) * 1000n
const transform = (text: string) => parseTransform(text) as Transform

const uuid = hex('f79c3e09677c4bbda4793f349cb785e7')
const day = 17_486 // 2017-11-16

describe('bucket hashes as Appendix B does', () => {
  const cases: [type: string, value: SourceValue, hash: number][] = [
    ['int', 34, 2017239379],
    ['long', 34n, 2017239379],
    ['decimal(9,2)', 1420n, -500754589],
    ['date', day, -653330422],
    ['time', 81_068_000_000n, -662762989],
    ['timestamp', micros('2017-11-16T22:31:08Z'), -2047944441],
    ['timestamp', micros('2017-11-16T22:31:08Z') + 1n, -1207196810],
    ['timestamptz', micros('2017-11-16T14:31:08-08:00'), -2047944441],
    ['timestamptz', micros('2017-11-16T14:31:08-08:00') + 1n, -1207196810],
    ['string', utf8('iceberg'), 1210000089],
    ['uuid', uuid, 1488055340],
    ['fixed[4]', hex('00010203'), -188683207],
    ['binary', hex('00010203'), -188683207],
  ]
  test.each(cases)('%s %s', (type, value, hash) => {
    const buckets = 0x7fffffff
    expect(transform(`bucket[${buckets}]`).apply(value, type)).toBe((hash & buckets) % buckets)
    expect(transform('bucket[16]').apply(value, type)).toBe((hash & buckets) % 16)
  })

  test.each([
    ['', 0],
    ['a', 1009084850],
    ['ab', -1681926305],
    ['abc', -1277324294],
    ['abcd', 1139631978],
    ['abcde', -392455434],
  ])('of the bytes of %j, whatever their length', (text, hash) => {
    expect(murmur3(utf8(text))).toBe(hash)
  })
})

describe('a value becomes', () => {
  const cases: [string, IcebergType & string, SourceValue, TransformedValue | null][] = [
    ['identity', 'long', 5n, 5n],
    ['identity', 'boolean', false, false],
    ['identity', 'double', -0, -0],
    ['identity', 'string', utf8('\ufeffé\u{1f600}'), '\ufeffé\u{1f600}'],
    ['void', 'string', utf8('a'), null],
    ['year', 'timestamptz', micros('1969-12-31T23:59:59.999Z'), -1],
    ['year', 'timestamptz', micros('2026-12-31T23:59:59Z'), 56],
    ['month', 'timestamptz', micros('1969-12-31T23:59:59Z'), -1],
    ['month', 'timestamptz', micros('2026-03-01T00:00:00Z'), 674],
    ['day', 'timestamptz', -1n, -1],
    ['day', 'timestamptz', 0n, 0],
    ['day', 'timestamptz', -86_400_000_000n, -1],
    ['day', 'timestamptz', -86_400_000_001n, -2],
    ['hour', 'timestamptz', -1n, -1],
    ['hour', 'timestamptz', 3_600_000_000n, 1],
    ['hour', 'timestamp', 3_599_999_999n, 0],
    ['day', 'date', day, day],
    ['month', 'date', day, 574],
    ['year', 'date', -1, -1],
    ['truncate[10]', 'int', 1, 0],
    ['truncate[10]', 'int', -1, -10],
    ['truncate[10]', 'int', -2147483648, 2147483646],
    ['truncate[10]', 'long', 1n, 0n],
    ['truncate[10]', 'long', -1n, -10n],
    ['truncate[10]', 'long', -(2n ** 63n), 2n ** 63n - 2n],
    ['truncate[50]', 'decimal(9,2)', 1065n, 1050n],
    ['truncate[3]', 'string', utf8('iceberg'), 'ice'],
    ['truncate[3]', 'string', utf8('é\u{1f600}ab'), 'é\u{1f600}a'],
    ['truncate[3]', 'string', utf8('ab'), 'ab'],
    ['truncate[3]', 'binary', hex('0102030405'), hex('010203')],
  ]
  test.each(cases)('%s of %s %s: %s', (text, type, value, result) => {
    expect(transform(text).apply(value, type)).toStrictEqual(result)
  })
})

describe('a transform has a type for', () => {
  const list: IcebergType = {
    type: 'list',
    'element-id': 2,
    element: 'string',
    'element-required': false,
  }
  const cases: [string, IcebergType, string | null][] = [
    ['identity', 'double', 'double'],
    ['identity', list, null],
    ['bucket[4]', 'string', 'int'],
    ['bucket[4]', 'decimal(9,2)', 'int'],
    ['bucket[4]', 'double', null],
    ['bucket[4]', 'boolean', null],
    ['bucket[4]', list, null],
    ['truncate[4]', 'long', 'long'],
    ['truncate[4]', 'timestamptz', null],
    ['day', 'timestamptz', 'date'],
    ['day', 'date', 'date'],
    ['day', 'string', null],
    ['month', 'date', 'int'],
    ['hour', 'date', null],
    ['hour', 'timestamp', 'int'],
    ['void', 'string', 'string'],
    ['void', list, 'int'],
  ]
  test.each(cases)('%s of %j: %s', (text, source, result) => {
    expect(transform(text).resultType(source)).toBe(result)
  })
})

test.each([
  'bucket',
  'bucket[0]',
  'bucket[-1]',
  'bucket[4294967296]',
  'truncate[]',
  'day[3]',
  'zorder',
  '',
])('%j is no transform', (text) => {
  expect(parseTransform(text)).toBeNull()
})
