import { hex, uuidForm } from './bytes.ts'
import { type Sha256, sha256Hex } from './sha256.ts'

/**
 * What makes a resend the same request: the first 128 bits of SHA-256 over the signal, a 0 byte
 * and the body after decompression (some senders compress each attempt anew), as 32 hex digits.
 */
export const requestId = (signal: string, body: Uint8Array, sha256?: Sha256): Promise<string> =>
  sha256Hex([new TextEncoder().encode(`${signal}\0`), body], 32, sha256)

/**
 * The uuid in a data file's name: the first 128 bits of SHA-256 over request id, table and
 * partition, 0 bytes between them. A resend gets the same uuid, and no other file does.
 */
export const fileUuid = async (
  requestId: string,
  table: string,
  partition: string,
  sha256?: Sha256,
): Promise<string> => {
  const name = new TextEncoder().encode(`${requestId}\0${table}\0${partition}`)
  return uuidForm(await sha256Hex([name], 32, sha256))
}

/** A request id that no other request has: equal bodies then are requests of their own. */
export const randomRequestId = (): string => hex(crypto.getRandomValues(new Uint8Array(16)))
