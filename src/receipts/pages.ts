/** The list of what is owed, in pages of one table each. */
import type { ListedReceipt, ReceiptStore } from './receipt-store.ts'

/** Receipts of one table. */
export type Page = readonly [ListedReceipt, ...ListedReceipt[]]

/** Bytes of receipts in one page: all of them are in memory at once, decoded. */
const maxBytes = 16 * 1024 * 1024

/** Tables are told apart by their uuids: one that was made anew is another. */
export const tableOf = ({ table, tableUuid }: ListedReceipt): string => `${table} ${tableUuid}`

/** All that is owed, from a key on, and then what is before it. */
export async function* startingAt(
  begin: string,
  store: ReceiptStore,
): AsyncGenerator<ListedReceipt> {
  for await (const receipt of store.owed()) if (receipt.key >= begin) yield receipt
  if (begin === '') return
  for await (const receipt of store.owed()) if (receipt.key < begin) yield receipt
}

/** `maxReceipts`: of a table's next page; asked when it begins. */
export async function* pagesOf(
  list: AsyncIterable<ListedReceipt>,
  maxReceipts: (table: string) => number,
): AsyncGenerator<Page> {
  let page: [ListedReceipt, ...ListedReceipt[]] | null = null
  let [bytes, most] = [0, 0]
  for await (const receipt of list) {
    const isNext =
      page !== null &&
      (tableOf(page[0]) !== tableOf(receipt) ||
        page.length >= most ||
        bytes + receipt.size > maxBytes)
    if (page !== null && isNext) {
      yield page
      page = null
    }
    if (page === null) {
      page = [receipt]
      most = maxReceipts(tableOf(receipt))
      bytes = 0
    } else page.push(receipt)
    bytes += receipt.size
  }
  if (page !== null) yield page
}
