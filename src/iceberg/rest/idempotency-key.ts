import { hex, uuidForm } from '../../bytes.ts'

/** A UUID of version 7 (RFC 9562, 5.7): milliseconds since 1970, then chance. */
export const uuid7 = (now: number): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (40 - 8 * i))
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return uuidForm(hex(bytes))
}
