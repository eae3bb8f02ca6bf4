import type { TableIdentifier } from '../../src/iceberg/catalog.ts'
import { type RetentionOptions, retainTable } from '../../src/iceberg/file/retention.ts'

/** Removes what has expired of each table, one after the other; a table that fails is the next round's. */
export const retainTables = async (
  identifiers: readonly TableIdentifier[],
  options: RetentionOptions,
): Promise<void> => {
  for (const identifier of identifiers) {
    await retainTable(identifier, null, options).catch((error: unknown) =>
      options.log('warn', 'what has expired could not be removed', {
        table: identifier.name,
        error,
      }),
    )
  }
}
