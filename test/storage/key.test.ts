// Protects the order in which every backend lists: that of the keys' bytes, for any Unicode.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareKeys } from '../../src/storage/key.ts'

it('orders keys as their UTF-8 bytes are ordered', () => {
  const key = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(key, key, (a, b) => {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
      expect(Math.sign(compareKeys(a, b))).toBe(expected)
    }),
  )
})
