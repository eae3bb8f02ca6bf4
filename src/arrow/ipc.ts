/**
 * A record batch as an Arrow IPC stream (Arrow columnar format, "IPC Streaming Format"), through
 * apache-arrow: `makeData` over the buffers that are there, so that no value is touched.
 */
import {
  RecordBatch as ArrowBatch,
  Field as ArrowField,
  Bool,
  type Data,
  type DataType,
  Dictionary,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  makeVector,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow'
import type { Field, Primitive, RecordBatch } from './record-batch.ts'
import {
  type BoolVector,
  type DictionaryVector,
  type Int64Vector,
  isValid,
  type ListVector,
  type Utf8Vector,
  type Validity,
  type Vector,
} from './vector.ts'

/**
 * The stream of one batch as the pieces it consists of, in order: views of the batch's buffers and
 * small blocks between them. Nothing of the batch is copied; who needs it in one block joins them.
 */
export const toIpc = (batch: RecordBatch): Uint8Array[] => {
  const schema = schemaOf(batch)
  const children = batch.columns.map((vector, i) => dataOf(vector, typeAt(schema, i)))
  const rows = makeData({
    type: new Struct(schema.fields),
    length: batch.numRows,
    nullCount: 0,
    children,
  })
  const writer = new PieceWriter()
  writer.write(new ArrowBatch(schema, rows))
  writer.close()
  return writer.pieces
}

/** apache-arrow's stream writer, its output kept as it comes instead of going through a queue. */
class PieceWriter extends RecordBatchStreamWriter {
  readonly pieces: Uint8Array[] = []

  protected override _write(chunk: ArrayBufferView): this {
    if (chunk.byteLength > 0) {
      this.pieces.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) as never)
    }
    return this
  }
}

/** Schemas by field list, then by which columns are dictionaries: making one costs more than using it. */
const schemas = new WeakMap<readonly Field[], Map<string, Schema>>()

const schemaOf = ({ fields, columns }: RecordBatch): Schema => {
  let byShape = schemas.get(fields)
  if (byShape === undefined) schemas.set(fields, (byShape = new Map()))
  const shape = columns.map(shapeOf).join('')
  let schema = byShape.get(shape)
  if (schema === undefined) {
    schema = new Schema(fields.map((field, i) => arrowField(field, columns[i] as Vector, i)))
    byShape.set(shape, schema)
  }
  return schema
}

const shapeOf = (vector: Vector): string =>
  vector.kind === 'list' ? shapeOf(vector.values) : vector.kind === 'dictionary' ? 'd' : '.'

/** parquet-wasm takes a column's `field_id` from the metadata key `PARQUET:field_id`. */
const fieldId = (id: number): Map<string, string> => new Map([['PARQUET:field_id', String(id)]])

const arrowField = ({ name, id, type }: Field, vector: Vector, i: number): ArrowField => {
  if (typeof type === 'string') {
    return new ArrowField(name, primitiveType(type, vector, i), true, fieldId(id))
  }
  const values = (vector as ListVector).values
  const element = primitiveType(type.list, values, i)
  const list = new List(new ArrowField('element', element, true, fieldId(type.elementId)))
  return new ArrowField(name, list, true, fieldId(id))
}

const primitiveTypes: Readonly<Record<Primitive, () => DataType>> = {
  boolean: () => new Bool(),
  int: () => new Int32(),
  long: () => new Int64(),
  double: () => new Float64(),
  string: () => new Utf8(),
  timestamptz: () => new TimestampMicrosecond('UTC'),
}

/** Dictionaries are numbered by their column: a dictionary belongs to one column only. */
const primitiveType = (type: Primitive, vector: Vector, i: number): DataType =>
  vector.kind === 'dictionary' ? new Dictionary(new Utf8(), new Int32(), i) : primitiveTypes[type]()

const typeAt = (schema: Schema, i: number): DataType => (schema.fields[i] as ArrowField).type

const nulls = (validity: Validity) =>
  validity === null ? { nullCount: 0 } : { nullCount: -1, nullBitmap: validity }

/** The values of a vector as apache-arrow's `Data`, over the same buffers. */
const dataOf = (vector: Vector, type: DataType): Data => {
  const { length } = vector
  const base = { length, ...nulls(vector.validity) }
  switch (vector.kind) {
    case 'int32':
      return makeData({ ...base, type: type as Int32, data: vector.values })
    case 'int64':
      return makeData({ ...base, type: type as Int64, data: bigInts(vector) })
    case 'float64':
      return makeData({ ...base, type: type as Float64, data: vector.values })
    case 'bool':
      return makeData({ ...base, type: type as Bool, data: bits(vector) })
    case 'utf8':
      return utf8(vector, type as Utf8)
    case 'dictionary':
      return dictionary(vector, type as Dictionary<Utf8, Int32>)
    case 'list':
      return list(vector, type as List)
  }
}

/** The halves as one 64-bit array: a view where they lie on 8 bytes, as whole buffers do. */
const bigInts = ({ halves, length }: Int64Vector): BigInt64Array<ArrayBuffer> =>
  halves.byteOffset % 8 === 0
    ? new BigInt64Array(halves.buffer as ArrayBuffer, halves.byteOffset, length)
    : new BigInt64Array(halves.slice(0, 2 * length).buffer)

const bits = ({ bits, length }: BoolVector) => bits.subarray(0, (length + 7) >> 3)

const utf8 = ({ offsets, data, length, validity }: Utf8Vector, type: Utf8): Data<Utf8> =>
  makeData({
    type,
    length,
    ...nulls(validity),
    valueOffsets: offsets.subarray(0, length + 1),
    data,
  })

const dictionary = (vector: DictionaryVector, type: Dictionary<Utf8, Int32>) => {
  const { indices, length } = vector
  const entries = { ...vector.dictionary, validity: null }
  return makeData({
    type,
    length,
    ...nulls(rowValidity(vector)),
    data: indices,
    dictionary: makeVector(utf8(entries, type.dictionary)),
  })
}

const list = ({ offsets, values, length, validity }: ListVector, type: List): Data<List> => {
  const element = (type.children[0] as ArrowField).type
  return makeData({
    type,
    length,
    ...nulls(validity),
    valueOffsets: offsets.subarray(0, length + 1),
    child: dataOf(values, element),
  })
}

/** Which rows have a value: those whose index is valid and whose entry is not null. */
const rowValidity = ({ indices, dictionary, validity, length }: DictionaryVector): Validity => {
  const entries = dictionary.validity
  if (entries === null) return validity
  const rows = new Uint8Array((length + 7) >> 3)
  for (let i = 0; i < length; i++) {
    if (isValid(validity, i) && isValid(entries, indices[i] as number)) {
      rows[i >> 3] = (rows[i >> 3] as number) | (1 << (i & 7))
    }
  }
  return rows
}
