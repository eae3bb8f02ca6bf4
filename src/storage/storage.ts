/** Objects under keys. One interface, one contract test (`test/contracts/storage.ts`). */

/** What a storage can do beyond get and put. Capabilities are data: nobody asks a storage's type. */
export interface Capabilities {
  /** `put` with `ifNoneMatch: '*'` is atomic: of many at once exactly one creates. */
  readonly conditionalPut: boolean
  readonly list: boolean
  readonly delete: boolean
}

/**
 * `exists`: a whole object stood at this key already and was left as it was. It is as durable as
 * if this call had written it.
 */
export type PutResult = 'created' | 'exists'

export interface PutOptions {
  /** `*`: only where no object stands yet (RFC 9110, 13.1.2). Without it an object is replaced. */
  readonly ifNoneMatch?: '*'
  /** True: after a power failure the object may be the one before, or empty. For what can be found out again. */
  readonly volatile?: boolean
}

export interface GetOptions {
  /** Only these bytes, as far as there are any: the first, and the one after the last. */
  readonly range?: { readonly start: number; readonly end: number }
}

/** An object and its tag, which is another when its bytes are; the same bytes may have the same again (RFC 9110, 8.8.3). */
export interface TaggedObject {
  readonly bytes: Uint8Array
  readonly tag: string
}

/** Objects that are replaced as they were seen, or not at all. */
export interface TaggedObjects {
  /** The object as it is, or null where there is none. */
  get(key: string): Promise<TaggedObject | null>
  /**
   * Replaces an object while it is still the one of this tag (`If-Match`), atomically: of many at once with the same tag one
   * does. `changed`: another stands there, or none, and was left as it was.
   */
  replace(key: string, tag: string, bytes: Uint8Array): Promise<'replaced' | 'changed'>
}

export interface ObjectInfo {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970 by the storage's own clock: when it was written. */
  readonly modifiedAt?: number
}

/**
 * What a key is says `key.ts`; a key that is none is refused as `internal`, because keys are ours.
 * No key may be a folder of another (`a` and `a/b`): a file system cannot hold both.
 * Whatever fails for a reason that may pass (disk full, throttled, refused) is an `IngestError` of
 * kind `unavailable`.
 */
export interface Storage {
  readonly capabilities: Capabilities
  /** Not everywhere: POSIX file systems have no such call, and a promise that cannot be kept is none. */
  readonly tagged?: TaggedObjects | undefined
  /**
   * Writes an object whole or not at all, durable when the promise resolves. After an error the
   * object may stand or not, but whole if it does. `bytes` must not change until then.
   */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<PutResult>
  /** The object's bytes, or null where there is none. */
  get(key: string, options?: GetOptions): Promise<Uint8Array | null>
  /** What is known of an object without its bytes, or null where there is none. */
  head(key: string): Promise<ObjectInfo | null>
  /** Every object whose key starts with `prefix` (any start of a key), in bytewise key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>
  /** Removes an object; none there is no error. After a power failure it may stand again. */
  delete(key: string): Promise<void>
  /** Resolves when objects could be written now; an `IngestError` says why not. */
  ready(): Promise<void>
}
