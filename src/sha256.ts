import { concatenate, hex } from './bytes.ts'

/**
 * The SHA-256 of several pieces, one after another. A runtime that can hash piece by piece hands
 * in its own: WebCrypto wants one array.
 */
export type Sha256 = (pieces: readonly Uint8Array[]) => Uint8Array | Promise<Uint8Array>

/** WebCrypto's SHA-256, which every runtime has. Several pieces are copied, one is not. */
export const webSha256: Sha256 = async (pieces) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', oneOf(pieces)))

const oneOf = (pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const [only] = pieces
  // No bytes of ours lie in memory that threads share.
  return only !== undefined && pieces.length === 1
    ? (only as Uint8Array<ArrayBuffer>)
    : concatenate(pieces)
}

/** The first `digits` hex digits (lower case) of the SHA-256 of `pieces`. */
export const sha256Hex = async (
  pieces: readonly Uint8Array[],
  digits: number,
  sha256: Sha256 = webSha256,
): Promise<string> => hex(await sha256(pieces)).slice(0, digits)
