// Protects 63-bit snapshot ids: one that is rounded names another snapshot, and the table's history breaks.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, stringifyJson } from '../../src/iceberg/json.ts'

/** The judge: the engine tells the source of every number. */
const exactly = (text: string): unknown =>
  (JSON.parse as (text: string, reviver: unknown) => unknown)(
    text,
    (_: string, value: unknown, { source = '' }: { source?: string }) =>
      /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? BigInt(source) : value,
  )

const outcome = (read: () => unknown) => {
  try {
    return { value: read() }
  } catch (error) {
    return { error: (error as Error).name }
  }
}

/** Pieces that look like each other: integers in strings, strings that end early, marks, escapes. */
const pieces = [
  ...['"', '\\', '\\"', '\\\\', ':', ',', ' ', '\n', '[', ']', '{', '}', '-', '.', '0', 'e5'],
  ...['7802446015091393218', '9007199254740991', '9007199254740992', '123456789012345', '0.5'],
  ...['\x7f', '\\u007f', '\\u007F', '"a"', '"a":', 'null', '\u{1f600}'],
]
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((all) => all.join(''))
const number = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('7802446015091393218.0', '7802446015091393218e0', '9007199254740993', '-0'),
)
const jsonText = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    soup.map((text) => JSON.stringify(text)),
    fc.array(tie('text'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(soup, tie('text')), { maxLength: 4 })
      .map((all) => `{${all.map(([key, text]) => `${JSON.stringify(key)} : ${text}`).join(', ')}}`),
  ),
})).text

test.each([
  ['what is JSON', jsonText],
  ['whatever else', soup],
  ['what is nearly JSON', fc.tuple(soup, jsonText, soup).map((parts) => parts.join(''))],
])('%s is read as its numbers are written', (_, texts) => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(outcome(() => parseJson(text))).toStrictEqual(outcome(() => exactly(text)))
    }),
    { numRuns: 3000 },
  )
})

test('an integer of any size comes out with the digits that went in', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (value) => {
      const text = `{"snapshots":[{"snapshot-id":${value}}]}`
      expect(stringifyJson(parseJson(text))).toBe(text)
      const isSafe = Number.isSafeInteger(Number(value))
      expect(parseJson(`${value}`)).toBe(isSafe ? Number(value) : value)
    }),
  )
})

test('all else is read and written as JSON reads and writes it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value)
      expect(stringifyJson(parseJson(text))).toBe(text)
    }),
  )
})

test.each([
  ['digits within a string', '"7802446015091393218"', '7802446015091393218'],
  [
    'a string that begins as if a member ended',
    '[":7802446015091393218,"]',
    [':7802446015091393218,'],
  ],
  ['a fraction beyond 2^53', '9007199254740993.5', 9007199254740994],
  ['an exponent beyond 2^53', '1e20', 1e20],
])('%s is no integer', (_, text, value) => {
  expect(parseJson(text)).toStrictEqual(value)
})

test.each(['<html>', '01234567890123456789', '[1,]'])('%s is refused', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})
