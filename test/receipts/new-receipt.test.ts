// Protects the way from a file that was put to its receipt: the look that it counts from was taken before, and nothing is owed
// that does not stand.
import { beforeEach, expect, it } from 'vitest'
import type { LoadedTable } from '../../src/iceberg/catalog.ts'
import { beginWrite, makeOurs, type NewDataFile } from '../../src/iceberg/new-data-file.ts'
import { newReceipt } from '../../src/receipts/new-receipt.ts'
import { identifier } from '../faults/model/lake.ts'
import { fileOf, keyOf } from '../iceberg/table-lab.ts'
import { requestIdOf } from '../tools/append-request.ts'
import { createReceiptLab, type ReceiptLab } from './receipt-lab.ts'

let lab: ReceiptLab
beforeEach(async () => {
  lab = await createReceiptLab()
})

const loaded = async (): Promise<LoadedTable> => {
  const table = await lab.catalog.load(identifier)
  if (table === null) throw new Error('no table')
  return table
}

const put = async (n: number, table: LoadedTable): Promise<NewDataFile> => {
  const file: NewDataFile = {
    ...fileOf(n),
    base: table,
    requestId: requestIdOf(n),
    state: 'writing',
    absentFrom: null,
    uncertain: false,
    written: Promise.resolve(),
    deadline: Number.POSITIVE_INFINITY,
    settle() {},
    fail() {},
  }
  beginWrite(file, table)
  await file.written
  return file
}

const request = (n: number) => ({ requestId: requestIdOf(n), receivedAt: lab.world.now() })

it('counts from the look before the file was put', async () => {
  await lab.sendIn()(1)
  const before = await loaded()
  await lab.sendIn()(2)
  const file = await put(3, before)
  const receipt = newReceipt(before, [file], request(3))
  expect([receipt.baseSequence, receipt.tableUuid]).toEqual([1, before.metadata['table-uuid']])
  expect(receipt.baseSnapshot).toBe(before.metadata['current-snapshot-id'])
  await lab.store.write(receipt)
  await lab.swept()
  expect(await lab.files()).toEqual([1, 2, 3].map(keyOf))
  expect((await lab.sendIn()(3))[0]).toBe('duplicate')
})

it('counts from the beginning where the object stood before', async () => {
  await lab.sendIn()(1)
  const table = await loaded()
  const file = await put(1, table)
  expect(() => newReceipt(table, [file], request(1))).toThrow('no object')
  await makeOurs(file, table, lab.world.now())
  await lab.store.write(newReceipt(table, [file], request(1)))
  expect(await lab.swept()).toMatchObject({ paid: 1 })
  expect([lab.snapshots(), await lab.files()]).toEqual([1, [keyOf(1)]])
})

it('is refused for an object that does not stand', async () => {
  const table = await loaded()
  const failing = { ...table, io: { ...table.io, put: () => Promise.reject(new Error('full')) } }
  const file = await put(1, failing)
  expect(() => newReceipt(table, [file], request(1))).toThrow('no object')
})
