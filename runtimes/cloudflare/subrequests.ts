import type { R2Binding } from '../../src/storage/r2-binding.ts'

/** Calls to other services, which Workers count and limit for each request ("Limits", subrequests). */
export interface Subrequests {
  /** How many there were. */
  made(): number
  /** The same bucket; its calls count. */
  counted(bucket: R2Binding): R2Binding
  /** The platform's `fetch`; its calls count. */
  readonly fetch: typeof fetch
}

/** None yet. */
export const createSubrequests = (): Subrequests => {
  let made = 0
  const one = <T>(call: T): T => {
    made++
    return call
  }
  return {
    made: () => made,
    counted: (bucket) => ({
      head: (key) => one(bucket.head(key)),
      get: (key, options) => one(bucket.get(key, options)),
      put: (key, value, options) => one(bucket.put(key, value, options)),
      list: (options) => one(bucket.list(options)),
      delete: (key) => one(bucket.delete(key)),
    }),
    fetch: (input, init) => one(fetch(input, init)),
  }
}
