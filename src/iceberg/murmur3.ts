const c1 = 0xcc9e2d51
const c2 = 0x1b873593

/**
 * The 32-bit Murmur3 hash of bytes, x86 variant, seed 0, as a signed integer (Iceberg table specification, Appendix B,
 * "32-bit Hash Requirements").
 */
export const murmur3 = (bytes: Uint8Array): number => {
  const { length } = bytes
  const whole = length & ~3
  let hash = 0
  for (let i = 0; i < whole; i += 4) {
    hash ^= scrambled(fourBytes(bytes, i))
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  // Behind the end bytes are 0, and so is what becomes of them.
  if (whole < length) hash ^= scrambled(fourBytes(bytes, whole))
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Little-endian. */
const fourBytes = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24)

const scrambled = (word: number): number => {
  const product = Math.imul(word, c1)
  return Math.imul((product << 15) | (product >>> 17), c2)
}
