// Protects an isolate's memory from as many copies of a table's metadata as it has requests, and a request from another version
// of them than its catalog has told.
import { expect, test } from 'vitest'
import { sharingMetadata } from '../../runtimes/cloudflare/shared-metadata.ts'
import type { Catalog, LoadedTable } from '../../src/iceberg/catalog.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { append, creation } from '../contracts/commits.ts'
import { createMemoryCatalog, memoryFileIO } from '../iceberg/memory-catalog.ts'

const logs = { namespace: ['otel'], name: 'logs' }

/** Two ways to a catalog, each answer of which is read anew, and which share what they were told. */
const twoWays = () => {
  const tables = new Map()
  const shared = new Map()
  const way = (): Catalog => {
    const catalog = createMemoryCatalog({ tables, io: memoryFileIO(createMemoryStorage()) })
    return sharingMetadata(
      {
        ...catalog,
        async load(identifier) {
          const table = await catalog.load(identifier)
          return table && { ...table, metadata: structuredClone(table.metadata) }
        },
      },
      shared,
    )
  }
  return [way(), way()] as const
}

const loaded = async (catalog: Catalog): Promise<LoadedTable> => {
  const table = await catalog.load(logs)
  if (table === null) throw new Error('no table')
  return table
}

test('those of one version are held once, each with its own way to files', async () => {
  const [one, other] = twoWays()
  await one.create(logs, creation())
  const [first, second] = [await loaded(one), await loaded(other)]
  expect(second.metadata).toBe(first.metadata)
  expect(second.io).not.toBe(first.io)
})

test('a change is seen by all, at once', async () => {
  const [one, other] = twoWays()
  await one.create(logs, creation())
  const before = await loaded(other)
  const outcome = await one.commit(await loaded(one), append(await loaded(one), 1n))
  expect(outcome.kind).toBe('committed')
  const after = await loaded(other)
  expect(after.metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])).toEqual([1n])
  expect(outcome.kind === 'committed' && outcome.table.metadata).toBe(after.metadata)
  expect(before.metadata.snapshots).toEqual([])
})
