import type { TableIdentifier } from '../../src/iceberg/catalog.ts'
import { type RetentionOptions, retainTable } from '../../src/iceberg/file/retention.ts'
import type { ReceiptStore } from '../../src/receipts/receipt-store.ts'

/**
 * Removes what has expired of each table, one after the other, and nothing that a receipt may need; a table that fails is the
 * next round's.
 */
export const retainTables = async (
  identifiers: readonly TableIdentifier[],
  receipts: ReceiptStore | null,
  options: RetentionOptions,
): Promise<void> => {
  for (const identifier of identifiers) {
    const neededSince = async (tableUuid: string): Promise<number | null> =>
      receipts?.neededSince({ identifier, tableUuid }) ?? null
    await retainTable(identifier, neededSince, options).catch((error: unknown) =>
      options.log('warn', 'what has expired could not be removed', {
        table: identifier.name,
        error,
      }),
    )
  }
}
