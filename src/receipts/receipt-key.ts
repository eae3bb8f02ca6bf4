/**
 * Where receipts are. `_receipts/owed/{namespace}.{table}/{table uuid}/{request id}-{base sequence}-{digest}.json`; those
 * that cannot be paid below `_receipts/quarantine/` instead, so that a list of what is owed does not pass them.
 *
 * The digest is of the receipt's bytes: a key never stands for other bytes than those that somebody read there, and
 * whoever removes a receipt that he paid cannot remove another that came to its place meanwhile.
 */
import { percentEncoded } from '../bytes.ts'
import type { TableIdentifier } from '../iceberg/catalog.ts'
import { type Sha256, sha256Hex } from '../sha256.ts'
import { type Receipt, receiptBytes } from './receipt.ts'

/** What all receipts that are owed begin with. */
export const owedPrefix = '_receipts/owed/'

/** What all receipts begin with that could not be paid. */
export const quarantinePrefix = '_receipts/quarantine/'

/** Never there: who may touch nothing but receipts in a bucket can ask by it whether the bucket is ready. */
export const readyKey = '_receipts/.ready'

/** What a key says without the receipt. */
export interface ReceiptKey {
  readonly key: string
  /** `{namespace}.{table}`, with all but letters, digits, `_` and `-` as `%XX`. */
  readonly table: string
  readonly tableUuid: string
  readonly requestId: string
  readonly baseSequence: number
  /** Of the receipt's bytes. */
  readonly digest: string
}

/** What a table's receipts begin with. */
export const tablePrefix = ({
  identifier: { namespace, name },
  tableUuid,
}: Pick<Receipt, 'identifier' | 'tableUuid'>): string =>
  `${owedPrefix}${[...namespace, name].map(escaped).join('.')}/${escaped(tableUuid)}/`

/** A receipt's key and bytes. */
export const sealed = async (
  receipt: Receipt,
  sha256?: Sha256,
): Promise<{ key: string; bytes: Uint8Array }> => {
  const bytes = receiptBytes(receipt)
  const digest = await digestOf(bytes, sha256)
  const { requestId, baseSequence } = receipt
  return { key: `${tablePrefix(receipt)}${requestId}-${baseSequence}-${digest}.json`, bytes }
}

/** What a key says of a receipt's bytes: 16 hex digits. */
export const digestOf = (bytes: Uint8Array, sha256?: Sha256): Promise<string> =>
  sha256Hex([bytes], 16, sha256)

const form =
  /^_receipts\/(?:owed|quarantine)\/([^/]+)\/([^/]+)\/([0-9a-f]{32})-(\d+)-([0-9a-f]{16})\.json$/

/** What a key says; null when it is none of a receipt. */
export const readKey = (key: string): ReceiptKey | null => {
  const [, table = '', tableUuid = '', requestId = '', base = '', digest = ''] =
    form.exec(key) ?? []
  if (table === '') return null
  return { key, table, tableUuid, requestId, baseSequence: Number(base), digest }
}

/** The table of a receipt that is owed, by its key; null where the key was made by hand, and names none. */
export const identifierOf = (key: string): TableIdentifier | null => {
  const [escapedTable = ''] = key.slice(owedPrefix.length).split('/')
  try {
    const levels = escapedTable.split('.').map(decodeURIComponent)
    return { namespace: levels.slice(0, -1), name: levels.at(-1) ?? '' }
  } catch {
    return null
  }
}

/** Where a receipt goes that cannot be paid. */
export const quarantineKey = (key: string): string =>
  `${quarantinePrefix}${key.slice(owedPrefix.length)}`

const encoder = new TextEncoder()

const escaped = (text: string): string =>
  text.replace(/[^A-Za-z0-9_-]/gu, (char) =>
    Array.from(encoder.encode(char), percentEncoded).join(''),
  )
