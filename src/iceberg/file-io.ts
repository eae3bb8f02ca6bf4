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

/**
 * Opens the storage of a table. `properties` are those that the catalog sent with the table (`s3.access-key-id`, …) and
 * the program's own. `IngestError` `unavailable` when this program cannot reach the location.
 */
export type OpenFileIO = (
  location: string,
  properties: Readonly<Record<string, string>>,
) => FileIO | Promise<FileIO>
