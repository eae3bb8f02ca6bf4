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
 * Opens the storage of a table. `renew` asks the catalog for properties with new credentials, before the old ones expire or
 * after they were refused; it is there where credentials come from the catalog. `IngestError` `unavailable` when this
 * program cannot reach the location.
 */
export type OpenFileIO = (
  location: string,
  properties: FileProperties,
  renew?: () => Promise<FileProperties>,
) => FileIO | Promise<FileIO>
