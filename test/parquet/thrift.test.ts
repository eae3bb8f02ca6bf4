// Protects: what is read from a footer can be written again, byte by byte, whatever its sizes.
import { expect, test } from 'vitest'
import { ByteSink } from '../../src/bytes.ts'
import { readStruct, struct, type Value, writeStruct } from '../../src/parquet/thrift.ts'

const written = (fields: Parameters<typeof struct>[0]): number[] => {
  const sink = new ByteSink(1)
  writeStruct(sink, struct(fields))
  return [...sink.written()]
}

const utf8 = new TextEncoder()

// By hand, from the protocol's own description.
test.each([
  ['nothing', {}, [0]],
  ['true and false', { 1: true, 2: false }, [0x11, 0x12, 0]],
  ['i32 and i64', { 1: 1, 3: -65n }, [0x15, 2, 0x26, 0x81, 1, 0]],
  ['a string', { 1: utf8.encode('ab') }, [0x18, 2, 0x61, 0x62, 0]],
  ['a far field', { 20: 0 }, [0x05, 40, 0, 0]],
  ['a list', { 1: [1, 2] }, [0x19, 0x25, 2, 4, 0]],
  ['a struct', { 1: struct({ 1: 0 }) }, [0x1c, 0x15, 0, 0, 0]],
  ['undefined', { 1: undefined, 2: 0 }, [0x25, 0, 0]],
] as [string, Record<number, Value | undefined>, number[]][])('%s', (_, fields, bytes) => {
  expect(written(fields)).toEqual(bytes)
  expect(readStruct(Uint8Array.from(bytes))).toEqual(struct(fields))
})

test.each([1, 14, 15, 16, 127, 128, 300])('a list of %i, and a text as long', (length) => {
  const fields = { 1: Array(length).fill(7n), 2: utf8.encode('x'.repeat(length)) }
  expect(readStruct(Uint8Array.from(written(fields)))).toEqual(struct(fields))
})

test.each([0, 63, 64, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, -(2 ** 40)])('the number %i', (number) => {
  const fields = { 1: BigInt(number), 300: true }
  expect(readStruct(Uint8Array.from(written(fields)))).toEqual(struct(fields))
})

test.each([
  ['the end of the bytes', [0x15]],
  ['a double', [0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
])('%s is no struct', (_, bytes) => {
  expect(() => readStruct(Uint8Array.from(bytes))).toThrow('cannot read Thrift')
})
