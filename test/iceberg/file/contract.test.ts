// Protects: the file catalog is a catalog like the others, in memory, on disk and in R2.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { createFileCatalog } from '../../../src/iceberg/file/catalog.ts'
import { metadataBytes } from '../../../src/iceberg/file/metadata-text.ts'
import { metadataKey, readHint } from '../../../src/iceberg/file/versions.ts'
import { noLog } from '../../../src/log.ts'
import { openFileStorage } from '../../../src/storage/fs.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import { createR2Storage } from '../../../src/storage/r2.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { type CatalogFixture, catalogContract } from '../../contracts/catalog.ts'
import { type R2Simulator, startR2Simulator } from '../../storage/r2-simulator.ts'

const fixture = (storage: Storage, root: string): CatalogFixture => ({
  connect: () => createFileCatalog({ storage, root, log: noLog }),
  async scribble({ identifier, metadata }, name, value) {
    const key = `${identifier.namespace.join('/')}/${identifier.name}`
    const version = (await readHint(storage, key)) ?? 1
    const scribbled = { ...metadata, [name]: value }
    await storage.put(metadataKey(key, version), metadataBytes(scribbled))
  },
})

catalogContract(
  'the file catalog in memory',
  async () => fixture(createMemoryStorage(), 's3://bucket/lake'),
  { scribbles: true },
)

catalogContract(
  'the file catalog on disk',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-catalog-'))
    const storage = await openFileStorage(folder)
    return {
      ...fixture(storage, `file://${folder}`),
      dispose: () => rm(folder, { recursive: true }),
    }
  },
  { scribbles: true },
)

let simulator: R2Simulator
let lakes = 0
beforeAll(async () => {
  simulator = await startR2Simulator()
})
afterAll(() => simulator.stop())

catalogContract(
  'the file catalog in R2',
  async () => {
    const prefix = `lake-${lakes++}`
    const storage = createR2Storage({ bucket: simulator.bucket, prefix })
    return fixture(storage, `s3://bucket/${prefix}`)
  },
  { scribbles: true },
)
