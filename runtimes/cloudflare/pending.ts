import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io.ts'
import type { Storage, TaggedObjects } from '../../src/storage/storage.ts'

/** What is under way of a request, its answer aside: attempts that were given up, too. */
export interface Pending {
  /** The same promise, which counts until it is settled. */
  add<T>(work: Promise<T>): Promise<T>
  none(): boolean
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

/** Nothing yet. */
export const createPending = (): Pending => {
  const under = new Set<Promise<unknown>>()
  return {
    add(work) {
      under.add(work)
      const done = () => void under.delete(work)
      work.then(done, done)
      return work
    },
    none: () => under.size === 0,
    async settled() {
      while (under.size > 0) await Promise.allSettled(under)
    },
  }
}

/** A storage whose calls count. */
export const watchedStorage = (storage: Storage, { add }: Pending): Storage => ({
  ...storage,
  tagged: storage.tagged && watchedTags(storage.tagged, add),
  put: (key, bytes, options) => add(storage.put(key, bytes, options)),
  get: (key, options) => add(storage.get(key, options)),
  head: (key) => add(storage.head(key)),
  delete: (key) => add(storage.delete(key)),
  ready: () => add(storage.ready()),
})

const watchedTags = (tagged: TaggedObjects, add: Pending['add']): TaggedObjects => ({
  get: (key) => add(tagged.get(key)),
  replace: (key, tag, bytes) => add(tagged.replace(key, tag, bytes)),
})

/** A table's files, whose calls count. */
export const watchedFiles = (files: FileIO, { add }: Pending): FileIO => ({
  put: (path, bytes, options) => add(files.put(path, bytes, options)),
  get: (path) => add(files.get(path)),
  head: (path) => add(files.head(path)),
})

/** A catalog whose calls count; those for the files of its tables are a storage's. */
export const watchedCatalog = <C extends Catalog>(catalog: C, { add }: Pending): C => ({
  ...catalog,
  load: (identifier, options) => add(catalog.load(identifier, options)),
  create: (identifier, creation, options) => add(catalog.create(identifier, creation, options)),
  commit: (table, change, options) => add(catalog.commit(table, change, options)),
  ready: () => add(catalog.ready()),
})
