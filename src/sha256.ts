/** The first `digits` hex digits (lower case) of the SHA-256 of `bytes`. */
export const sha256Hex = async (
  bytes: Uint8Array<ArrayBuffer>,
  digits: number,
): Promise<string> => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  let hex = ''
  for (const byte of digest) hex += byte.toString(16).padStart(2, '0')
  return hex.slice(0, digits)
}
