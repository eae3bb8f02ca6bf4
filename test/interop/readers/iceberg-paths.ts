/** The paths of Iceberg tables, for readers that know no catalogs, no folders or no hints. */
import { readFile } from 'node:fs/promises'
import { AwsClient } from 'aws4fetch'
import type { RestCatalog, S3Access } from '../catalogs/catalog.ts'
import type { CatalogTable, Question, TableRef } from './iceberg.ts'

/** The same question with a folder's newest metadata file said; a catalog's table stays as it is. */
export const byMetadata = async ({ table, filters = [] }: Question): Promise<Question> => {
  if (!('folder' in table)) return { table, filters }
  const hint = `${table.folder}/metadata/version-hint.text`
  const version = table.s3 ? await getObject(table.s3, hint) : await readFile(hint, 'utf8')
  const metadata = `${table.folder}/metadata/v${version.trim()}.metadata.json`
  return { table: { metadata, ...(table.s3 && { s3: table.s3 }) }, filters }
}

const getObject = async (s3: S3Access, url: string): Promise<string> => {
  const client = new AwsClient({ ...s3, service: 's3', retries: 0 })
  const response = await client.fetch(`${s3.endpoint}/${url.slice('s3://'.length)}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`cannot get ${url}: ${text}`)
  return text
}

/** A table's folder, its newest metadata file, and the S3 that both are in. */
export interface TablePaths {
  readonly folder: string
  readonly metadata: string
  readonly s3?: S3Access
}

/** The paths of any table, without `file:`. */
export const pathsOf = async (reference: TableRef): Promise<TablePaths> => {
  const { table } = await byMetadata({ table: reference })
  if ('metadata' in table)
    return { ...table, folder: table.metadata.replace(/\/metadata\/[^/]*$/, '') }
  if ('folder' in table) throw new Error(`no metadata file in ${table.folder}`)
  const loaded = await loadTable(table)
  const { s3 } = table.catalog
  return {
    folder: withoutScheme(loaded.metadata.location),
    metadata: withoutScheme(loaded['metadata-location']),
    ...(s3 && { s3 }),
  }
}

const withoutScheme = (path: string): string => path.replace(/^file:\/*(?=\/)/, '')

interface LoadedTable {
  readonly 'metadata-location': string
  readonly metadata: { readonly location: string }
  readonly config?: Readonly<Record<string, string>>
}

/** What a catalog says of a table, asked with further headers. */
export const loadTable = async (
  { catalog, namespace, name }: CatalogTable,
  headers: Readonly<Record<string, string>> = {},
): Promise<LoadedTable> =>
  getJson(`${await root(catalog)}/namespaces/${namespace}/tables/${name}`, headers)

interface Configuration {
  readonly defaults: { readonly prefix?: string }
  readonly overrides: { readonly prefix?: string }
}

/** What stands before `/namespaces`. */
const root = async ({ uri, warehouse }: RestCatalog): Promise<string> => {
  const query = warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(warehouse)}`
  const config = await getJson<Configuration>(`${uri}/v1/config${query}`)
  const prefix = config.overrides.prefix ?? config.defaults.prefix
  return prefix === undefined ? `${uri}/v1` : `${uri}/v1/${prefix}`
}

const getJson = async <T>(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> => {
  const response = await fetch(url, { headers })
  const text = await response.text()
  if (!response.ok) throw new Error(`cannot get ${url}: ${text}`)
  return JSON.parse(text) as T
}
