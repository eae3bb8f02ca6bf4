// Protects manifests: bytes as the Avro specification's examples have them, and every bit of a long.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BinaryDecoder } from '../../src/iceberg/avro/binary-decoder.ts'
import { BinaryEncoder } from '../../src/iceberg/avro/binary-encoder.ts'
import { readContainer, writeContainer } from '../../src/iceberg/avro/container.ts'
import { readOf } from '../../src/iceberg/avro/resolution.ts'
import { type AvroRecord, type AvroSchema, parseSchema } from '../../src/iceberg/avro/schema.ts'
import { skipOf } from '../../src/iceberg/avro/skipping.ts'

const encoded = (schema: AvroSchema, value: Parameters<BinaryEncoder['value']>[1]) => {
  const to = new BinaryEncoder()
  to.value(schema, value)
  return Buffer.from(to.written).toString('hex')
}

const decoded = (schema: AvroSchema, hex: string) =>
  readOf(schema, schema)(new BinaryDecoder(Buffer.from(hex, 'hex')))

const test1: AvroRecord = {
  type: 'record',
  name: 'test',
  fields: [
    { name: 'a', type: 'long' },
    { name: 'b', type: 'string' },
  ],
}

// Apache Avro 1.12 specification, "Binary Encoding": its own examples.
test.each<[AvroSchema, Parameters<BinaryEncoder['value']>[1], string]>([
  ['long', 0n, '00'],
  ['long', -1n, '01'],
  ['long', 1n, '02'],
  ['long', -2n, '03'],
  ['long', -64n, '7f'],
  ['long', 64n, '8001'],
  ['string', 'foo', '06666f6f'],
  [test1, { a: 27n, b: 'foo' }, '3606666f6f'],
  [{ type: 'array', items: 'long' }, [3n, 27n], '04063600'],
  [['null', 'string'], null, '00'],
  [['null', 'string'], 'a', '020261'],
])('%j %s', (schema, value, hex) => {
  expect(encoded(schema, value)).toBe(hex)
  expect(decoded(schema, hex)).toEqual(value)
})

test('a block that says its size is read', () => {
  expect(decoded({ type: 'array', items: 'long' }, '03040636' + '00')).toEqual([3n, 27n])
})

test('a long keeps 64 bits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(decoded('long', encoded('long', value))).toBe(value)
      const small = Number(BigInt.asIntN(32, value))
      expect(decoded('int', encoded('int', small))).toBe(small)
    }),
  )
})

const nested: AvroRecord = {
  type: 'record',
  name: 'entry',
  fields: [
    { name: 'id', type: ['null', 'long'], default: null, 'field-id': 1 },
    { name: 'ratio', type: 'double' },
    { name: 'half', type: 'float' },
    { name: 'flag', type: 'boolean' },
    { name: 'day', type: { type: 'int', logicalType: 'date' } as AvroSchema },
    { name: 'uuid', type: { type: 'fixed', name: 'uuid', size: 2 } },
    { name: 'bounds', type: { type: 'map', values: 'bytes' } },
  ],
}
const row = {
  id: 7802446015091393218n,
  ratio: 0.1,
  half: 0.5,
  flag: true,
  day: -3,
  uuid: Uint8Array.of(1, 2),
  bounds: { low: Uint8Array.of(0), high: Uint8Array.of(255) },
}

const listed: AvroSchema = { type: 'array', items: ['null', nested] }

test.each<[string, AvroSchema, Parameters<BinaryEncoder['value']>[1]]>([
  ['a record', nested, row],
  ['a list', listed, [null, row, { ...row, id: null }]],
  ['nothing', listed, []],
])('%s is passed as a whole', (_, schema, value) => {
  const from = new BinaryDecoder(Buffer.from(encoded(schema, value), 'hex'))
  skipOf(schema)(from)
  expect(from.atEnd).toBe(true)
})

test('a block that says its size is passed', () => {
  const from = new BinaryDecoder(Buffer.from('0304ffff00', 'hex'))
  skipOf({ type: 'array', items: 'long' })(from)
  expect(from.atEnd).toBe(true)
})

test.each<[AvroSchema, AvroSchema]>([
  ['string', 'long'],
  ['long', nested],
  [
    { type: 'array', items: 'long' },
    { type: 'array', items: 'bytes' },
  ],
])('%j is not read as %j', (writer, reader) => {
  expect(() => readOf(writer, reader)).toThrow(/is wanted/)
})

test('a container gives back schema, metadata and records', async () => {
  const records = Array.from({ length: 1000 }, (_, i) => ({ ...row, id: i % 2 ? null : row.id }))
  const {
    schema,
    metadata,
    records: read,
  } = await readContainer(await writeContainer(nested, { 'format-version': '2' }, records))
  expect(schema).toEqual(nested)
  expect(metadata.get('format-version')).toBe('2')
  expect(read).toEqual(records)
})

test("what PyIceberg leaves behind a block of zlib's is passed over", async () => {
  const records = Array.from({ length: 1000 }, () => row)
  const bytes = Buffer.from(await writeContainer(nested, {}, records))
  const sync = bytes.subarray(-16)
  const head = bytes.subarray(0, bytes.indexOf(sync) + 16)
  const file = new BinaryDecoder(bytes.subarray(head.length))
  const to = new BinaryEncoder()
  to.raw(head)
  to.long(file.int())
  to.bytes(Buffer.concat([file.bytes(), Buffer.of(1, 2, 3)]))
  to.raw(sync)
  expect((await readContainer(to.written)).records).toEqual(records)
})

test.each([
  [1, 'null'],
  [1000, 'deflate'],
])('a block of %i records has codec %s', async (count, codec) => {
  const bytes = await writeContainer(
    nested,
    {},
    Array.from({ length: count }, () => row),
  )
  expect((await readContainer(bytes)).metadata.get('avro.codec')).toBe(codec)
})

test('a container without records is one', async () => {
  expect((await readContainer(await writeContainer(nested, {}, []))).records).toEqual([])
})

test('a name stands for the type that was defined before', () => {
  const text = `{"type":"record","name":"pair","fields":[
    {"name":"first","type":{"type":"fixed","name":"two","size":2}},{"name":"second","type":["null","two"]}]}`
  expect(decoded(parseSchema(text), '0102020304')).toEqual({
    first: Buffer.of(1, 2),
    second: Buffer.of(3, 4),
  })
})

test.each([
  ['is none', (bytes: Uint8Array) => bytes.fill(0, 0, 1), /no Avro object container file/],
  ['is cut', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 20), /ends too early/],
  ['has a damaged block', (bytes: Uint8Array) => bytes.fill(0, bytes.length - 8), /damaged block/],
])('a file that %s is refused', async (_, damage, message) => {
  const bytes = damage(await writeContainer(nested, {}, [row]))
  await expect(readContainer(bytes)).rejects.toThrow(message)
})

test('a codec that is not there is named', async () => {
  const bytes = await writeContainer(nested, {}, [row])
  const text = Buffer.from(bytes).toString('latin1').replace('\x08null', '\x08none')
  await expect(readContainer(Buffer.from(text, 'latin1'))).rejects.toThrow(/codec none/)
})

test.each<[AvroSchema, Parameters<BinaryEncoder['value']>[1]]>([
  ['long', 'a'],
  ['string', 1],
  ['int', null],
])('%s is not %j', (schema, value) => {
  expect(() => encoded(schema, value)).toThrow(/is none/)
})
