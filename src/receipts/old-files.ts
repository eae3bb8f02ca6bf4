/**
 * Data files that have waited long. Whoever removes files that no table refers to (S3 Tables does so by itself) may have
 * removed them, or be about to: a table that refers to a file which is not there cannot be read at all.
 */
import type { LoadedTable } from '../iceberg/catalog.ts'
import { pathBeside } from '../iceberg/new-data-file.ts'
import { inTurns } from '../turns.ts'
import { type Debt, hold } from './debt.ts'

/** From this age on a file is looked at first: no removal of files is set to less. */
const lookMs = 3_600_000
/** From this age on it is copied: its removal may have begun. */
const copyMs = 24 * lookMs

/** Requests at once. */
const lanes = 16
/** Copies at once: each holds a file. */
const copyLanes = 2

/** Marks the files that are `gone` of those that have waited long; `held` are those of which that cannot be told. */
export const markGone = async (
  debts: readonly Debt[],
  { io }: LoadedTable,
  now: number,
): Promise<void> => {
  const old = debts.filter(({ receivedAt }) => now - receivedAt >= lookMs)
  const look = async (debt: Debt): Promise<void> => {
    const { file_path: path, file_size_in_bytes: size } = debt.file.dataFile
    const object = await io.head(path)
    if (object !== null && BigInt(object.size) === size) return
    debt.state = 'gone'
    debt.reason = object === null ? 'its data file is gone' : 'its data file has another size'
  }
  await inTurns(old, lanes, (debt) => look(debt).catch((error) => hold(debt, error)))
}

/**
 * Copies the files that may be removed any time to paths that are new; `held` are those for which that failed. A copy that
 * nobody needs does no harm.
 */
export const copyOld = async (
  debts: readonly Debt[],
  { io }: LoadedTable,
  now: number,
): Promise<void> => {
  const old = debts.filter(({ receivedAt }) => now - receivedAt >= copyMs)
  const copy = async (debt: Debt): Promise<void> => {
    const { dataFile } = debt.file
    const bytes = await io.get(dataFile.file_path)
    if (bytes === null) return hold(debt, 'its data file is gone all at once')
    const path = pathBeside(dataFile)
    await io.put(path, bytes, { ifNoneMatch: '*' })
    debt.file = { ...debt.file, dataFile: { ...dataFile, file_path: path } }
  }
  await inTurns(old, copyLanes, (debt) => copy(debt).catch((error) => hold(debt, error)))
}
