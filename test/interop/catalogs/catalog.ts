/** What a client has to know of an Iceberg REST catalog and of the S3 that its tables lie in. */

/** An S3 server and what opens it. */
export interface S3Access {
  /** `http://127.0.0.1:…`; buckets stand in the path. */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
}

/** How requests to a catalog are authorized; `sigv4` with the keys of its `s3`. */
export type CatalogAuth =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'sigv4'; readonly service: string }

/** A catalog that runs. */
export interface RestCatalog {
  /** What stands before `/v1/config`. */
  readonly uri: string
  /** The warehouse to ask `/v1/config` for, when it wants one. */
  readonly warehouse?: string
  readonly auth: CatalogAuth
  /** Where its tables are, when not in the machine's own file system. */
  readonly s3?: S3Access
  /** Its tables have no metadata files: the catalog alone knows what would be in them. */
  readonly withoutMetadataFiles?: true
  /** Ends the server; nothing of it remains. */
  stop(): Promise<void>
}
