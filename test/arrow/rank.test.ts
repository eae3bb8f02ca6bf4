// Protects: ranks follow bytewise order, whatever the hashing in front of the sort finds or misses.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rankStrings } from '../../src/arrow/rank.ts'
import type { Utf8Vector } from '../../src/arrow/vector.ts'
import { vectorOf } from '../arrow/values.ts'

const rank = (strings: (string | null)[]) => {
  const { ranks, highest } = rankStrings(vectorOf('utf8', strings) as Utf8Vector)
  return { ranks: [...ranks], highest }
}

test.each([
  ['none', [], [], 0],
  ['null is 0, empty is not', [null, '', 'a', null], [0, 1, 2, 0], 2],
  ['equal entries are equal', ['b', 'a', 'b', 'a'], [2, 1, 2, 1], 2],
  ['bytes, not UTF-16 units', ['\u{1F600}', '\uffee', 'Z', 'a'], [4, 3, 1, 2], 4],
  ['a prefix comes first', ['ab', 'a', 'a\0'], [3, 1, 2], 3],
] as const)('%s', (_, strings, ranks, highest) => {
  expect(rank([...strings])).toEqual({ ranks, highest })
})

test('as sorting the distinct strings', () => {
  const strings = fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 3 }), { nil: null }))
  fc.assert(
    fc.property(strings, (strings) => {
      const bytes = [...new Set(strings.filter((string) => string !== null))]
        .map((string) => Buffer.from(string))
        .sort(Buffer.compare)
        .map(String)
      expect(rank(strings).ranks).toEqual(
        strings.map((s) => (s === null ? 0 : bytes.indexOf(s) + 1)),
      )
    }),
  )
})

test('strings whose hashes collide are told apart, and equal ones beyond the probes are equal', () => {
  const colliding = collisions(40)
  const strings = [...colliding, ...colliding]
  const { ranks, highest } = rank(strings)
  expect(highest).toBe(40)
  expect(ranks.slice(0, 40)).toEqual(ranks.slice(40))
})

/** Names that fall into the same slot of a table for 80 strings: FNV-1a with equal low bits. */
const collisions = (count: number): string[] => {
  const found: string[] = []
  for (let i = 0; found.length < count; i++) {
    const name = `n${i}`
    let hash = 0x811c9dc5
    for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
    if (((hash ^ (hash >>> 15)) & 255) === 7) found.push(name)
  }
  return found
}
