/** What was read lately, by its name; the least recently used goes first. */
export interface Recent<T> {
  /** What is kept, or what `read` gives: once for all who ask meanwhile. What fails, or is not there, is not kept. */
  get(key: string, read: () => Promise<T | null>): Promise<T | null>
  keep(key: string, value: T): void
}

interface Entry<T> {
  readonly value: Promise<T | null>
  readonly weight: number
}

/** Keeps values until they weigh more than `limit` together. */
export const createRecent = <T>(limit: number, weightOf: (value: T) => number): Recent<T> => {
  const kept = new Map<string, Entry<T>>()
  let total = 0

  const drop = (key: string): void => {
    total -= kept.get(key)?.weight ?? 0
    kept.delete(key)
  }
  const add = (key: string, entry: Entry<T>): void => {
    drop(key)
    kept.set(key, entry)
    total += entry.weight
    for (const oldest of kept.keys()) {
      if (total <= limit || oldest === key) break
      drop(oldest)
    }
  }
  const begin = (key: string, read: () => Promise<T | null>): Promise<T | null> => {
    const entry: Entry<T> = { value: read(), weight: 0 }
    add(key, entry)
    const settle = (value: T | null): void => {
      if (kept.get(key) !== entry) return
      if (value === null) drop(key)
      else add(key, { ...entry, weight: weightOf(value) })
    }
    entry.value.then(settle, () => settle(null))
    return entry.value
  }

  return {
    async get(key, read) {
      const entry = kept.get(key)
      if (entry === undefined) return begin(key, read)
      add(key, entry)
      return entry.value
    },
    keep: (key, value) => add(key, { value: Promise.resolve(value), weight: weightOf(value) }),
  }
}
