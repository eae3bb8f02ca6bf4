/** Whether a storage compares before it swaps: what a table's whole history hangs on. */
import { equalBytes } from '../../bytes.ts'
import type { Storage, TaggedObjects } from '../../storage/storage.ts'

/** An object that stays, the same for every program: it is made once, and no start after that may make it again. */
export const probeKey = '_otlp2parquet/compare-and-swap'

/** Another, which is made once and never replaced: R2 counts the writes to a key. */
export const tagProbeKey = '_otlp2parquet/replace-by-tag'

/** Puts side by side. */
const probes = 4

/**
 * Tries it: of several conditional puts side by side one may create the object, where it is not there yet, and one after
 * them must not. Storages are known that take the condition and ignore it. Where it is there, as at every later start, one
 * put tells as much as many, and R2 counts the writes to a key.
 * @throws what the storage does when it cannot be asked
 */
export const comparesAndSwaps = async (storage: Storage): Promise<boolean> => {
  if (!storage.capabilities.conditionalPut) return false
  const put = (text: string) =>
    storage.put(probeKey, new TextEncoder().encode(text), { ifNoneMatch: '*' })
  const before = await storage.get(probeKey)
  if (before !== null)
    return (await put(crypto.randomUUID())) === 'exists' && stays(storage, probeKey, before)
  const texts: string[] = Array.from({ length: probes }, () => crypto.randomUUID())
  const results = await Promise.all(texts.map(put))
  const created = texts.filter((_, i) => results[i] === 'created')
  if (created.length > 1 || (await put(crypto.randomUUID())) === 'created') return false
  const standing = await storage.get(probeKey)
  const text = standing === null ? '' : new TextDecoder().decode(standing)
  return created.length === 0 ? !texts.includes(text) && text !== '' : text === created[0]
}

/** Whether what stood is still there: a storage may say that it put nothing, and put it. */
const stays = async (storage: Storage, key: string, before: Uint8Array): Promise<boolean> => {
  const standing = await storage.get(key)
  return standing !== null && equalBytes(standing, before)
}

/**
 * Whether a storage that gives tags minds them: it must not replace what has another tag than it is told. Tried beside the
 * other proof it takes a start no longer.
 * @throws what the storage does when it cannot be asked
 */
export const mindsTags = async (storage: Storage): Promise<boolean> => {
  const { tagged } = storage
  if (tagged === undefined) return false
  const before = (await tagged.get(tagProbeKey)) ?? (await makeProbe(tagged, storage))
  if (before === null) return false
  const result = await tagged.replace(tagProbeKey, otherTag(before.tag), randomBytes())
  return result === 'changed' && stays(storage, tagProbeKey, before.bytes)
}

const makeProbe = async (tagged: TaggedObjects, storage: Storage) => {
  await storage.put(tagProbeKey, randomBytes(), { ifNoneMatch: '*' })
  return tagged.get(tagProbeKey)
}

const randomBytes = (): Uint8Array => new TextEncoder().encode(crypto.randomUUID())

/** A tag of the same form that is none of this object's. */
const otherTag = (tag: string): string => tag.replace(/\w/g, (digit) => (digit === '0' ? '1' : '0'))
