/** What is asked of a catalog, by the names that the specification gives its operations; and of what. */
import type { TableIdentifier } from '../catalog.ts'
import type { Operation } from './config.ts'

export type Asked = Operation | 'getConfig' | 'getToken'

/** In words, after "cannot ". */
export const deeds: Readonly<Record<Asked, string>> = {
  getToken: 'get a token',
  getConfig: 'read the configuration of the catalog',
  createNamespace: 'make a namespace',
  createTable: 'make a table',
  loadTable: 'load a table',
  loadCredentials: "renew the credentials for a table's files",
  updateTable: 'change a table',
}

export interface Question {
  readonly asked: Asked
  /** The namespace or table that it is about. */
  readonly of?: Pick<TableIdentifier, 'namespace'> & Partial<TableIdentifier>
  /** Bytes of the metadata that the table had, where they are known. */
  readonly metadataSize?: number | undefined
}
