// Protects: the file catalog is a catalog like the others, in memory and on disk; in R2: test/workerd/r2.ts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileStorage } from '../../../src/storage/fs.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import { catalogContract } from '../../contracts/catalog.ts'
import { fileCatalogIn } from '../../contracts/file-catalog.ts'

catalogContract(
  'the file catalog in memory',
  async () => fileCatalogIn(createMemoryStorage(), 's3://bucket/lake'),
  { scribbles: true },
)

catalogContract(
  'the file catalog on disk',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-catalog-'))
    const storage = await openFileStorage(folder)
    return {
      ...fileCatalogIn(storage, `file://${folder}`),
      dispose: () => rm(folder, { recursive: true }),
    }
  },
  { scribbles: true },
)
