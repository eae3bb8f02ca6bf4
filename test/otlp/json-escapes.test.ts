/** JSON strings with escapes come out as JSON.parse would have them: a wrong one is a wrong value in the table. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { undoEscapes } from '../../src/otlp/json-escapes.ts'
import { Text } from '../../src/otlp/text.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** What stands between the quotes of a JSON text, behind what the column held before. */
const undone = (inside: string) => {
  const bytes = encoder.encode(`"${inside}"`)
  const to = new Text()
  to.ascii('before ')
  const repaired = undoEscapes(to, bytes, new DataView(bytes.buffer), 1, bytes.length - 1)
  return { text: decoder.decode(to.data.subarray(0, to.pos)), repaired }
}

/** The same by JSON.parse. */
const judged = (inside: string) => {
  const string = JSON.parse(`"${inside}"`) as string
  return { text: `before ${string.toWellFormed()}`, repaired: !string.isWellFormed() }
}

const hex = (code: number) => code.toString(16).padStart(4, '0')
const escaped = fc.nat(0xffff).map((code) => `\\u${hex(code)}`)
const upperCase = fc.nat(0xffff).map((code) => `\\u${hex(code).toUpperCase()}`)
const surrogate = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => `\\u${hex(code)}`)
const pair = fc
  .tuple(fc.nat(0x3ff), fc.nat(0x3ff))
  .map(([high, low]) => `\\u${hex(0xd800 + high)}\\u${hex(0xdc00 + low)}`)
const simple = fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t')
const plain = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .map((text) => JSON.stringify(text).slice(1, -1))
const pieces = fc.array(fc.oneof(escaped, upperCase, surrogate, pair, simple, plain))

test('every escape is undone as JSON.parse undoes it', () => {
  fc.assert(
    fc.property(pieces, (texts) => {
      const inside = texts.join('')
      expect(undone(inside)).toEqual(judged(inside))
    }),
    { numRuns: 5000 },
  )
})

test.each([
  ['a high surrogate at the end', 'a\\ud800', 'before a\ufffd'],
  ['a low surrogate first', '\\udc00\\ud800', 'before \ufffd\ufffd'],
  ['a high surrogate before another escape', '\\ud800\\n', 'before \ufffd\n'],
])('%s becomes U+FFFD and is told', (_, inside, text) => {
  expect(undone(inside)).toEqual({ text, repaired: true })
})
