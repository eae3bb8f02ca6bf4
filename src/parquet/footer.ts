/**
 * A Parquet file's footer: `FileMetaData` in Thrift's compact protocol, its length, `PAR1`
 * (parquet.thrift). Fields go by their ids there.
 */
import { ByteSink } from '../bytes.ts'
import { readStruct, type Struct, type Value, writeStruct } from './thrift.ts'

export const magic = new TextEncoder().encode('PAR1')

/** The metadata of a file, which ends with 4 bytes of length and `PAR1`. */
export const readFooter = (file: Uint8Array): Struct => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  return readStruct(file, file.length - 8 - view.getUint32(file.length - 8, true))
}

/** The end of a file: the metadata, its length, `PAR1`. */
export const writeFooter = (metadata: Struct): Uint8Array => {
  const sink = new ByteSink(4096)
  writeStruct(sink, metadata)
  sink.int32(sink.length)
  sink.append(magic)
  return sink.written()
}

/** A struct with other values in some of its fields, or without them where they are undefined. */
export const changed = (
  fields: Struct,
  changes: Readonly<Record<number, Value | undefined>>,
): Struct => {
  const all = new Map(fields)
  for (const id in changes) {
    const value = changes[id]
    if (value === undefined || !fields.has(Number(id))) all.delete(Number(id))
    else all.set(Number(id), value)
  }
  return all
}

/** A field that is a list of structs; one that is missing is empty. */
export const structs = (fields: Struct, id: number): readonly Struct[] =>
  (fields.get(id) ?? []) as readonly Struct[]

/** A field that is a whole number; one that is missing is 0. */
export const integer = (fields: Struct, id: number): number => Number(fields.get(id) ?? 0)
