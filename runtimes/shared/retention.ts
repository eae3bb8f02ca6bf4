import type { TableIdentifier } from '../../src/iceberg/catalog.ts'
import { mayGoOn, type RetentionOptions, retainTable } from '../../src/iceberg/file/retention.ts'
import type { ReceiptStore } from '../../src/receipts/receipt-store.ts'

const hourMs = 3_600_000

/**
 * Removes what has expired of each table, one after the other, and nothing that a receipt may need; a table that fails is the
 * next round's, and so are those for which there is no time or are no calls.
 */
export const retainTables = async (
  identifiers: readonly TableIdentifier[],
  receipts: ReceiptStore | null,
  options: RetentionOptions,
): Promise<void> => {
  const { clock, log } = options
  for (const identifier of rotatedByHour(identifiers, clock.now())) {
    if (!mayGoOn(options)) {
      const message =
        'what has expired waits for the next round: too little time, or too few calls, are left'
      log('info', message, { table: identifier.name })
      return
    }
    const neededSince = async (tableUuid: string): Promise<number | null> =>
      receipts?.neededSince({ identifier, tableUuid }) ?? null
    await retainTable(identifier, neededSince, options).catch((error: unknown) =>
      log('warn', 'what has expired could not be removed', { table: identifier.name, error }),
    )
  }
}

/** From another one on each hour: a table that takes all there is must not do so each time. */
const rotatedByHour = <T>(all: readonly T[], now: number): T[] => {
  const first = Math.floor(now / hourMs) % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}
