import type { Catalog, LoadedTable } from '../../src/iceberg/catalog.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'

/** Metadata by the uuids of their tables: values alone, which every request may have. */
export type SharedMetadata = Map<string, TableMetadata>

/**
 * A catalog that answers each time with metadata of its own, before requests that each have one: those of one version are held
 * once by all of them, for as long as it is the last that anyone has seen.
 */
export const sharingMetadata = (catalog: Catalog, shared: SharedMetadata): Catalog => {
  const held = (table: LoadedTable): LoadedTable => {
    const { metadata } = table
    const known = shared.get(metadata['table-uuid'])
    if (known !== undefined && isVersion(known, metadata)) return { ...table, metadata: known }
    shared.set(metadata['table-uuid'], metadata)
    return table
  }
  return {
    ...catalog,
    async load(identifier, options) {
      const table = await catalog.load(identifier, options)
      return table && held(table)
    },
    create: async (identifier, creation, options) =>
      held(await catalog.create(identifier, creation, options)),
    async commit(table, change, options) {
      const outcome = await catalog.commit(table, change, options)
      return outcome.kind === 'committed' ? { ...outcome, table: held(outcome.table) } : outcome
    },
  }
}

/** Each change of a table adds where it was before to the log (Iceberg table specification, "Table Metadata"). */
const isVersion = (one: TableMetadata, other: TableMetadata): boolean =>
  versionOf(one) === versionOf(other)

const versionOf = (metadata: TableMetadata): string => {
  const before = metadata['metadata-log']?.at(-1)?.['metadata-file']
  const { length } = metadata.snapshots
  return [metadata['last-updated-ms'], metadata['last-sequence-number'], length, before].join()
}
