import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { readHint } from '../../src/iceberg/file/hint.ts'
import { metadataBytes } from '../../src/iceberg/file/metadata-text.ts'
import { metadataKey } from '../../src/iceberg/file/versions.ts'
import { noLog } from '../../src/log.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { CatalogFixture } from './catalog.ts'

/** The catalog contract's fixture for a file catalog in a storage; `root` is what its metadata call that. */
export const fileCatalogIn = (storage: Storage, root: string): CatalogFixture => ({
  connect: () => createFileCatalog({ storage, root, log: noLog }),
  async scribble({ identifier, metadata }, name, value) {
    const key = `${identifier.namespace.join('/')}/${identifier.name}`
    const version = (await readHint(storage, key)) ?? 1
    const scribbled = { ...metadata, [name]: value }
    await storage.put(metadataKey(key, version), metadataBytes(scribbled))
  },
})
