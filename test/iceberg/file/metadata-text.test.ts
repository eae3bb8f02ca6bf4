// Protects the bytes of a version: whatever was copied from the version before, they are those that JSON has.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  metadataBytes,
  nextMetadata,
  readMetadata,
} from '../../../src/iceberg/file/metadata-text.ts'
import { stringifyJson } from '../../../src/iceberg/json.ts'
import { newTableMetadata } from '../../../src/iceberg/new-table.ts'
import type { TableMetadata } from '../../../src/iceberg/table-metadata.ts'
import { applyUpdates } from '../../../src/iceberg/table-updates.ts'
import { append, creation } from '../../contracts/commits.ts'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const made = newTableMetadata('s3://bucket/t', creation(), 1_795_000_000_000)

/** What a version must say. */
const wanted = (metadata: TableMetadata): string =>
  stringifyJson({ ...metadata, 'current-snapshot-id': metadata['current-snapshot-id'] ?? -1 })

const value = fc.oneof(fc.jsonValue(), fc.bigInt(), fc.constant(undefined))

it('is written as any other object, again and again, after whatever was before', () => {
  const members = fc.dictionary(fc.string(), fc.oneof(value, fc.array(value)))
  fc.assert(
    fc.property(members, members, (some, others) => {
      const before = { ...made, ...some } as TableMetadata
      const metadata = { ...before, ...others } as TableMetadata
      expect(text(metadataBytes(before))).toBe(wanted(before))
      expect(text(metadataBytes(metadata, before))).toBe(wanted(metadata))
      expect(text(metadataBytes({ ...metadata }, metadata))).toBe(wanted(metadata))
    }),
  )
})

it('is written with lists that grow, shrink and change', () => {
  const list = fc.array(fc.nat(5))
  fc.assert(
    fc.property(fc.array(list, { minLength: 1 }), (lists) => {
      let before: TableMetadata | undefined
      for (const items of lists) {
        const snapshots = items.map((n) => n) as unknown as TableMetadata['snapshots']
        const metadata: TableMetadata = { ...made, snapshots }
        expect(text(metadataBytes(metadata, before))).toBe(wanted(metadata))
        before = metadata
      }
    }),
  )
})

it('is what it was when it is read again, commit after commit', () => {
  let table = { metadata: made, version: 1 }
  for (let id = 1n; id < 150n; id++) {
    const { updates } = append(
      { ...table, identifier: { namespace: [], name: '' }, io, loadedAt: 0 },
      id,
    )
    const metadata = nextMetadata(applyUpdates(table.metadata, updates, Date.now()), table)
    const bytes = metadataBytes(metadata, table.metadata)
    expect(text(bytes)).toBe(wanted(metadata))
    expect(readMetadata(bytes)).toEqual(metadata)
    table = { metadata, version: table.version + 1 }
  }
  expect(table.metadata['metadata-log'].length).toBe(100)
})

const never = () => Promise.reject(new Error('no file is asked for'))
const io = { put: never, get: never, head: never }
