/** A new snapshot's id: 63 random bits, never 0. */
export const randomSnapshotId = (): bigint => {
  const [bits = 0n] = crypto.getRandomValues(new BigUint64Array(1))
  return BigInt.asUintN(63, bits) || 1n
}
