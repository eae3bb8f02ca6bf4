// The model's data files: whole Parquet (parquet.thrift), so that any reader finds their rows. A library would take longer
// than all the rest of the model, which writes a hundred thousand of them.
import { ByteSink, concatenate } from '../../../src/bytes.ts'
import type { TableCreation } from '../../../src/iceberg/catalog.ts'
import { magic, readFooter, structs, writeFooter } from '../../../src/parquet/footer.ts'
import { type Struct, struct, type Value, writeStruct } from '../../../src/parquet/thrift.ts'
import { creation } from '../../contracts/commits.ts'

/** A row in a file. */
export interface ModelRow {
  readonly requestid: string
  readonly requestrow: number
  /** Days since 1970. */
  readonly day: number
}

/** The model's table: rows anybody can tell from each other. */
export const modelCreation = (properties: Readonly<Record<string, string>> = {}): TableCreation => {
  const { schema, ...others } = creation(properties)
  const named = columns.filter(({ name }) => name !== 'timestamp')
  const own = named.map(({ id, name, type }) => ({ id, name, required: false, type }))
  return { ...others, schema: { ...schema, fields: [...schema.fields, ...own] } }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const micros = 86_400_000_000n

/** Its id is the table's; `physical` and `logical` are Parquet's numbers for its type. */
interface Column {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly physical: number
  readonly logical?: Struct
  readonly write: (sink: ByteSink, row: ModelRow) => void
}

const int64 = (sink: ByteSink, value: bigint): void => {
  sink.int32(Number(BigInt.asIntN(32, value)))
  sink.int32(Number(value >> 32n))
}

const columns: readonly Column[] = [
  {
    ...{ id: 12, name: 'timestamp', type: 'timestamptz', physical: 2 },
    logical: struct({ 8: struct({ 1: true, 2: struct({ 2: struct({}) }) }) }),
    write: (sink, { day }) => int64(sink, BigInt(day) * micros),
  },
  {
    ...{ id: 18, name: 'requestid', type: 'string', physical: 6 },
    logical: struct({ 1: struct({}) }),
    write: (sink, { requestid }) => {
      const text = encoder.encode(requestid)
      sink.int32(text.length)
      sink.append(text)
    },
  },
  {
    ...{ id: 19, name: 'requestrow', type: 'int', physical: 1 },
    write: (sink, { requestrow }) => sink.int32(requestrow),
  },
]

/** A file of these rows, without compression, in whose footer a note stands. */
export const writeParquet = (rows: readonly ModelRow[], note: string): Uint8Array<ArrayBuffer> => {
  const pieces: Uint8Array[] = [magic]
  let at = magic.length
  const chunks = columns.map((column) => {
    const page = pageOf(column, rows)
    const chunk = chunkOf(column, rows.length, page.length, at)
    pieces.push(page)
    at += page.length
    return chunk
  })
  const count = BigInt(rows.length)
  const footer = struct({
    1: 1,
    2: [struct({ 4: encoder.encode('table'), 5: columns.length }), ...columns.map(elementOf)],
    3: count,
    4: [struct({ 1: chunks, 2: BigInt(at - magic.length), 3: count })],
    5: [struct({ 1: encoder.encode(noteKey), 2: encoder.encode(note) })],
  })
  return concatenate([...pieces, writeFooter(footer)])
}

const noteKey = 'note'

/** The note in a file's footer. */
export const noteIn = (file: Uint8Array): string => {
  const [pair] = structs(readFooter(file), 5)
  return decoder.decode(pair?.get(2) as Uint8Array)
}

/** A `SchemaElement`, of a column in which no value is missing. */
const elementOf = ({ physical, name, id, logical }: Column): Struct =>
  struct({ 1: physical, 3: 0, 4: encoder.encode(name), 9: id, 10: logical })

/** A data page: its header and the values, plain. */
const pageOf = ({ write }: Column, rows: readonly ModelRow[]): Uint8Array => {
  const values = new ByteSink()
  for (const row of rows) write(values, row)
  const header = new ByteSink()
  const encodings: Record<number, Value> = { 1: rows.length, 2: 0, 3: 3, 4: 3 }
  writeStruct(header, struct({ 1: 0, 2: values.length, 3: values.length, 5: struct(encodings) }))
  return concatenate([header.written(), values.written()])
}

/** A `ColumnChunk` of one page. */
const chunkOf = ({ physical, name }: Column, count: number, length: number, at: number): Struct => {
  const [size, offset] = [BigInt(length), BigInt(at)]
  const path = [encoder.encode(name)]
  const about = {
    1: physical,
    2: [0],
    3: path,
    4: 0,
    5: BigInt(count),
    6: size,
    7: size,
    9: offset,
  }
  return struct({ 2: offset, 3: struct(about) })
}
