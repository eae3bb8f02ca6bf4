/** What a table is owed by a page of receipts: each file once, whatever number of receipts name it. */
import { wordsOf } from '../errors.ts'
import type { LoadedTable } from '../iceberg/catalog.ts'
import { type Look, landed, looksIn } from '../iceberg/landed.ts'
import type { MetadataFiles } from '../iceberg/metadata-files.ts'
import type { NewDataFile } from '../iceberg/new-data-file.ts'
import type { OwedFile, Receipt } from './receipt.ts'

/**
 * - `owed`: may be committed
 * - `held`: may not be, until more is known of its object
 * - `paid`: in the table, or was
 * - `gone`: its object is not there, or is another; `unpayable` for another reason
 */
export type DebtState = 'owed' | 'held' | 'paid' | 'gone' | 'unpayable'

/** A data file that a receipt names. */
export interface Debt {
  readonly requestId: string
  readonly receivedAt: number
  /** The last look at the table that showed none of it. */
  readonly base: Look
  /** Where its rows are; it may be copied on the way. */
  file: OwedFile
  state: DebtState
  /** Why it is held, or cannot be paid; what the operator is told. */
  reason: string
  /** Whether the table may hold it, or have held it, for all that it remembers. */
  uncertain: boolean
}

/** A receipt's files, none of them looked for yet. */
export const debtsOf = ({ files, requestId, receivedAt, ...receipt }: Receipt): Debt[] =>
  files.map((file) => ({
    requestId,
    receivedAt,
    base: { sequence: receipt.baseSequence, snapshotId: receipt.baseSnapshot },
    file,
    state: 'owed',
    reason: '',
    uncertain: false,
  }))

/** Keeps one file's trouble from the others. */
export const hold = (debt: Debt, error: unknown): void => {
  debt.state = 'held'
  debt.reason = wordsOf(error)
}

/** Leaves a file to the next sweep: this one has no time for it. */
export const postpone = (debt: Debt): void => hold(debt, 'there was no time for it yet')

/** The files whose partition spec the table does not have: no manifest can be written for them. */
export const ofUnknownSpecs = (
  debts: readonly Debt[],
  { metadata }: LoadedTable,
): readonly Debt[] => {
  const specs = new Set(metadata['partition-specs'].map((spec) => spec['spec-id']))
  return debts.filter(({ file }) => !specs.has(file.specId))
}

/** Marks those files, but for such as were paid before the spec was removed. */
export const markUnknownSpecs = (debts: readonly Debt[], table: LoadedTable): void => {
  for (const debt of ofUnknownSpecs(debts, table)) {
    if (debt.state === 'paid') continue
    debt.state = 'unpayable'
    debt.reason = `the table has no partition spec ${debt.file.specId}`
  }
}

/**
 * Marks the files that are in the table as it was loaded, or were. Those of whom it cannot remember enough are looked for
 * apart: others are not uncertain because of them.
 */
export const markLanded = async (
  debts: readonly Debt[],
  table: LoadedTable,
  files: MetadataFiles,
): Promise<void> => {
  const { metadata } = table
  const oldest = Math.min(...metadata.snapshots.map((snapshot) => snapshot['sequence-number']))
  const since = looksIn(metadata)
  const { true: known = [], false: forgotten = [] } = Object.groupBy(debts, ({ base }) =>
    String(since(base) >= oldest - 1),
  )
  for (const sought of [known, forgotten]) {
    if (sought.length === 0) continue
    const look = await landed(
      table,
      sought.map(({ file }) => file),
      Math.min(...sought.map(({ base }) => since(base))),
      files,
    )
    for (const debt of sought) {
      if (look.found.has(debt.file.uuid)) debt.state = 'paid'
      else debt.uncertain = !look.conclusive
    }
  }
}

/** Marks whatever else names a file that is in the table now. */
export const markPaid = (debts: readonly Debt[]): void => {
  const paid = new Set(
    debts.filter(({ state }) => state === 'paid').map(({ file: { uuid } }) => uuid),
  )
  for (const debt of debts) if (paid.has(debt.file.uuid)) debt.state = 'paid'
}

/** A debt as the commit rule takes it: its object stands, and `table` is known not to hold it. */
export const standing = (debt: Debt, table: LoadedTable, deadline: number): NewDataFile => ({
  ...debt.file,
  base: table,
  requestId: debt.requestId,
  state: 'ours',
  absentFrom: table,
  uncertain: debt.uncertain,
  written: Promise.resolve(),
  bytes: null,
  deadline,
  settle: () => {
    debt.state = 'paid'
  },
  // It is still owed: the next sweep looks first.
  fail: (error) => {
    debt.reason = wordsOf(error)
  },
})
