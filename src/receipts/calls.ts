/** What a sweep takes of the calls to a storage or a catalog that a platform allows; what is tried again is not counted in. */
import { callsForFiles } from './old-files.ts'
import type { Receipt } from './receipt.ts'

/** How many calls are still allowed; without it as many as there may be. */
export type CallsLeft = (() => number) | undefined

/** For one receipt of one file: it is read and removed, and its file is looked at, read and put elsewhere once it is old. */
const callsPerReceipt = 5

/** Calls that a commit takes however few receipts it pays, and those around a sweep: its lists, its lease. */
const reservedCalls = 1_000

/** How many receipts can be paid by the calls that are left, as far as can be told before they are read. */
export const affordableReceipts = (callsLeft: CallsLeft): number =>
  callsLeft === undefined
    ? Number.POSITIVE_INFINITY
    : Math.floor((callsLeft() - reservedCalls) / callsPerReceipt)

/**
 * How many of these receipts, which were read, can be paid: the first ones, and one at least, since no later sweep could do more
 * for one that has many files. `now`: milliseconds since 1970.
 */
export const affordableOf = (
  receipts: readonly Receipt[],
  callsLeft: CallsLeft,
  now: number,
): number => {
  if (callsLeft === undefined) return receipts.length
  let left = callsLeft() - reservedCalls
  const first = receipts.findIndex((receipt) => {
    left -= 1 + callsForFiles(receipt, now)
    return left < 0
  })
  return first < 0 ? receipts.length : Math.max(1, first)
}
