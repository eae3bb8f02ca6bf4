// Avro object container files without compression: compressing takes real time, of which a model knows nothing.
import { BinaryEncoder } from '../../../src/iceberg/avro/binary-encoder.ts'
import type { AvroMembers, AvroRecord } from '../../../src/iceberg/avro/schema.ts'

const sync = new Uint8Array(16)

/** As the product's, with the codec `null`. */
export const writeContainer = async (
  schema: AvroRecord,
  metadata: Readonly<Record<string, string>>,
  records: readonly AvroMembers[],
): Promise<Uint8Array<ArrayBuffer>> => {
  const file = new BinaryEncoder()
  const all = { ...metadata, 'avro.schema': JSON.stringify(schema), 'avro.codec': 'null' }
  const texts = Object.entries(all).map(([key, text]) => [key, new TextEncoder().encode(text)])
  file.raw(Uint8Array.of(0x4f, 0x62, 0x6a, 1))
  file.value({ type: 'map', values: 'bytes' }, Object.fromEntries(texts))
  file.raw(sync)
  const block = new BinaryEncoder()
  for (const record of records) block.value(schema, record)
  file.long(records.length)
  file.bytes(block.written)
  file.raw(sync)
  return file.written.slice()
}
