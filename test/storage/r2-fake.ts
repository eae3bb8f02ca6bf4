/** An R2 binding in memory that fails on demand, with R2's own messages. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { compareKeys } from '../../src/storage/key.ts'
import type { R2Binding, R2ObjectBody, R2ObjectHead, R2Put } from '../../src/storage/r2-binding.ts'

/** What R2 says ("Error codes"), with `put: ` or the like before it and the code after it. */
export const messages = {
  10001: 'We encountered an internal error. Please try again.',
  10003: 'Access Denied',
  10006: 'The specified bucket does not exist.',
  10012: 'Your metadata headers exceed the maximum allowed metadata size.',
  10020: 'The specified object name is not valid.',
  10037: 'The SHA-256 checksum you specified did not match what we received.',
  10039: 'The requested range is not satisfiable',
  10042: 'Please enable R2 through the Cloudflare Dashboard.',
  10043: 'Service temporarily unavailable.',
  10054: 'The client disconnected before the request completed.',
  10058: 'Reduce your concurrent request rate for the same object.',
  10069: 'The object is locked by the bucket policy.',
} as const

/** A code of R2's, or the whole message of another's. */
export type Failure = keyof typeof messages | string

export interface Fault {
  readonly failure: Failure
  /** The call is carried out, and its answer lost. */
  readonly late?: true
  /** Happens before the answer is lost. */
  readonly meanwhile?: () => void
}

export interface R2Fake {
  readonly bucket: R2Binding
  readonly objects: Map<string, Uint8Array>
  /** Every call: the operation and the key, or the prefix. */
  readonly calls: string[]
  /** What the next calls meet, one after the other, then nothing. */
  readonly faults: (Fault | undefined)[]
  /** Objects on a page; 0 at times, as R2 may. */
  pageSizes: number[]
  /** Stores an object as others would. */
  readonly store: (key: string, bytes: Uint8Array) => void
}

const errorOf = (operation: string, failure: Failure): Error =>
  new Error(
    typeof failure === 'string' ? failure : `${operation}: ${messages[failure]} (${failure})`,
  )

interface Stored extends R2ObjectHead {
  readonly bytes: Uint8Array
}

/** An empty one that does not fail. */
export const createR2Fake = (): R2Fake => {
  const stored = new Map<string, Stored>()
  const calls: string[] = []
  const faults: (Fault | undefined)[] = []
  let puts = 0

  const around = async <T>(operation: string, key: string, act: () => T): Promise<T> => {
    calls.push(`${operation} ${key}`)
    // As any call to elsewhere, it gives others their turn.
    await setImmediate()
    const fault = faults.shift()
    if (fault !== undefined && !fault.late) throw errorOf(operation, fault.failure)
    const result = act()
    fault?.meanwhile?.()
    if (fault !== undefined) throw errorOf(operation, fault.failure)
    return result
  }

  const store = (key: string, bytes: Uint8Array, customMetadata: Record<string, string> = {}) => {
    const object = { key, size: bytes.length, etag: `e${puts++}`, uploaded: new Date() }
    const whole: Stored = { ...object, customMetadata, bytes: bytes.slice() }
    stored.set(key, whole)
    return whole
  }

  const put = (key: string, bytes: Uint8Array, { onlyIf, sha256, customMetadata }: R2Put = {}) => {
    const standing = stored.get(key)
    const { etagMatches = null, etagDoesNotMatch = null } = { ...onlyIf } as Record<string, string>
    if (etagMatches !== null && standing?.etag !== etagMatches) return null
    if (etagDoesNotMatch === '*' && standing !== undefined) return null
    const hash = createHash('sha256').update(bytes).digest('hex')
    if (sha256 !== undefined && sha256 !== hash) throw errorOf('put', 10037)
    return store(key, bytes, customMetadata)
  }

  const fake: R2Fake = {
    calls,
    faults,
    pageSizes: [],
    get objects() {
      return new Map([...stored].map(([key, { bytes }]) => [key, bytes]))
    },
    store,
    bucket: {
      head: (key) => around('head', key, () => stored.get(key) ?? null),
      put: (key, bytes, options) => around('put', key, () => put(key, bytes, options)),
      get: (key, { range } = {}) =>
        around('get', key, () => {
          const object = stored.get(key)
          if (object === undefined) return null
          const { offset = 0, length = object.size } = range ?? {}
          if (range !== undefined && offset >= object.size) throw errorOf('get', 10039)
          return bodyOf(object, object.bytes.slice(offset, offset + length))
        }),
      list: ({ prefix, cursor }) =>
        around('list', prefix, () => {
          const keys = [...stored.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys)
          const from = Number(cursor ?? 0)
          const end = from + (fake.pageSizes.shift() ?? 1000)
          const objects = keys.slice(from, end).flatMap((key) => stored.get(key) ?? [])
          return end < keys.length
            ? { objects, truncated: true, cursor: String(end) }
            : { objects, truncated: false }
        }),
      delete: (key) => around('delete', key, () => void stored.delete(key)),
    },
  }
  return fake
}

const bodyOf = (head: R2ObjectHead, bytes: Uint8Array<ArrayBuffer>): R2ObjectBody => ({
  ...head,
  arrayBuffer: async () => bytes.buffer,
})
