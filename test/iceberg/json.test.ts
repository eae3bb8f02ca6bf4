// Protects 63-bit snapshot ids: one that is rounded names another snapshot, and the table's history breaks.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, stringifyJson } from '../../src/iceberg/json.ts'

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
  ['a fraction beyond 2^53', '9007199254740993.5', 9007199254740994],
  ['an exponent beyond 2^53', '1e20', 1e20],
])('%s is no integer', (_, text, value) => {
  expect(parseJson(text)).toBe(value)
})

test('what is no JSON is refused', () => {
  expect(() => parseJson('<html>')).toThrow(SyntaxError)
})
