/** What readers of Iceberg tables are asked and what they answer, in one form for all of them. */
import { readFile } from 'node:fs/promises'
import { AwsClient } from 'aws4fetch'
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
  /** The data files that were planned to be read; null when the reader does not say. */
  readonly files: readonly string[] | null
}

export interface Answer {
  /** The type of each column in the tables' words (`json` is a string). */
  readonly types: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
  /** What the reader counts without reading rows, where it can. */
  readonly count: number
  readonly filtered: readonly Filtered[]
}

export interface IcebergReader {
  /** Whether it can read such a table at all. */
  readonly reads: (table: TableRef) => boolean
  /** Reads tables, one answer for each question. */
  readonly read: (questions: readonly Question[]) => Promise<Answer[]>
}

/** The newest metadata file of a table that is no catalog's. */
export const metadataFile = async (table: Exclude<TableRef, CatalogTable>): Promise<string> => {
  if ('metadata' in table) return table.metadata
  const hint = `${table.folder}/metadata/version-hint.text`
  const version = table.s3 ? await getObject(table.s3, hint) : await readFile(hint, 'utf8')
  return `${table.folder}/metadata/v${version.trim()}.metadata.json`
}

const getObject = async (s3: S3Access, url: string): Promise<string> => {
  const client = new AwsClient({ ...s3, service: 's3', retries: 0 })
  const response = await client.fetch(`${s3.endpoint}/${url.slice('s3://'.length)}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`cannot get ${url}: ${text}`)
  return text
}

/** The same question with the table named by its metadata file, for readers that know neither folders nor hints. */
export const byMetadata = async ({ table, filters = [] }: Question): Promise<Question> =>
  'catalog' in table
    ? { table, filters }
    : { table: { ...table, metadata: await metadataFile(table) }, filters }
