// Protects: a batch's memory is given back with its last file, not before, also where a file could not be encoded.
import { expect, test } from 'vitest'
import { encodeOnce } from '../../src/ingest/destination.ts'
import { batchOf, vectorOf } from '../arrow/values.ts'

const rows = 20_000

/** Two files to be of one batch, and whether its memory is still there. */
const files = () => {
  const values = vectorOf('int32', Array(rows).fill(7))
  const shared = { batch: batchOf({ value: values }), files: 2 }
  const file = () => ({ rows: null, batch: shared as typeof shared | null })
  return {
    first: file(),
    second: file(),
    isThere: () => 'values' in values && values.values.length === rows,
  }
}

test('two files of a batch', () => {
  const { first, second, isThere } = files()
  expect(encodeOnce(first, ({ numRows }) => numRows)).toBe(rows)
  expect(isThere()).toBe(true)
  expect(encodeOnce(second, isThere)).toBe(true)
  expect(isThere()).toBe(false)
})

test('a file that cannot be encoded is one that is done', () => {
  const { first, second, isThere } = files()
  const fail = () => {
    throw new Error('cannot')
  }
  expect(() => encodeOnce(first, fail)).toThrow('cannot')
  expect(isThere()).toBe(true)
  expect(() => encodeOnce(second, fail)).toThrow('cannot')
  expect(isThere()).toBe(false)
})

test('a file is encoded once', () => {
  const { first } = files()
  encodeOnce(first, () => {})
  expect(() => encodeOnce(first, () => {})).toThrow('a file is encoded once')
})
