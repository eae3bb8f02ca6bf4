/** Pays a page of one table's receipts in one commit, by the commit rule. */

import { IngestError } from '../errors.ts'
import type { Catalog, LoadedTable, TableIdentifier } from '../iceberg/catalog.ts'
import { type CommitContext, commitWaiting } from '../iceberg/commit.ts'
import { inTime } from '../iceberg/retry.ts'
import { type Debt, debtsOf, markLanded, markPaid, markUnknownSpecs, standing } from './debt.ts'
import { copyOld, markGone } from './old-files.ts'
import type { Receipt } from './receipt.ts'

/** What became of a receipt. */
export type Payment =
  | { readonly kind: 'paid' }
  /** It never can be; what the operator is told. */
  | { readonly kind: 'unpayable'; readonly reason: string }
  /** It may be later. */
  | { readonly kind: 'owed'; readonly reason: string }

/** A call that the whole sweep waits for. */
const callMs = 10_000

/** A commit that takes longer than this is left to the next sweep. */
const commitMs = 60_000

/**
 * What became of each of `receipts`, all of one table. `deadline`: milliseconds since 1970, when no more attempts are made.
 * `unavailable` where nothing is known of any.
 */
export const pay = async (
  receipts: readonly Receipt[],
  deadline: number,
  context: CommitContext,
): Promise<readonly Payment[]> => {
  const [first] = receipts
  if (first === undefined) return []
  const { identifier, tableUuid } = first
  const table = await load(identifier, context)
  const reason = notOurs(table, tableUuid)
  if (table === null || reason !== null) {
    // A table that is gone may come back; one that was made anew never is the old one.
    const kind = table === null ? 'owed' : 'unpayable'
    return receipts.map(() => ({ kind, reason: reason ?? '' }))
  }
  const owing = receipts.map(debtsOf)
  await payDebts(owing.flat(), table, deadline, context)
  return owing.map(paymentOf)
}

const notOurs = (table: LoadedTable | null, tableUuid: string): string | null => {
  if (table === null) return 'the table is gone'
  return table.metadata['table-uuid'] === tableUuid ? null : 'the table was made anew'
}

const load = (
  identifier: TableIdentifier,
  { catalog, clock }: Pick<CommitContext, 'clock'> & { readonly catalog: Catalog },
): Promise<LoadedTable | null> => {
  const signal = clock.signal(clock.now() + callMs)
  return inTime(catalog.load(identifier, { signal }), signal, () =>
    Promise.reject(new IngestError('unavailable', 'the catalog takes too long to load a table')),
  )
}

/** Every debt is `paid` afterwards, cannot be, or is `owed` still. */
const payDebts = async (
  debts: readonly Debt[],
  loaded: LoadedTable,
  deadline: number,
  context: CommitContext,
): Promise<void> => {
  const { clock } = context
  markUnknownSpecs(debts, loaded)
  const known = debts.filter(isOwed)
  await markGone(known, loaded, clock.now())
  const isOneGone = known.some(({ state }) => state === 'gone')
  // It may have been paid, and compacted away since: only a look after that tells.
  const table = isOneGone ? await load(loaded.identifier, context) : loaded
  if (table === null || notOurs(table, loaded.metadata['table-uuid']) !== null) {
    throw new IngestError('unavailable', 'the table was made anew meanwhile')
  }
  await markLanded(known, table, context.files)
  markPaid(debts)
  await copyOld(known.filter(isOwed), table, clock.now())
  const until = Math.min(deadline, clock.now() + commitMs)
  const files = known.filter(isOwed).map((debt) => standing(debt, table, until))
  const take = () => files.splice(0)
  // Set aside is what another receipt names, too: any of them will do.
  const waiting = { take, any: () => files.length > 0, aside: () => {}, isDue: () => true }
  // What it throws, the files were told: they are owed.
  if (files.length > 0) await commitWaiting(waiting, table, context).catch(() => {})
  markPaid(debts)
}

const isOwed = ({ state }: Debt): boolean => state === 'owed'

const paymentOf = (debts: readonly Debt[]): Payment => {
  const waits = debts.find(({ state }) => state === 'owed' || state === 'held')
  if (waits !== undefined) {
    return { kind: 'owed', reason: waits.reason || 'the table could not be changed in time' }
  }
  const lost = debts.find(({ state }) => state !== 'paid')
  if (lost === undefined) return { kind: 'paid' }
  return { kind: 'unpayable', reason: `${lost.reason}: ${lost.file.dataFile.file_path}` }
}
