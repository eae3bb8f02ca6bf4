// Protects the reading of others' manifests and lists: their order of fields, their names, ids or none, older versions.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readContainer, writeContainer } from '../../src/iceberg/avro/container.ts'
import type {
  AvroField,
  AvroMembers,
  AvroRecord,
  AvroSchema,
} from '../../src/iceberg/avro/schema.ts'
import {
  readEncodedEntries,
  readFilePaths,
  readManifest,
  writeManifest,
} from '../../src/iceberg/manifest.ts'
import { withCounts } from '../../src/iceberg/manifest-counts.ts'
import {
  type ManifestFile,
  readManifestList,
  writeManifestList,
} from '../../src/iceberg/manifest-list.ts'
import { manifestEntrySchema, manifestFileSchema } from '../../src/iceberg/manifest-schema.ts'
import { partitionFieldTypes } from '../../src/iceberg/partition.ts'
import { dailyTable, entryOf, manifestOf } from './manifests.ts'

const metadata = dailyTable()
const [spec] = metadata['partition-specs']
const [schema] = metadata.schemas
if (spec === undefined || schema === undefined) throw new Error('a table without a schema')
const partitionFields = partitionFieldTypes(spec, metadata)
const ours = manifestEntrySchema(partitionFields)

/** Changes every record in a schema. */
const eachRecord = (
  schema: AvroSchema,
  change: (fields: readonly AvroField[]) => AvroField[],
): AvroSchema => {
  if (typeof schema === 'string') return schema
  if (Array.isArray(schema)) return schema.map((branch) => eachRecord(branch, change))
  if ('items' in schema) return { ...schema, items: eachRecord(schema.items, change) }
  if (!('fields' in schema)) return schema as AvroSchema
  const fields = schema.fields.map((field) => ({ ...field, type: eachRecord(field.type, change) }))
  return { ...schema, fields: change(fields) }
}

const withoutIds = (fields: readonly AvroField[]): AvroField[] =>
  fields.map(({ 'field-id': _, ...field }) => field)
const withMore = (fields: readonly AvroField[]): AvroField[] => {
  const isPartition = fields.some(({ 'field-id': id }) => id === 1000)
  return isPartition ? [...fields] : [...unknown, ...fields, ...unknown.map(another)]
}
const unknown: readonly AvroField[] = [
  { name: 'unknown', type: ['null', { type: 'map', values: 'string' }], 'field-id': 9000 },
  { name: 'more', type: ['null', { type: 'array', items: 'double' }], 'field-id': 9001 },
]
const another = (field: AvroField): AvroField => ({ ...field, name: `${field.name}_too` })
const renamed = (fields: readonly AvroField[]): AvroField[] =>
  fields.map((field) => ({ ...field, name: `x_${field.name}` }))
/** Nulls last, and longs where we have ints. */
const otherTypes = (fields: readonly AvroField[]): AvroField[] =>
  fields.map(({ name, type, ...field }) => ({
    ...field,
    name,
    type:
      type === 'int' && name !== 'key' ? 'long' : Array.isArray(type) ? type.toReversed() : type,
  }))

/** Values under the names that a schema has for them. */
const named = (value: unknown, rename: (name: string) => string): unknown => {
  if (Array.isArray(value)) return value.map((item) => named(item, rename))
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [rename(name), named(member, rename)]),
  )
}
const itself = (name: string) => name

const shapes: readonly [
  string,
  (fields: readonly AvroField[]) => AvroField[],
  (name: string) => string,
][] = [
  ['without ids', withoutIds, itself],
  ['in another order', (fields) => fields.toReversed(), itself],
  ['with fields that are not known here', withMore, itself],
  ['with other names', renamed, (name) => `x_${name}`],
  ['with other types', otherTypes, itself],
]

const entries = fc.array(
  fc
    .record({
      status: fc.constantFrom('added', 'existing', 'deleted'),
      path: fc.string({ unit: 'grapheme' }),
      day: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      rows: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      snapshotId: fc.option(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n })),
      sequenceNumber: fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })),
    })
    .map(entryOf),
  { maxLength: 4 },
)

describe('a manifest', () => {
  test.each(shapes)('%s is read', async (_, change, rename) => {
    const theirs = eachRecord(ours, change) as AvroRecord
    await fc.assert(
      fc.asyncProperty(entries, async (written) => {
        const bytes = await writeContainer(theirs, {}, named(written, rename) as AvroMembers[])
        const read = await readManifest(bytes)
        const inOurNames = change === renamed ? named(read, (name) => name.replace('x_', '')) : read
        expect(inOurNames).toEqual(written)
        expect(await readFilePaths(bytes)).toEqual(
          written.map(({ data_file: file }) => file.file_path),
        )
        const copied = await writeManifest(await readEncodedEntries(bytes, partitionFields), {
          schema,
          spec,
          partitionFields,
        })
        expect(await readManifest(copied)).toEqual(written)
      }),
      { numRuns: 30 },
    )
  })

  test('of another partition is not copied', async () => {
    const { bytes } = await manifestOf('', [], 1n)
    const another = [{ id: 1001, name: 'timestamp_hour', type: 'int' } as const]
    await expect(readEncodedEntries(bytes, another)).rejects.toThrow(/another partition/)
  })

  test('of version 1 has data files', async () => {
    const keys = ['content', 'sequence_number', 'file_sequence_number']
    const theirs = eachRecord(ours, (fields) => fields.filter(({ name }) => !keys.includes(name)))
    const written = entryOf({
      status: 'added',
      path: 'p',
      day: 1,
      rows: 2n,
      snapshotId: 3n,
      sequenceNumber: null,
    })
    const bytes = await writeContainer(theirs as AvroRecord, {}, [
      written as unknown as AvroMembers,
    ])
    expect(await readManifest(bytes)).toEqual([written])
  })
})

describe('a manifest list', () => {
  const snapshot = { 'snapshot-id': 7n, 'sequence-number': 3, 'timestamp-ms': 0 }
  const list = async (): Promise<ManifestFile[]> => {
    const one = {
      status: 'added',
      path: 'p',
      day: 1,
      rows: 2n,
      snapshotId: 3n,
      sequenceNumber: null,
    } as const
    return Promise.all(
      [1n, 2n ** 62n].map(async (n) => (await manifestOf(`m${n}`, [entryOf(one)], n)).manifest),
    )
  }

  test.each(shapes)('%s is read', async (_, change, rename) => {
    const theirs = eachRecord(manifestFileSchema, change) as AvroRecord
    const written = await list()
    const bytes = await writeContainer(theirs, {}, named(written, rename) as AvroMembers[])
    expect(await readManifestList(bytes)).toEqual(written)
  })

  test('of Iceberg before 1.4 has other names for its counts', async () => {
    const older = (name: string) => name.replace('_files_count', '_data_files_count')
    const theirs = eachRecord(manifestFileSchema, (fields) =>
      withoutIds(fields).map((field) => ({ ...field, name: older(field.name) })),
    )
    const written = await list()
    const bytes = await writeContainer(
      theirs as AvroRecord,
      {},
      named(written, older) as AvroMembers[],
    )
    expect(await readManifestList(bytes)).toEqual(written)
  })

  test('of version 1 has no sequence numbers, and may have no counts', async () => {
    const keys = [
      'content',
      'sequence_number',
      'min_sequence_number',
      'added_files_count',
      'added_rows_count',
    ]
    const theirs = eachRecord(manifestFileSchema, (fields) =>
      fields.filter(({ name }) => !keys.includes(name)),
    )
    const written = await list()
    const bytes = await writeContainer(
      theirs as AvroRecord,
      {},
      written as unknown as AvroMembers[],
    )
    const old = {
      content: 0,
      sequence_number: 0n,
      min_sequence_number: 0n,
      added_files_count: null,
      added_rows_count: null,
    }
    expect(await readManifestList(bytes)).toEqual(
      written.map((manifest) => ({ ...manifest, ...old })),
    )
  })

  test('without counts is counted', async () => {
    const parts = { path: 'p', day: 1, snapshotId: 3n, sequenceNumber: 4n } as const
    const { bytes, manifest } = await manifestOf(
      'm',
      [
        entryOf({ ...parts, status: 'added', rows: 1n }),
        entryOf({ ...parts, status: 'existing', rows: 2n }),
        entryOf({ ...parts, status: 'existing', rows: 2n ** 40n }),
        entryOf({ ...parts, status: 'deleted', rows: 8n }),
      ],
      1n,
    )
    const untold = { ...manifest, deleted_rows_count: null }
    expect(await withCounts([manifest, untold], async () => bytes)).toEqual([manifest, manifest])
  })

  test('says of which snapshot it is', async () => {
    const { metadata: told } = await readContainer(await writeManifestList([], snapshot))
    expect(Object.fromEntries(told)).toMatchObject({
      'snapshot-id': '7',
      'parent-snapshot-id': 'null',
      'sequence-number': '3',
      'format-version': '2',
    })
  })
})

test.each(['zstandard', 'snappy', 'bzip2', 'xz'])(
  'a file with codec %s is refused by name',
  async (codec) => {
    const { bytes } = await manifestOf('', [], 1n)
    const text = Buffer.from(bytes)
      .toString('latin1')
      .replace('\x08null', `${String.fromCharCode(2 * codec.length)}${codec}`)
    await expect(readManifest(Buffer.from(text, 'latin1'))).rejects.toThrow(`codec ${codec}`)
  },
)
