/** Tables as a catalog takes and gives them (Iceberg REST catalog specification, `CreateTableRequest`, `LoadTableResult`). */
import { KnownError } from '../../errors.ts'
import type { TableCommit, TableCreation, TableIdentifier } from '../catalog.ts'
import { type TableMetadata, tableMetadata } from '../table-metadata.ts'
import { membersOf } from './answers.ts'
import type { HttpAnswer } from './http.ts'

/** The body that makes a table. At once: several catalogs refuse a table that is first staged. */
export const createTableBody = (name: string, creation: TableCreation): unknown => ({
  name,
  schema: creation.schema,
  'partition-spec': creation.spec,
  'write-order': creation.sortOrder,
  'stage-create': false,
  properties: { 'format-version': '2', ...creation.properties },
})

/** The body of a commit. */
export const commitBody = (
  { namespace, name }: TableIdentifier,
  { requirements, updates }: TableCommit,
): unknown => ({ identifier: { namespace, name }, requirements, updates })

/**
 * The metadata in an answer. It is used as it stands there: what `metadata-location` names is the catalog's.
 * @throws when there is none, or none of format version 2
 */
export const metadataOf = ({ json }: HttpAnswer): TableMetadata => {
  const { metadata } = membersOf(json)
  if (metadata === undefined) throw new KnownError('an answer without metadata')
  const read = tableMetadata(metadata)
  return { ...read, location: read.location.replace(/\/+$/, '') }
}
