import { IngestError, NotImplementedError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { inTime, systemClock } from '../retry.ts'
import { slowStorage } from '../waiting.ts'
import { createFileCatalog, type FileCatalog, type FileCatalogOptions } from './catalog.ts'
import { comparesAndSwaps, mindsTags } from './compare-and-swap.ts'

/**
 * Milliseconds for which a start waits for the storage's answer. A storage that is slow has a start ended by its platform
 * (Lambda gives an init 10 s), which begins it again at the cost of a request.
 */
const startMs = 5_000

/**
 * Opens a file catalog once it has been seen that its storage compares before it swaps. A storage that cannot be asked now, or
 * does not answer soon, is waited for, or asked again, before the first table is loaded: until then nothing can be changed.
 * Tags are used once it has been seen that it minds them, which nothing waits for after the start.
 * @throws IngestError `unavailable` when it does not, or says that it cannot
 */
export const openFileCatalog = async (options: FileCatalogOptions): Promise<FileCatalog> => {
  const { storage, log } = options
  let isMindful = false
  const trusted: Storage = {
    ...storage,
    get tagged() {
      return isMindful ? storage.tagged : undefined
    },
  }
  const catalog = createFileCatalog({ ...options, storage: trusted })
  let proof: Promise<void> | null = null
  const proven = (): Promise<void> => {
    proof ??= prove(options).catch((error: unknown) => {
      if (!isDisproof(error)) proof = null
      throw error
    })
    return proof
  }
  const soon = systemClock.signal(Date.now() + startMs)
  const trial = triedTags(options).then((minds) => {
    isMindful = minds
  })
  await inTime(proven(), soon, slowStorage).catch((error: unknown) => {
    if (isDisproof(error)) throw error
    log('error', 'the storage cannot be asked whether it compares before it swaps', { error })
  })
  await inTime(trial, soon, () => {})
  return {
    ...catalog,
    load: async (identifier) => {
      await proven()
      return catalog.load(identifier)
    },
    create: async (identifier, creation) => {
      await proven()
      return catalog.create(identifier, creation)
    },
    ready: async () => {
      await storage.ready()
      await proven()
    },
  }
}

const prove = async ({ storage }: FileCatalogOptions): Promise<void> => {
  if (!(await comparesAndSwaps(storage))) throw disproof
}

/** Whether tags are minded. Without them a commit takes longer, and that is all: it is no reason to fail, or to ask again. */
const triedTags = ({ storage, log }: FileCatalogOptions): Promise<boolean> =>
  mindsTags(storage).catch((error: unknown) => {
    log('warn', 'the storage cannot be asked whether it minds ETags: commits take a call longer', {
      error,
    })
    return false
  })

const disproof = new IngestError(
  'unavailable',
  'the storage ignores conditions (If-None-Match: *): two writers would overwrite each other, use a REST catalog with it',
)

const isDisproof = (error: unknown): boolean =>
  error === disproof || error instanceof NotImplementedError
