// Protects: single values have the bytes that the specification says, and no value lies outside of the bounds made of the
// least and the greatest one: a wrong bound silently hides rows.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  lowerBound,
  type SingleValue,
  singleValueBytes,
  upperBound,
} from '../../src/iceberg/bounds.ts'
import { texts } from '../arrow/random-batches.ts'

const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const utf8 = (text: string): string => Buffer.from(text).toString('hex')

const uuid = 'f79c3e09-677c-4bbd-a479-3f349cb785e7'

const serialized: [string, SingleValue, string][] = [
  ['boolean', false, '00'],
  ['boolean', true, '01'],
  ['int', 1234, 'd2040000'],
  ['int', -2147483648, '00000080'],
  ['int', 7n, '07000000'],
  ['long', 1234n, 'd204000000000000'],
  ['long', 1234, 'd204000000000000'],
  ['long', 2n ** 63n - 1n, 'ffffffffffffff7f'],
  ['long', -(2n ** 63n), '0000000000000080'],
  ['float', -4.5, '000090c0'],
  ['float', -0, '00000080'],
  ['float', Infinity, '0000807f'],
  ['double', 6, '0000000000001840'],
  ['double', -0, '0000000000000080'],
  ['date', -1, 'ffffffff'],
  ['time', 1n, '0100000000000000'],
  ['timestamp', -1n, 'ffffffffffffffff'],
  ['timestamptz', 1510871468000001n, '01c3262d215e0500'],
  ['string', 'iceberg', utf8('iceberg')],
  ['string', '', ''],
  ['string', '\u{10ffff}', 'f48fbfbf'],
  ['uuid', uuid, uuid.replaceAll('-', '')],
  ['uuid', bytes(uuid.replaceAll('-', '')), uuid.replaceAll('-', '')],
  ['fixed[3]', bytes('00ff01'), '00ff01'],
  ['binary', bytes('00ff01'), '00ff01'],
  ['decimal(9,2)', 1420n, '058c'],
  ['decimal(9, 2)', 0n, '00'],
  ['decimal(9,2)', 127n, '7f'],
  ['decimal(9,2)', 128n, '0080'],
  ['decimal(9,2)', -128n, '80'],
  ['decimal(9,2)', -129n, 'ff7f'],
  ['decimal(38,0)', 10n ** 38n - 1n, '4b3b4ca85a86c47a098a223fffffffff'],
]

test.each(serialized)('%s %s', (type, value, expected) => {
  expect(hex(singleValueBytes(type, value))).toBe(expected)
})

const leftOut: [string, SingleValue][] = [
  ['boolean', 1],
  ['int', 1.5],
  ['int', 2147483648],
  ['int', Number.NaN],
  ['date', -2147483649n],
  ['long', 2n ** 63n],
  ['long', 2 ** 53],
  ['long', '1'],
  ['timestamptz', -(2n ** 63n) - 1n],
  ['float', 0.1],
  ['float', Number.NaN],
  ['double', Number.NaN],
  ['double', 1n],
  ['string', 'a\ud800'],
  ['string', '\udc00a'],
  ['string', 1],
  ['uuid', `${uuid}0`],
  ['uuid', bytes('00')],
  ['fixed[3]', bytes('00ff')],
  ['fixed', bytes('00ff')],
  ['binary', 'text'],
  ['decimal(9,2)', 10n ** 9n],
  ['decimal(9,2)', -(10n ** 9n)],
  ['decimal(9,2)', 1.5],
  ['decimal', 1n],
  ['list', 1],
  ['toString', 1],
  ['unknown', 1],
]

test.each(leftOut)('left out: %s %s', (type, value) => {
  expect(singleValueBytes(type, value)).toBeNull()
  expect([lowerBound(type, value), upperBound(type, value)]).toEqual([null, null])
})

const bounds: [string, SingleValue, string, string | null][] = [
  ['int', 1, '01000000', '01000000'],
  ['double', 0, '0000000000000080', '0000000000000000'],
  ['double', -0, '0000000000000080', '0000000000000000'],
  ['float', -0, '00000080', '00000000'],
  ['int', 0, '00000000', '00000000'],
  ['fixed[17]', bytes('ff'.repeat(17)), 'ff'.repeat(17), 'ff'.repeat(17)],
  ['binary', bytes('ff'.repeat(16)), 'ff'.repeat(16), 'ff'.repeat(16)],
  ['binary', bytes('ff'.repeat(17)), 'ff'.repeat(16), null],
  ['binary', bytes(`01fe${'ff'.repeat(15)}`), `01fe${'ff'.repeat(14)}`, '01ff'],
  ['binary', bytes('00'.repeat(17)), '00'.repeat(16), `${'00'.repeat(15)}01`],
]

test.each(bounds)('bounds of %s %s', (type, value, lower, upper) => {
  expect([hex(lowerBound(type, value)), hex(upperBound(type, value))]).toEqual([lower, upper])
})

const last = '\u{10ffff}'
const ofTexts: [string, string, string, string | null][] = [
  ['16 characters', 'a'.repeat(16), 'a'.repeat(16), 'a'.repeat(16)],
  ['17 characters', 'a'.repeat(17), 'a'.repeat(16), `${'a'.repeat(15)}b`],
  ['16 in 64 bytes', '🌍'.repeat(16), '🌍'.repeat(16), '🌍'.repeat(16)],
  ['17 in 68 bytes', '🌍'.repeat(17), '🌍'.repeat(16), `${'🌍'.repeat(15)}🌎`],
  ['a longer next character', '\x7f'.repeat(17), '\x7f'.repeat(16), `${'\x7f'.repeat(15)}\x80`],
  ['before surrogates', '\ud7ff'.repeat(17), '\ud7ff'.repeat(16), `${'\ud7ff'.repeat(15)}\ue000`],
  [
    'before astral ones',
    '\uffff'.repeat(17),
    '\uffff'.repeat(16),
    `${'\uffff'.repeat(15)}\u{10000}`,
  ],
  [
    'before the last one',
    '\u{10fffe}'.repeat(17),
    '\u{10fffe}'.repeat(16),
    `${'\u{10fffe}'.repeat(15)}${last}`,
  ],
  ['a last one at the end', `a${last.repeat(16)}`, `a${last.repeat(15)}`, 'b'],
  [
    'a mark at the begin',
    `\ufeff${'a'.repeat(16)}`,
    `\ufeff${'a'.repeat(15)}`,
    `\ufeff${'a'.repeat(14)}b`,
  ],
  ['16 last ones', last.repeat(16), last.repeat(16), last.repeat(16)],
  ['17 last ones', last.repeat(17), last.repeat(16), null],
]

test.each(ofTexts)('bounds of a text: %s', (_, value, lower, upper) => {
  expect(hex(lowerBound('string', value))).toBe(utf8(lower))
  expect(hex(upperBound('string', value))).toBe(upper && utf8(upper))
})

describe('for all values', () => {
  const compare = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b)

  test('a text lies between its bounds, which are texts of at most 16 characters', () =>
    fc.assert(
      fc.property(texts, (text) => {
        const value = Buffer.from(text)
        const lower = lowerBound('string', text) as Uint8Array
        const upper = upperBound('string', text)
        expect(compare(lower, value)).toBeLessThanOrEqual(0)
        for (const bound of [lower, upper ?? lower]) {
          const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bound)
          expect(Array.from(decoded).length).toBeLessThanOrEqual(16)
        }
        if (upper === null) expect(text.startsWith(last.repeat(16))).toBe(true)
        else expect(compare(value, upper)).toBeLessThanOrEqual(0)
      }),
    ))

  test('bytes lie between their bounds', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (value) => {
        const upper = upperBound('binary', value)
        expect(compare(lowerBound('binary', value) as Uint8Array, value)).toBeLessThanOrEqual(0)
        if (upper !== null) expect(compare(value, upper)).toBeLessThanOrEqual(0)
      }),
    ))

  test('a decimal is in its bytes, and none of them is superfluous', () =>
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n - 1n), max: 10n ** 38n - 1n }), (value) => {
        const found = singleValueBytes('decimal(38,3)', value) as Uint8Array
        const unsigned = BigInt(`0x${hex(found)}`)
        expect(BigInt.asIntN(8 * found.length, unsigned)).toBe(value)
        const shorter = 8 * (found.length - 1)
        expect(shorter > 0 && BigInt.asIntN(shorter, value) === value).toBe(false)
      }),
    ))
})
