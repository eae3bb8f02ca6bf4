/** What a catalog is: it names tables, and swaps a table's metadata for the next. */
import type { FileIO } from './file-io.ts'
import type { PartitionSpec, Schema, SortOrder, TableMetadata } from './table-metadata.ts'
import type { TableRequirement } from './table-requirements.ts'
import type { TableUpdate } from './table-updates.ts'

export interface TableIdentifier {
  readonly namespace: readonly string[]
  readonly name: string
}

/** A table as it was when it was loaded. */
export interface LoadedTable {
  readonly identifier: TableIdentifier
  readonly metadata: TableMetadata
  /** The table's files. */
  readonly io: FileIO
  /** Milliseconds since 1970, taken before the catalog was asked. */
  readonly loadedAt: number
  /** The file of the metadata with which it was loaded, where the catalog tells: it is there then, and need not be later. */
  readonly metadataLocation?: string
  /** Bytes of its metadata, or of the answer in which they came; not every catalog tells. */
  readonly metadataSize?: number
}

/** A table to be. The catalog may give other field ids than the schema's. */
export interface TableCreation {
  readonly schema: Schema
  readonly spec: PartitionSpec
  readonly sortOrder: SortOrder
  readonly properties: Readonly<Record<string, string>>
}

/** A change of a table: it happens whole, and only while every requirement holds. */
export interface TableCommit {
  readonly requirements: readonly TableRequirement[]
  readonly updates: readonly TableUpdate[]
}

/**
 * - `committed`: the table as it is now
 * - `conflict`: nothing changed, a requirement did not hold or somebody else was faster: load again
 * - `throttled`: nothing changed, not tried; wait `retryAfterMs` at least
 * - `unknown`: it may have happened, may still happen or never will: load and look
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly table: LoadedTable }
  | { readonly kind: 'conflict'; readonly reason: string }
  | {
      readonly kind: 'throttled'
      readonly retryAfterMs: number
      readonly reason: string
      /** What an operator may do so that it happens less. */
      readonly advice?: string
    }
  | { readonly kind: 'unknown'; readonly retryAfterMs: number; readonly reason: string }

/** What came of a commit that did not happen, or may not have. */
export type Uncommitted = Exclude<CommitOutcome, { readonly kind: 'committed' }>

export interface CallOptions {
  /** When the caller stops waiting: a call under way is given up. */
  readonly signal?: AbortSignal
}

/**
 * One contract suite for all of them (`test/contracts/catalog.ts`). What fails for a reason that an operator has to mend or
 * that may pass is an `IngestError` `unavailable`.
 */
export interface Catalog {
  /**
   * Milliseconds for which a commit may be built on loaded metadata; without it for ever, because
   * the catalog compares for itself.
   */
  readonly maxMetadataAgeMs?: number
  /** The table, or null when there is none of that name (or no such namespace). */
  load(identifier: TableIdentifier, options?: CallOptions): Promise<LoadedTable | null>
  /** Makes a table, and its namespace; one that is there already is loaded. */
  create(
    identifier: TableIdentifier,
    creation: TableCreation,
    options?: CallOptions,
  ): Promise<LoadedTable>
  /** Changes a table. Never throws for an outcome that it can name. */
  commit(table: LoadedTable, commit: TableCommit, options?: CallOptions): Promise<CommitOutcome>
  /** Resolves when tables could be changed now; an `IngestError` says why not. */
  ready(): Promise<void>
}
