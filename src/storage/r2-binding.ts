/**
 * As much of a Worker's R2 bucket binding as is used here ("Workers API reference" of R2): Workers' own types would bring the
 * whole platform's along. A call rejects with an `Error` whose message ends with R2's code.
 */
export interface R2Binding {
  head(key: string): Promise<R2ObjectHead | null>
  get(key: string, options?: R2Get): Promise<R2ObjectBody | null>
  /** Null where the condition does not hold. */
  put(key: string, value: Uint8Array, options?: R2Put): Promise<R2ObjectHead | null>
  list(options: { readonly prefix: string; readonly cursor?: string }): Promise<R2Page>
  delete(key: string): Promise<void>
}

export interface R2Get {
  /** Bytes; fewer come where there are fewer. */
  readonly range?: { readonly offset: number; readonly length: number }
}

export interface R2Put {
  /** ETags without quotes, or `*` for any. */
  readonly onlyIf?: { readonly etagMatches: string } | { readonly etagDoesNotMatch: string }
  /** In hex digits; compared with what arrives, and kept. */
  readonly sha256?: string
  readonly customMetadata?: Record<string, string>
}

export interface R2ObjectHead {
  readonly key: string
  /** Bytes of the whole object. */
  readonly size: number
  readonly etag: string
  readonly uploaded: Date
  /** Not in lists. */
  readonly customMetadata?: Record<string, string>
}

export interface R2ObjectBody extends R2ObjectHead {
  arrayBuffer(): Promise<ArrayBuffer>
}

/** Up to 1000 objects, at times fewer even where more follow. */
export interface R2Page {
  readonly objects: readonly R2ObjectHead[]
  readonly truncated: boolean
  /** Where the next page begins. */
  readonly cursor?: string
}
