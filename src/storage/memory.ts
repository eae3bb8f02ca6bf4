import { hex } from '../bytes.ts'
import { checkKey, checkPrefix, compareKeys } from './key.ts'
import type { ObjectInfo, PutOptions, PutResult, Storage } from './storage.ts'

export type Operation = 'put' | 'get' | 'head' | 'list' | 'delete' | 'ready'

/** Called around an operation: it may wait, and what it throws is what the caller sees. */
export type Hook = (operation: Operation, key: string) => void | Promise<void>

export interface MemoryOptions {
  /** Before anything happens: throwing here is a request that never arrived. */
  readonly before?: Hook
  /** After it happened: throwing here is an answer that was lost. */
  readonly after?: Hook
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Objects in memory: nothing outlives the process. The double in tests, faults included. */
export const createMemoryStorage = ({
  before,
  after,
  now = Date.now,
}: MemoryOptions = {}): Storage => {
  const objects = new Map<string, Stored>()

  const around: Around = async (operation, key, act) => {
    await before?.(operation, key)
    const result = act()
    await after?.(operation, key)
    return result
  }

  const put = (key: string, bytes: Uint8Array, options?: PutOptions): PutResult => {
    if (options?.ifNoneMatch === '*' && objects.has(key)) return 'exists'
    objects.set(key, { bytes: bytes.slice(), modifiedAt: now() })
    return 'created'
  }

  const head = (key: string): ObjectInfo | null => {
    const found = objects.get(key)
    return found === undefined
      ? null
      : { key, size: found.bytes.length, modifiedAt: found.modifiedAt }
  }

  const keysWith = (prefix: string): string[] =>
    [...objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys)

  return {
    capabilities: { conditionalPut: true, list: true, delete: true },
    tagged: tagsOf(objects, put, around),
    async put(key, bytes, options) {
      checkKey(key)
      return around('put', key, () => put(key, bytes, options))
    },
    async get(key, { range } = {}) {
      checkKey(key)
      return around(
        'get',
        key,
        () => objects.get(key)?.bytes.slice(range?.start, range?.end) ?? null,
      )
    },
    async head(key) {
      checkKey(key)
      return around('head', key, () => head(key))
    },
    async *list(prefix) {
      checkPrefix(prefix)
      for (const key of await around('list', prefix, () => keysWith(prefix))) {
        const info = head(key)
        if (info !== null) yield info
      }
    },
    async delete(key) {
      checkKey(key)
      await around('delete', key, () => objects.delete(key))
    },
    ready: () => around('ready', '', () => undefined),
  }
}

interface Stored {
  readonly bytes: Uint8Array
  readonly modifiedAt: number
}

type Around = <T>(operation: Operation, key: string, act: () => T) => Promise<T>

/** Tags as S3's, which are hashes: what is put again has the one that it had. */
const tagsOf = (
  objects: ReadonlyMap<string, Stored>,
  put: (key: string, bytes: Uint8Array) => void,
  around: Around,
): NonNullable<Storage['tagged']> => {
  const get = (key: string) => {
    const bytes = objects.get(key)?.bytes
    return bytes === undefined ? null : { bytes: bytes.slice(), tag: hex(bytes) }
  }
  const replace = (key: string, tag: string, bytes: Uint8Array): 'replaced' | 'changed' => {
    if (get(key)?.tag !== tag) return 'changed'
    put(key, bytes)
    return 'replaced'
  }
  return {
    async get(key) {
      checkKey(key)
      return around('get', key, () => get(key))
    },
    async replace(key, tag, bytes) {
      checkKey(key)
      return around('put', key, () => replace(key, tag, bytes))
    },
  }
}
