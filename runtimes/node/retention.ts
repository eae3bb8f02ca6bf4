import type { TableIdentifier } from '../../src/iceberg/catalog.ts'
import { type RetentionOptions, retainTable } from '../../src/iceberg/file/retention.ts'
import type { Log } from '../../src/log.ts'

/** Milliseconds from one round of retention to the next, on average. */
const intervalMs = 600_000

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

/**
 * Does something now and then for as long as the program runs, never twice at once; programs that were started together
 * drift apart. Keeps no program running.
 */
export const nowAndThen = (act: () => Promise<void>, log: Log, everyMs = intervalMs): void => {
  const next = () => {
    setTimeout(round, everyMs * (0.5 + Math.random())).unref()
  }
  const round = () =>
    act()
      .catch((error: unknown) => log('error', 'a round of retention failed', { error }))
      .finally(next)
  next()
}
