/** The files of tables, under the paths by which metadata names them (`s3://bucket/key`, `file:///folder/file`). */
import type { ObjectInfo, PutOptions, PutResult } from '../storage/storage.ts'

export interface FileIO {
  /** As `Storage.put`, which see. */
  put(path: string, bytes: Uint8Array, options?: PutOptions): Promise<PutResult>
  /** The file's bytes, or null where there is none. */
  get(path: string): Promise<Uint8Array | null>
  /** The object's size, or null where there is none; `key` is the storage's. */
  head(path: string): Promise<ObjectInfo | null>
}

/** What a catalog sent with a table: `s3.access-key-id`, `client.region`, …, and what the program itself set. */
export type FileProperties = Readonly<Record<string, string>>

/**
 * The properties as they are now, with credentials that have not expired; `refused`: the storage refused those given last.
 * `unavailable` when there are no others.
 */
export type CurrentFileProperties = (options?: {
  readonly refused?: boolean
}) => Promise<FileProperties>

/**
 * Opens the storage of a table. `current` is there where properties can expire. `IngestError` `unavailable` when this
 * program cannot reach the location.
 */
export type OpenFileIO = (
  location: string,
  properties: FileProperties,
  current?: CurrentFileProperties,
) => FileIO | Promise<FileIO>
