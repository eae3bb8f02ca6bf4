/** Manifests: the files that a snapshot added, kept or removed (Iceberg table specification, "Manifests"). */
import { BinaryDecoder } from './avro/binary-decoder.ts'
import { eachSchemaOnce, readContainer, writeContainer } from './avro/container.ts'
import { readOf } from './avro/resolution.ts'
import type { AvroField, AvroMembers, AvroSchema, AvroValue } from './avro/schema.ts'
import { stringifyJson } from './json.ts'
import {
  dataFileHeadSchema,
  dataFileStartSchema,
  filePathSchema,
  manifestEntrySchema,
  type PartitionFieldType,
} from './manifest-schema.ts'
import type { PartitionSpec, Schema } from './table-metadata.ts'

/** The status of an entry. */
export const entryStatus = { existing: 0, added: 1, deleted: 2 } as const

/** `content` of a data file, and of a manifest or list entry that holds such files. */
export const dataContent = 0

/** An entry, with the specification's names. */
export interface ManifestEntry {
  readonly status: number
  readonly snapshot_id: bigint | null
  /** Null: that of the manifest ("Sequence Number Inheritance"). */
  readonly sequence_number: bigint | null
  readonly file_sequence_number: bigint | null
  readonly data_file: DataFile
}

/** An entry whose file is taken over as it is encoded. */
export interface EncodedEntry extends Omit<ManifestEntry, 'data_file'> {
  readonly data_file: Uint8Array
}

/** A value by field id. */
export interface IdValue<T extends AvroValue> {
  readonly key: number
  readonly value: T
}

type ByFieldId<T extends AvroValue> = readonly IdValue<T>[] | null

/** A file of rows, with the specification's names. */
export interface DataFile {
  readonly content: number
  readonly file_path: string
  readonly file_format: string
  /** A value for each field of the partition spec, by the field's name. */
  readonly partition: AvroMembers
  readonly record_count: bigint
  readonly file_size_in_bytes: bigint
  readonly column_sizes: ByFieldId<bigint>
  readonly value_counts: ByFieldId<bigint>
  readonly null_value_counts: ByFieldId<bigint>
  readonly nan_value_counts: ByFieldId<bigint>
  readonly lower_bounds: ByFieldId<Uint8Array>
  readonly upper_bounds: ByFieldId<Uint8Array>
  readonly key_metadata: Uint8Array | null
  readonly split_offsets: readonly bigint[] | null
  readonly equality_ids: readonly number[] | null
  readonly sort_order_id: number | null
  readonly referenced_data_file: string | null
}

export interface ManifestOptions {
  /** The table's schema, kept in the file's metadata. */
  readonly schema: Schema
  readonly spec: PartitionSpec
  /** The partition's fields with their types. */
  readonly partitionFields: readonly PartitionFieldType[]
}

/** A manifest's bytes. */
export const writeManifest = (
  entries: readonly (ManifestEntry | EncodedEntry)[],
  { schema, spec, partitionFields }: ManifestOptions,
): Promise<Uint8Array<ArrayBuffer>> =>
  writeContainer(
    manifestEntrySchema(partitionFields),
    {
      schema: stringifyJson(schema),
      'schema-id': String(schema['schema-id']),
      'partition-spec': stringifyJson(spec.fields),
      'partition-spec-id': String(spec['spec-id']),
      'format-version': '2',
      content: 'data',
    },
    entries as unknown as readonly AvroMembers[],
  )

/**
 * The entries of a manifest, whoever wrote it.
 * @throws when it is none
 */
export const readManifest = async (bytes: Uint8Array): Promise<readonly ManifestEntry[]> => {
  const { records } = await readContainer(bytes, readEntry)
  return records.map((record) => {
    const entry = record as unknown as ManifestEntry
    const { data_file: file } = entry
    return { ...entry, data_file: { ...file, content: file.content ?? dataContent } }
  })
}

const readEntry = eachSchemaOnce((writer) =>
  readOf(writer, manifestEntrySchema(partitionFieldsOf(writer))),
)

/**
 * The paths of all data files that a manifest tells of, whatever it says of them.
 * @throws when it is none
 */
export const readFilePaths = async (bytes: Uint8Array): Promise<readonly string[]> => {
  const { records } = await readContainer(bytes, readPath)
  return records.map((entry) => (entry.data_file as AvroMembers).file_path as string)
}

const readPath = eachSchemaOnce((writer) => readOf(writer, filePathSchema))

/**
 * The entries of a manifest, their files as `writeManifest` encodes them for these partition fields.
 * @throws when it is none, or its partitions are others
 */
export const readEncodedEntries = async (
  bytes: Uint8Array,
  partition: readonly PartitionFieldType[],
): Promise<readonly EncodedEntry[]> => {
  const { records } = await readContainer(bytes, (writer) => {
    if (!hasFields(partitionFieldsOf(writer), partition)) {
      throw new Error('a manifest of another partition')
    }
    return readOf(writer, manifestEntrySchema(partition), { encoded: 'data_file' })
  })
  return records as unknown as readonly EncodedEntry[]
}

/** Whether fields are those that are wanted, by their ids or, where a writer gave none, by their names. */
const hasFields = (
  fields: readonly PartitionFieldType[],
  wanted: readonly PartitionFieldType[],
): boolean =>
  fields.length === wanted.length &&
  wanted.every(({ id, name }) =>
    fields.some((field) => field.id === id || (field.id === -1 && field.name === name)),
  )

/** What a list tells of a manifest's files is made of this. */
export type DataFileHead = Pick<DataFile, 'partition' | 'record_count'>

/** The head of an encoded file. */
export const headOf = (
  partition: readonly PartitionFieldType[],
): ((entry: EncodedEntry) => DataFileHead) => {
  const read = readOf(dataFileStartSchema(partition), dataFileHeadSchema(partition))
  return ({ data_file: bytes }) => read(new BinaryDecoder(bytes)) as unknown as DataFileHead
}

/** The partition's fields as the writer spelled them: its values are kept as they are. */
const partitionFieldsOf = (schema: AvroSchema): readonly PartitionFieldType[] => {
  const file = typeOf(fieldsIn(schema), 2, 'data_file')
  const partition = typeOf(fieldsIn(file), 102, 'partition')
  return fieldsIn(partition).map(({ name, type, 'field-id': id = -1 }) => ({ id, name, type }))
}

const fieldsIn = (schema: AvroSchema): readonly AvroField[] =>
  typeof schema === 'object' && 'type' in schema && schema.type === 'record' ? schema.fields : []

/** The type of a field with that id, or with that name where the writer gave no ids. */
const typeOf = (fields: readonly AvroField[], fieldId: number, fieldName: string): AvroSchema =>
  fields.find(({ name, 'field-id': id }) =>
    id === undefined ? name === fieldName : id === fieldId,
  )?.type ?? 'null'
