// Protects: an array that grows keeps what it holds, and of large ones nothing else is left.
import { expect, test } from 'vitest'
import { grown } from '../../src/otlp/grown.ts'

test.each([0, 1, 1000, 4096, 100_000])('from %i values', (length) => {
  for (const make of [Uint8Array, Int32Array, Float64Array]) {
    const values = new make(length).fill(7)
    const more = grown(values, length + 9)
    expect(more).toBeInstanceOf(make)
    expect(more.length).toBe(length + 9)
    expect(more.every((value, i) => value === (i < length ? 7 : 0))).toBe(true)
    expect(values.length).toBe(length * make.BYTES_PER_ELEMENT < 4096 ? length : 0)
  }
})

test('long enough already', () => {
  const values = new Int32Array(5)
  expect(grown(values, 5)).toBe(values)
})
