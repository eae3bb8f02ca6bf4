/**
 * Data files that have waited long. Whoever removes files that no table refers to (S3 Tables does so by itself) may have
 * removed them, or be about to: a table that refers to a file which is not there cannot be read at all.
 */
import type { LoadedTable } from '../iceberg/catalog.ts'
import { pathBeside, removableMs } from '../iceberg/new-data-file.ts'
import type { Clock } from '../iceberg/retry.ts'
import { inTurns } from '../turns.ts'
import { type Debt, hold, postpone } from './debt.ts'
import type { Receipt } from './receipt.ts'

/** From this age on a file is copied: its removal may have begun. */
const copyMs = 86_400_000

/** Calls for a receipt's files, at most: each is looked at, read and put elsewhere. `now`: milliseconds since 1970. */
export const callsForFiles = ({ files, receivedAt }: Receipt, now: number): number => {
  const age = now - receivedAt
  return files.length * (Number(age >= removableMs) + 2 * Number(age >= copyMs))
}

/** Requests at once. */
const lanes = 16
/** Copies at once, while they are small. */
const copyLanes = 32
/** Bytes that they hold: two at once, if they are larger. */
const copyBytes = 32 * 1024 * 1024

/**
 * Marks the files that are `gone` of those that have waited long; `held` are those of which that cannot be told, or not before
 * `until` (milliseconds since 1970).
 */
export const markGone = async (
  debts: readonly Debt[],
  { io }: LoadedTable,
  until: number,
  clock: Clock,
): Promise<void> => {
  const old = agedBy(removableMs, debts, clock)
  const look = async (debt: Debt): Promise<void> => {
    const { file_path: path, file_size_in_bytes: size } = debt.file.dataFile
    const object = await io.head(path)
    if (object !== null && BigInt(object.size) === size) return
    debt.state = 'gone'
    debt.reason = object === null ? 'its data file is gone' : 'its data file has another size'
  }
  await inTurns(old, lanes, (debt) => unlessLate(until, debt, look, clock))
}

/**
 * Copies the files that may be removed any time to paths that are new, one of those that have the same uuid; `held` are those
 * for which that failed, for which no time was left `until` then, or of which another is copied. A copy that nobody needs does
 * no harm.
 */
export const copyOld = async (
  debts: readonly Debt[],
  { io }: LoadedTable,
  until: number,
  clock: Clock,
): Promise<void> => {
  const old = agedBy(copyMs, debts, clock)
  const copy = async (debt: Debt): Promise<void> => {
    const { dataFile } = debt.file
    const bytes = await io.get(dataFile.file_path)
    if (bytes === null) return hold(debt, 'its data file is gone all at once')
    const path = copyPath(dataFile.file_path, clock.now())
    // `exists`: it was copied by a sweep that could not commit it, a while ago at most.
    await io.put(path, bytes, { ifNoneMatch: '*' })
    debt.file = { ...debt.file, dataFile: { ...dataFile, file_path: path } }
  }
  const alike = [...Map.groupBy(old, ({ file: { uuid } }) => uuid).values()]
  const copyOne = async (group: readonly Debt[]): Promise<void> => {
    let isCopied = false
    for (const debt of group) {
      if (isCopied) hold(debt, 'another receipt names it, too')
      else {
        await unlessLate(until, debt, copy, clock)
        isCopied = debt.state === 'owed'
      }
    }
  }
  await inTurns(alike, lanesFor(old), copyOne)
}

/** So long, in milliseconds, sweeps copy a file to the same path: less than it takes until somebody removes the copy. */
const samePathMs = removableMs / 2

/** The path of a file's copy: for a while that of every sweep, and always of the same object, so of the same bytes. */
const copyPath = (path: string, now: number): string =>
  pathBeside(
    path,
    Math.floor(now / samePathMs)
      .toString(16)
      .padStart(8, '0'),
  )

/** Two at once would take longer than it takes for as many small files to come. */
const lanesFor = (debts: readonly Debt[]): number => {
  const sizes = debts.map(({ file }) => Number(file.dataFile.file_size_in_bytes))
  const largest = sizes.reduce((most, size) => Math.max(most, size), 1)
  return Math.max(2, Math.min(copyLanes, Math.floor(copyBytes / largest)))
}

const agedBy = (ms: number, debts: readonly Debt[], { now }: Clock): readonly Debt[] =>
  debts.filter(({ receivedAt }) => now() - receivedAt >= ms)

/** Holds a debt whose work fails, or would begin too late. */
const unlessLate = async (
  until: number,
  debt: Debt,
  work: (debt: Debt) => Promise<void>,
  clock: Clock,
): Promise<void> => {
  if (clock.now() >= until) postpone(debt)
  else await work(debt).catch((error) => hold(debt, error))
}
