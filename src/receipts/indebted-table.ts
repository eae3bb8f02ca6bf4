/** The table that receipts are for, as it is now. */
import { IngestError } from '../errors.ts'
import type { LoadedTable, TableIdentifier } from '../iceberg/catalog.ts'
import type { CommitContext } from '../iceberg/commit.ts'
import { inTime } from '../iceberg/retry.ts'

/** A call that the whole sweep waits for, in milliseconds. */
const callMs = 10_000

/** `gone`: it may come back. `anew`: another is in its place, and never is the old one. */
export type IndebtedTable = LoadedTable | 'gone' | 'anew'

/** What is at a table's name. `tableUuid`: of the table that receipts are for; `until`: milliseconds since 1970. */
export const loadIndebted = async (
  identifier: TableIdentifier,
  tableUuid: string,
  until: number,
  context: Pick<CommitContext, 'catalog' | 'clock'>,
): Promise<IndebtedTable> => {
  const first = await load(identifier, until, context)
  if (first === null || isOf(first, tableUuid)) return first ?? 'gone'
  // A catalog may answer from an old copy once, and show the table that was there before. Where it does so for longer, young
  // receipts wait.
  const second = await load(identifier, until, context)
  if (second === null) return 'gone'
  return isOf(second, tableUuid) ? second : 'anew'
}

/** A younger look at a table; `unavailable` when it is not there any more. */
export const loadAgain = async (
  { identifier, metadata }: LoadedTable,
  until: number,
  context: Pick<CommitContext, 'catalog' | 'clock'>,
): Promise<LoadedTable> => {
  const table = await load(identifier, until, context)
  if (table !== null && isOf(table, metadata['table-uuid'])) return table
  throw new IngestError('unavailable', 'the table was taken away meanwhile')
}

const isOf = ({ metadata }: LoadedTable, tableUuid: string): boolean =>
  metadata['table-uuid'] === tableUuid

const load = (
  identifier: TableIdentifier,
  until: number,
  { catalog, clock }: Pick<CommitContext, 'catalog' | 'clock'>,
): Promise<LoadedTable | null> => {
  const signal = clock.signal(Math.min(until, clock.now() + callMs))
  return inTime(catalog.load(identifier, { signal }), signal, () =>
    Promise.reject(new IngestError('unavailable', 'the catalog takes too long to load a table')),
  )
}
