// Protects: files are found however another program's metadata spells their place, and none outside of it.
import { expect, test } from 'vitest'
import { storageFileIO } from '../../../src/iceberg/file/storage-file-io.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'

const bytes = new Uint8Array([1])

test.each([
  ['file:///lake', 'file:///lake/a'],
  ['file:///lake', 'file:/lake/a'],
  ['file:///lake', '/lake/a'],
  ['s3://lake', 's3://lake/a'],
  ['s3://lake', 's3a://lake/a'],
  ['s3://lake', 's3n://lake/a'],
])('under %s: %s', async (root, path) => {
  const storage = createMemoryStorage()
  await storage.put('a', bytes)
  expect(await storageFileIO(root, storage).get(path)).toEqual(bytes)
})

test.each([
  ['file:///lake', '/lakes/a'],
  ['file:///lake', 's3://lake/a'],
  ['s3://lake', '/lake/a'],
])('not under %s: %s', async (root, path) => {
  await expect(storageFileIO(root, createMemoryStorage()).get(path)).rejects.toThrow(/outside/)
})
