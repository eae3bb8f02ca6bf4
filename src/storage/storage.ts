/** Objects under keys. One interface, one contract test (`test/contracts/storage.ts`). */

/** What a storage can do beyond get and put. Capabilities are data: nobody asks a storage's type. */
export interface Capabilities {
  /** `put` with `ifNoneMatch: '*'` is atomic: of many at once exactly one creates. */
  readonly conditionalPut: boolean
  readonly list: boolean
  readonly delete: boolean
}

/** `exists`: an object stood at this key already and was left as it was. */
export type PutResult = 'created' | 'exists'

export interface ObjectInfo {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/**
 * Keys are `/`-separated, never empty, without empty, `.` or `..` segments; every other character is allowed.
 * Whatever fails for a reason that may pass (disk full, throttled, refused) is an `IngestError` of kind `unavailable`.
 */
export interface Storage {
  readonly capabilities: Capabilities
  /** Writes an object whole or not at all, durable when the promise resolves. Without `ifNoneMatch` it replaces. */
  put(key: string, bytes: Uint8Array, options?: { ifNoneMatch?: '*' }): Promise<PutResult>
  /** The object's bytes, or null where there is none. */
  get(key: string): Promise<Uint8Array | null>
  /** What is known of an object without its bytes, or null where there is none. */
  head(key: string): Promise<ObjectInfo | null>
  /** Every object whose key starts with `prefix`, in bytewise key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>
  /** Removes an object; none there is no error. */
  delete(key: string): Promise<void>
  /** Resolves when objects could be written now; an `IngestError` says why not. */
  ready(): Promise<void>
}
