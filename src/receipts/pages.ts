/** What is owed, oldest first, in pages of one table each. */
import type { ListedReceipt } from './receipt-store.ts'

/** Receipts of one table. */
export type Page = readonly [ListedReceipt, ...ListedReceipt[]]

/** Bytes of receipts in one page: all of them are in memory at once, decoded. */
const maxBytes = 16 * 1024 * 1024

/** Tables are told apart by their uuids: one that was made anew is another. */
export const tableOf = ({ table, tableUuid }: ListedReceipt): string => `${table} ${tableUuid}`

/** Receipts by table, the table with the oldest first, and each table's oldest first. */
export interface Backlog {
  readonly tables: readonly Page[]
  /** Whether the list was read to its end. */
  readonly whole: boolean
  /** What kept it from that, where it broke off. */
  readonly failure?: unknown
  /** Whether some were left out. */
  readonly more: boolean
}

/** Of each table the youngest that was met; nothing that is not younger is met again. */
export type Met = ReadonlyMap<string, ListedReceipt>

/**
 * The oldest of a list, which comes in the order of keys: those say nothing of age. Of a table with more than `most` the
 * youngest are left out, so that a long list takes no more memory than that; of no table because of another's. `mayBegin`: asked
 * when something is owed at all; where it says no, nothing more is listed. `met`: by what came of it before.
 * @throws what listing throws, where nothing of it was met, now or before
 */
export const oldestFirst = async (
  list: AsyncIterable<ListedReceipt>,
  most: number,
  mayBegin: () => Promise<boolean>,
  met: Met = new Map(),
): Promise<Backlog> => {
  const tables = new Map<string, [ListedReceipt, ...ListedReceipt[]]>()
  let [more, hasBegun] = [false, false]
  let failure: unknown
  const cut = (receipts: ListedReceipt[]): void => {
    receipts.sort(byAge)
    if (receipts.length <= most) return
    receipts.length = most
    more = true
  }
  try {
    for await (const receipt of list) {
      if (!hasBegun && !(await mayBegin())) return { tables: [], whole: false, more: false }
      hasBegun = true
      const last = met.get(tableOf(receipt))
      if (last !== undefined && byAge(receipt, last) <= 0) continue
      const receipts = tables.get(tableOf(receipt))
      if (receipts === undefined) tables.set(tableOf(receipt), [receipt])
      else if (receipts.push(receipt) >= 2 * most) cut(receipts)
    }
  } catch (error) {
    // What was listed can be paid all the same.
    if (tables.size + met.size === 0) throw error
    failure = error
  }
  for (const receipts of tables.values()) cut(receipts)
  const ordered = [...tables.values()].sort(([a], [b]) => byAge(a, b))
  return { tables: ordered, whole: failure === undefined, failure, more }
}

/** Where a storage does not tell when they were written, or they were at once, in the order of keys. */
const byAge = (a: ListedReceipt, b: ListedReceipt): number =>
  (a.modifiedAt ?? 0) - (b.modifiedAt ?? 0) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** The same tables in the same order, from one on; from the first, where that is not among them. */
export const startingAt = (name: string, tables: readonly Page[]): readonly Page[] => {
  const at = Math.max(
    0,
    tables.findIndex(([first]) => tableOf(first) === name),
  )
  return [...tables.slice(at), ...tables.slice(0, at)]
}

/**
 * The same without those that rest. `asleep`: tables of which all rest, where nobody has to wait for them; `left`: what rests
 * beside others of its table.
 */
export const restingApart = (
  tables: readonly Page[],
  isResting: (key: string) => boolean,
): {
  readonly awake: readonly Page[]
  readonly asleep: readonly Page[]
  readonly left: readonly ListedReceipt[]
} => {
  const [awake, asleep, left]: [Page[], Page[], ListedReceipt[]] = [[], [], []]
  for (const receipts of tables) {
    // Each is asked about once: the rest of one may end meanwhile.
    const { true: resting = [], false: others = [] } = Object.groupBy(receipts, ({ key }) =>
      String(isResting(key)),
    )
    const [first, ...more] = others
    if (first === undefined) asleep.push(receipts)
    else {
      awake.push([first, ...more])
      left.push(...resting)
    }
  }
  return { awake, asleep, left }
}

/**
 * A page of each table, then the next of each: one table's backlog is not what others wait for. `maxReceipts`: of a table's
 * next page; asked when it begins.
 */
export function* pagesOf(
  tables: readonly Page[],
  maxReceipts: (table: string) => number,
): Generator<Page> {
  let queues = tables.map((receipts) => ({ receipts, next: 0 }))
  while (queues.length > 0) {
    for (const queue of queues) {
      const { receipts, next } = queue
      const end = endOfPage(receipts, next, maxReceipts(tableOf(receipts[0])))
      queue.next = end
      yield receipts.slice(next, end) as unknown as Page
    }
    queues = queues.filter(({ receipts, next }) => next < receipts.length)
  }
}

/** After a page that begins there: one receipt at least. */
const endOfPage = (receipts: Page, begin: number, most: number): number => {
  let [end, bytes] = [begin, 0]
  do bytes += receipts[end++]?.size ?? 0
  while (
    end < receipts.length &&
    end - begin < most &&
    bytes + (receipts[end]?.size ?? 0) <= maxBytes
  )
  return end
}
