/** What readers of Iceberg tables are asked and what they answer, in one form for all of them. */
import type { RestCatalog, S3Access } from '../catalogs/catalog.ts'
import type { Filter } from '../filters.ts'
import type { Row } from '../rows.ts'

/** A table in a catalog. */
export interface CatalogTable {
  readonly catalog: RestCatalog
  readonly namespace: string
  readonly name: string
}

/**
 * Where a table is: its newest metadata file, its folder with a version hint, or a catalog that knows it.
 * Paths are absolute, or `s3://` with the server that has them.
 */
export type TableRef =
  | { readonly metadata: string; readonly s3?: S3Access }
  | { readonly folder: string; readonly s3?: S3Access }
  | CatalogTable

/** One table to read, and the rows to look for in it. */
export interface Question {
  readonly table: TableRef
  /** Columns are named as the table names them. */
  readonly filters?: readonly Filter[]
}

/** The rows that a filter lets pass. */
export interface Filtered {
  /** `requestid:requestrow` of each, sorted, joined by commas. */
  readonly keys: string
  /** How many data files were planned to be read; null when the reader does not say. */
  readonly fileCount: number | null
  /** Which these are; null when the reader does not say. */
  readonly files: readonly string[] | null
}

export interface Answer {
  /** The type of each column in the tables' words (`json` is a string). */
  readonly types: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
  /** What the reader counts without reading rows, where it can. */
  readonly count: number
  readonly filtered: readonly Filtered[]
  /** What in the table does not agree with what else, of a reader that looks for it. */
  readonly problems?: readonly string[]
}

export interface IcebergReader {
  /** Reads tables, one answer for each question. */
  readonly read: (questions: readonly Question[]) => Promise<Answer[]>
}
