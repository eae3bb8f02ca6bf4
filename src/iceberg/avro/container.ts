/** Avro's object container files (Apache Avro 1.12 specification, "Object Container Files"). */
import { equalBytes } from '../../bytes.ts'
import { BinaryDecoder } from './binary-decoder.ts'
import { BinaryEncoder } from './binary-encoder.ts'
import { type Read, readOf } from './resolution.ts'
import { type AvroMembers, type AvroRecord, type AvroSchema, parseSchema } from './schema.ts'

const magic = Uint8Array.of(0x4f, 0x62, 0x6a, 1)
const syncLength = 16
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export interface Container {
  /** The schema that it was written with. */
  readonly schema: AvroSchema
  /** The file's metadata, `avro.*` too. */
  readonly metadata: ReadonlyMap<string, string>
  readonly records: readonly AvroMembers[]
}

/** Bytes below which a block is left as it is: to deflate it costs more than all else, and saves next to nothing. */
const worthDeflating = 4096

/** Writes records into one file of one block, deflated unless small. `metadata` comes without `avro.*`. */
export const writeContainer = async (
  schema: AvroRecord,
  metadata: Readonly<Record<string, string>>,
  records: readonly AvroMembers[],
): Promise<Uint8Array<ArrayBuffer>> => {
  const block = new BinaryEncoder()
  for (const record of records) block.value(schema, record)
  const isDeflated = block.written.length >= worthDeflating
  const codec = isDeflated ? 'deflate' : 'null'
  const all = { 'avro.schema': JSON.stringify(schema), 'avro.codec': codec, ...metadata }
  const file = new BinaryEncoder()
  file.raw(magic)
  file.value(
    metadataSchema,
    Object.fromEntries(Object.entries(all).map(([key, text]) => [key, encoder.encode(text)])),
  )
  const sync = crypto.getRandomValues(new Uint8Array(syncLength))
  file.raw(sync)
  if (records.length > 0) {
    file.long(records.length)
    file.bytes(isDeflated ? await deflate(block.written) : block.written)
    file.raw(sync)
  }
  return file.written.slice()
}

/** How the records of a file are read, by the schema that they were written with. */
export type ReadRecords = (writer: AvroSchema) => Read

/** Finds out once for each schema how its records are read. */
export const eachSchemaOnce = (readRecords: ReadRecords): ReadRecords => {
  const found = new WeakMap<object, Read>()
  return (writer) => {
    if (typeof writer === 'string') return readRecords(writer)
    const read = found.get(writer) ?? readRecords(writer)
    found.set(writer, read)
    return read
  }
}

/**
 * Reads a whole file, blocks uncompressed or deflated.
 * @throws when it is none, is cut short, or has another codec
 */
export const readContainer = async (
  bytes: Uint8Array,
  readRecords: ReadRecords = (writer) => readOf(writer, writer),
): Promise<Container> => {
  const file = new BinaryDecoder(bytes)
  if (!equalBytes(file.raw(magic.length), magic)) throw new Error('no Avro object container file')
  const metadata = new Map(
    Object.entries(readMetadata(file) as Record<string, Uint8Array>).map(([key, value]) => [
      key,
      decoder.decode(value),
    ]),
  )
  const schema = parseSchema(metadata.get('avro.schema') ?? '')
  const decompress = codecOf(metadata.get('avro.codec') ?? 'null')
  const sync = file.raw(syncLength)
  const read = readRecords(schema)
  const records: AvroMembers[] = []
  while (!file.atEnd) {
    const count = file.int()
    const block = new BinaryDecoder(await decompress(file.bytes()))
    for (let i = 0; i < count; i++) records.push(read(block) as AvroMembers)
    if (!block.atEnd || !equalBytes(file.raw(syncLength), sync)) {
      throw new Error('an Avro file with a damaged block')
    }
  }
  return { schema, metadata, records }
}

const metadataSchema: AvroSchema = { type: 'map', values: 'bytes' }
const readMetadata = readOf(metadataSchema, metadataSchema)

type Codec = (block: Uint8Array) => Uint8Array | Promise<Uint8Array>

const codecOf = (name: string): Codec => {
  if (name === 'null') return (block) => block
  if (name === 'deflate') return inflated
  throw new Error(`an Avro file with codec ${name}: null and deflate can be read`)
}

/** PyIceberg leaves three bytes of zlib's checksum behind each block, where streams want the end. */
const pyicebergTrailer = 3

const inflated: Codec = async (block) => {
  try {
    return await inflate(block)
  } catch (error) {
    return inflate(block.subarray(0, -pyicebergTrailer)).catch(() => Promise.reject(error))
  }
}

const deflate = (block: Uint8Array) => piped(block, new CompressionStream('deflate-raw'))

const inflate = (block: Uint8Array) => piped(block, new DecompressionStream('deflate-raw'))

const piped = async (bytes: Uint8Array, through: CompressionStream | DecompressionStream) => {
  const writer = through.writable.getWriter()
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => writer.close())
  const [result] = await Promise.all([new Response(through.readable).arrayBuffer(), written])
  return new Uint8Array(result)
}
