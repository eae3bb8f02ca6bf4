/** Pays a page of one table's receipts in one commit, by the commit rule. */

import { ThrottledError } from '../errors.ts'
import type { LoadedTable } from '../iceberg/catalog.ts'
import { type CommitContext, commitWaiting } from '../iceberg/commit.ts'
import { looksIn } from '../iceberg/landed.ts'
import { halfwayTo } from '../iceberg/retry.ts'
import {
  type Debt,
  debtsOf,
  markLanded,
  markPaid,
  markUnknownSpecs,
  ofUnknownSpecs,
  standing,
} from './debt.ts'
import { loadAgain } from './indebted-table.ts'
import { copyOld, markGone } from './old-files.ts'
import type { OwedFile, Receipt } from './receipt.ts'

/** What became of a receipt. */
export type Payment =
  | { readonly kind: 'paid' }
  | Unpayable
  /** It may be later. */
  | { readonly kind: 'owed'; readonly reason: string; readonly hindrance: Hindrance | null }

/**
 * - `failed`: what is owed could have been committed, and was not
 * - `throttled`: the catalog is asked too often, whatever is to be committed
 */
export type Hindrance = 'failed' | 'throttled'

/** It never can be, by what is there now. */
export interface Unpayable {
  readonly kind: 'unpayable'
  /** What the operator is told. */
  readonly reason: string
  readonly advice?: string
  /** Its files, where some of them are in the table all the same. */
  readonly files?: { readonly inTable: readonly OwedFile[]; readonly others: readonly OwedFile[] }
}

/** A commit that takes longer than this is left to the next sweep. */
const commitMs = 60_000

/**
 * What became of each of `receipts`, all of `table` as it was loaded. `until`: milliseconds since 1970, when nothing more is
 * begun. `unavailable` where nothing is known of any.
 */
export const pay = async (
  receipts: readonly Receipt[],
  table: LoadedTable,
  until: number,
  context: CommitContext,
): Promise<readonly Payment[]> => {
  const owing = receipts.map(debtsOf)
  const throttled = await payDebts(owing.flat(), table, until, context)
  return owing.map((debts) => paymentOf(debts, throttled))
}

/** Every debt is `paid` afterwards, cannot be, or is `owed` still. What is returned: that the catalog is asked too often. */
const payDebts = async (
  debts: readonly Debt[],
  loaded: LoadedTable,
  until: number,
  context: CommitContext,
): Promise<ThrottledError | null> => {
  const { clock } = context
  // What takes long leaves half of the time to what comes after: a part that is paid is better than nothing.
  await markGone(debts, loaded, halfwayTo(until, clock), clock)
  const since = looksIn(loaded.metadata)
  const isDoubtful =
    debts.some(({ state, base }) => state === 'gone' || since(base) < base.sequence) ||
    ofUnknownSpecs(debts, loaded).length > 0
  // A file may have been paid, and compacted away since; what was loaded may be old. Only a look after that tells.
  const table = isDoubtful ? await loadAgain(loaded, until, context) : loaded
  await markLanded(debts, table, context.files)
  markPaid(debts)
  markUnknownSpecs(debts, table)
  await copyOld(debts.filter(isOwed), table, halfwayTo(until, clock), clock)
  const deadline = Math.min(until, clock.now() + commitMs)
  const files = debts.filter(isOwed).map((debt) => standing(debt, table, deadline))
  const take = () => files.splice(0)
  // Set aside is what another receipt names, too: any of them will do.
  const waiting = { take, any: () => files.length > 0, aside: () => {}, isDue: () => true }
  if (files.length === 0) return null
  // What it throws, the files were told: they are owed.
  const failure: unknown = await commitWaiting(waiting, table, context).then(
    () => null,
    (error: unknown) => error,
  )
  markPaid(debts)
  return failure instanceof ThrottledError ? failure : null
}

const isOwed = ({ state }: Debt): boolean => state === 'owed'

const paymentOf = (debts: readonly Debt[], throttled: ThrottledError | null): Payment => {
  const waits = debts.find(({ state }) => state === 'owed' || state === 'held')
  if (waits !== undefined) {
    const reason = waits.reason || (throttled?.message ?? 'the table could not be changed in time')
    const hindrance = !debts.some(isOwed) ? null : throttled === null ? 'failed' : 'throttled'
    return { kind: 'owed', reason, hindrance }
  }
  const { true: paid = [], false: lost = [] } = Object.groupBy(debts, ({ state }) =>
    String(state === 'paid'),
  )
  if (lost.length === 0) return { kind: 'paid' }
  const reasons = [...Map.groupBy(lost, ({ reason }) => reason)]
  return {
    kind: 'unpayable',
    reason: reasons.map(([reason, all]) => `${reason}: ${all.map(pathOf).join(', ')}`).join('; '),
    ...(paid.length > 0 && { files: { inTable: paid.map(fileOf), others: lost.map(fileOf) } }),
  }
}

const fileOf = ({ file }: Debt): OwedFile => file

const pathOf = ({ file }: Debt): string => file.dataFile.file_path
