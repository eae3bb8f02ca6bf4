// Protects the memory of whoever copies files that have waited long, and his time: many at once while they are small.
import { expect, it } from 'vitest'
import type { LoadedTable } from '../../src/iceberg/catalog.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import { debtsOf } from '../../src/receipts/debt.ts'
import { copyOld } from '../../src/receipts/old-files.ts'
import type { Receipt } from '../../src/receipts/receipt.ts'
import { owedFile } from './receipt-lab.ts'

const megabyte = 2 ** 20

/** The most copies that were under way at once, of 64 files. */
const copiesAtOnce = async (size: number): Promise<number> => {
  let [underWay, most] = [0, 0]
  const io = {
    async get() {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setImmediate(resolve))
      return new Uint8Array()
    },
    put: async () => void underWay--,
  }
  const files = Array.from({ length: 64 }, (_, n) => {
    const file = owedFile(n)
    return { ...file, dataFile: { ...file.dataFile, file_size_in_bytes: BigInt(size) } }
  })
  const debts = debtsOf({
    files,
    requestId: '',
    receivedAt: 0,
    baseSequence: 0,
  } as unknown as Receipt)
  await copyOld(debts, { io } as unknown as LoadedTable, Number.POSITIVE_INFINITY, systemClock)
  expect(debts.map(({ state }) => state)).toEqual(debts.map(() => 'owed'))
  return most
}

it.each([
  ['small ones', 1000, 32],
  ['of 4 MiB', 4 * megabyte, 8],
  ['larger than all may be together', 64 * megabyte, 2],
])('files are copied so many at once: %s', async (_, size, expected) => {
  expect(await copiesAtOnce(size)).toBe(expected)
})
