// Protects: memory is bounded, however many and large the batches, and a panic inside parquet-wasm
// spoils no later file.
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import type { RecordBatch } from '../../src/arrow/record-batch.ts'
import type { Utf8Vector } from '../../src/arrow/vector.ts'
import { IngestError } from '../../src/errors.ts'
import { createEncoder } from '../../src/parquet/encoder.ts'
import { readFooter } from '../../src/parquet/footer.ts'
import { everyKind } from '../arrow/every-kind.ts'
import { dictionaryOf, vectorOf } from '../arrow/values.ts'
import { rowsOfParquet } from '../judge/parquet.ts'

let module: WebAssembly.Module
beforeAll(async () => {
  module = await compileParquetWasm()
})

/** The memories of all instances, in the order they were made. */
let memories: WebAssembly.Memory[] = []

class WatchedInstance extends WebAssembly.Instance {
  constructor(compiled: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(compiled, imports)
    memories.push(this.exports.memory as WebAssembly.Memory)
  }
}

beforeEach(() => {
  memories = []
  vi.stubGlobal('WebAssembly', Object.create(WebAssembly, { Instance: { value: WatchedInstance } }))
})
afterEach(() => vi.unstubAllGlobals())

const mebibytes = () => memories.map(({ buffer }) => buffer.byteLength / 2 ** 20)

/** Times, repeating names and texts of 100 bytes that do not repeat. */
const batchOf = (numRows: number): RecordBatch => {
  const halves = Int32Array.from({ length: 2 * numRows }, (_, i) => (i % 2 === 0 ? i * 977 : 1))
  const data = new Uint8Array(100 * numRows)
  for (let i = 0; i < data.length; i++) data[i] = 97 + ((Math.imul(i, i) >>> 9) % 23)
  const offsets = Int32Array.from({ length: numRows + 1 }, (_, i) => 100 * i)
  const names = Int32Array.from({ length: numRows }, (_, i) => i % 7)
  return {
    fields: [
      { name: 'time', id: 1, type: 'timestamptz' },
      { name: 'name', id: 2, type: 'string' },
      { name: 'text', id: 3, type: 'string' },
    ],
    columns: [
      { kind: 'int64', length: numRows, validity: null, halves },
      dictionaryOf(names, [...'abcdefg']),
      { kind: 'utf8', length: numRows, validity: null, offsets, data },
    ],
    numRows,
  }
}

test('500 files later memory is what it was after 20', () => {
  const { encode } = createEncoder({ module, version: '0' })
  const batch = batchOf(3000)
  for (let i = 0; i < 20; i++) encode(batch)
  const before = mebibytes()
  for (let i = 0; i < 480; i++) encode(batch)
  expect(mebibytes()).toEqual(before)
  expect(memories.length).toBe(1)
})

test('an instance that has grown too large is not kept', () => {
  const { encode } = createEncoder({
    module,
    version: '0',
    maxMemoryBytes: 24 << 20,
    rowGroupSize: 1 << 20,
  })
  const small = batchOf(10)
  encode(small)
  encode(small)
  expect(memories.length).toBe(1)
  encode(batchOf(200_000))
  encode(small)
  encode(small)
  expect(memories.length).toBe(2)
  expect(mebibytes()[1]).toBeLessThan(24)
})

test('a million rows, a hundred megabytes', () => {
  const { encode } = createEncoder({ module, version: '0', rowGroupSize: 32_768 })
  const { bytes } = encode(batchOf(1_000_000))
  const footer = readFooter(bytes)
  expect(footer.get(3)).toBe(1_000_000n)
  expect((footer.get(4) as unknown[]).length).toBe(31)
  expect(mebibytes()[0]).toBeLessThan(512)
})

const text = vectorOf('utf8', ['abc', 'def', 'g']) as Utf8Vector
const withText = (column: Utf8Vector): RecordBatch => ({
  fields: [{ name: 'text', id: 1, type: 'string' }],
  columns: [column],
  numRows: 3,
})

test('a batch that is refused costs the instance, and nothing else', async () => {
  const { encode } = createEncoder({ module, version: '0' })
  const expected = encode(everyKind).bytes
  const bad = withText({ ...text, offsets: Int32Array.of(0, 6, 3, 7) })
  expect(() => encode(bad)).toThrow(new IngestError('internal', 'cannot write Parquet'))
  expect(encode(everyKind).bytes).toEqual(expected)
  expect(memories.length).toBe(2)
})

test('a panic costs the instance, and the error says that it is ours', () => {
  // A row group of no rows is an assertion in Rust: a trap in wasm.
  const { encode } = createEncoder({ module, version: '0', rowGroupSize: 0 })
  for (const times of [1, 2, 3]) {
    const panic = catching(() => encode(withText(text)))
    expect(panic).toMatchObject({ kind: 'internal', message: 'cannot write Parquet' })
    expect(panic.cause).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(memories.length).toBe(times)
  }
})

const catching = (act: () => unknown): IngestError => {
  try {
    act()
  } catch (error) {
    if (error instanceof IngestError) return error
  }
  throw new Error('nothing was thrown')
}

test('the file belongs to its caller: later files do not change it', async () => {
  const { encode } = createEncoder({ module, version: '0' })
  const { bytes } = encode(withText(text))
  encode(everyKind)
  encode(batchOf(1000))
  expect((await rowsOfParquet(bytes)).map((row) => row.text)).toEqual(['abc', 'def', 'g'])
})
