/** The receipts in a storage that can list. */
import { IngestError } from '../errors.ts'
import type { Sha256 } from '../sha256.ts'
import type { Storage } from '../storage/storage.ts'
import { type Receipt, readReceipt } from './receipt.ts'
import {
  digestOf,
  owedPrefix,
  quarantineKey,
  quarantinePrefix,
  type ReceiptKey,
  readKey,
  sealed,
  tablePrefix,
} from './receipt-key.ts'

/** A receipt as a list shows it. */
export interface ListedReceipt extends ReceiptKey {
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970 by the storage's own clock; not all tell. */
  readonly modifiedAt?: number
}

/** Whatever fails is an `IngestError` of kind `unavailable`, as with the storage. */
export interface ReceiptStore {
  /** Writes a receipt: once it resolves, a sweep is going to pay it. */
  write(receipt: Receipt): Promise<void>
  /** Whether receipts that are owed name files of all these uuids: an earlier attempt of the request got that far. */
  owes(
    receipt: Pick<Receipt, 'identifier' | 'tableUuid' | 'requestId'>,
    uuids: readonly string[],
  ): Promise<boolean>
  /** What is owed, table by table. `stranger`: told of the key of each object there that is no receipt of this version. */
  owed(stranger?: (key: string) => void): AsyncIterable<ListedReceipt>
  /** What cannot be paid. */
  quarantined(): AsyncIterable<ListedReceipt>
  /** A receipt's bytes; null when it was paid meanwhile. */
  read(key: string): Promise<Uint8Array | null>
  /** Whether bytes are those that a receipt was written with. */
  isWhole(receipt: Pick<ReceiptKey, 'digest'>, bytes: Uint8Array): Promise<boolean>
  /**
   * Puts a receipt aside, or what is `left` of it, and says under which key. Wherever that ends before it is done, the receipt is
   * still owed.
   */
  quarantine(key: string, bytes: Uint8Array, left?: Receipt): Promise<string>
  /** Removes a receipt that was paid. */
  remove(key: string): Promise<void>
  /**
   * The lowest sequence number after which somebody is still going to look for files of a table: whatever forgets its
   * snapshots has to keep those after it. Null when nothing is owed.
   */
  neededSince(table: Pick<Receipt, 'identifier' | 'tableUuid'>): Promise<number | null>
}

/** What is said of a list that was not waited for any longer. */
export const slowList = (): IngestError =>
  new IngestError('unavailable', 'receipts cannot be listed: the storage takes too long')

/** Opens the receipts of a storage. `sha256`: the runtime's own, where it has one. */
export const createReceiptStore = (storage: Storage, sha256?: Sha256): ReceiptStore => {
  async function* list(
    prefix: string,
    stranger?: (key: string) => void,
  ): AsyncGenerator<ListedReceipt> {
    for await (const { key, size, modifiedAt } of storage.list(prefix)) {
      const read = readKey(key)
      if (read !== null) yield { ...read, size, ...(modifiedAt !== undefined && { modifiedAt }) }
      // An object for a folder, as consoles make it, is nobody's.
      else if (!key.endsWith('/')) stranger?.(key)
    }
  }
  return {
    async write(receipt) {
      const { key, bytes } = await sealed(receipt, sha256)
      // `exists`: an earlier put of ours, whose answer was lost.
      await storage.put(key, bytes, { ifNoneMatch: '*' })
    },
    async owes(receipt, uuids) {
      const missing = new Set(uuids)
      for await (const { key } of list(`${tablePrefix(receipt)}${receipt.requestId}-`)) {
        const bytes = await storage.get(key)
        const read = bytes && readReceipt(bytes)
        if (read?.kind !== 'receipt') continue
        for (const { uuid } of read.receipt.files) missing.delete(uuid)
        if (missing.size === 0) return true
      }
      return missing.size === 0
    },
    owed: (stranger) => list(owedPrefix, stranger),
    quarantined: () => list(quarantinePrefix),
    read: (key) => storage.get(key),
    isWhole: async ({ digest }, bytes) => (await digestOf(bytes, sha256)) === digest,
    async quarantine(key, bytes, left) {
      const whole = { key, bytes }
      const { key: owedKey, bytes: aside } = left === undefined ? whole : await sealed(left, sha256)
      await storage.put(quarantineKey(owedKey), aside, { ifNoneMatch: '*' })
      await storage.delete(key)
      return quarantineKey(owedKey)
    },
    remove: (key) => storage.delete(key),
    async neededSince(table) {
      let lowest: number | null = null
      for await (const { baseSequence } of list(tablePrefix(table))) {
        lowest = Math.min(lowest ?? baseSequence, baseSequence)
      }
      return lowest
    },
  }
}
